"""What the docstrings of all metrics share, written once."""

from collections.abc import Mapping

from sklearn_ctran._utils.typing import Function

_TRUTH = """\
y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
    0, 1, and -1 or NaN where the label is not annotated; such entries never count."""


_KNOWN = """\
known_labels : array-like of shape (n_samples, n_labels), DataFrame or dict, default=None
    The `known_labels` of the predictions: 0 or 1, and -1 or NaN where not known, in the forms of
    ``predict_proba``. Names are the columns of `y_true` or `y_score`, else positions; names of
    label groups are not accepted. Known entries never count."""


SHARED_TEXTS = {
    "{truth}": _TRUTH,
    "{scores}": f"""\
{_TRUTH}
y_score : array-like of shape (n_samples, n_labels)
    Finite scores or probabilities, higher for more likely labels.""",
    "{probabilities}": f"""\
{_TRUTH}
y_score : array-like of shape (n_samples, n_labels)
    Probabilities, in [0, 1].""",
    "{entries}": f"""\
{_KNOWN}
sample_weight : array-like of shape (n_samples,), default=None
    Weights of the rows, none below 0. A row of weight 0 does not count.""",
    "{decisions}": """\
threshold : float or array-like of shape (n_labels,), default=0.5
    In [0, 1], one for all labels or one for each. A label is predicted where its probability is
    above this, as in ``predict``; at 1 it is never predicted.
top_k : int, default=None
    In [1, n_labels]. A label is predicted only if it is also among the `top_k` highest of the
    entries of its row that count. Of equal ones the first columns are taken.""",
    "{errors}": """\
TypeError
    If `known_labels` is sparse.
ValueError
    If shapes or columns differ, a value is not allowed (the message says which and where), or
    no entry counts.""",
}


def with_shared_parameters(function: Function, texts: Mapping[str, str] = SHARED_TEXTS) -> Function:
    """Replace ``{names}`` in a docstring by the shared descriptions of parameters and errors.

    Its lines may be ``{truth}``, ``{scores}``, ``{probabilities}``, ``{entries}``, ``{decisions}``
    or ``{errors}``, or the keys of other `texts`. Returns the same function.
    """
    # The docstring is None under python -OO. Python 3.13 and later strip its indentation.
    lines = (function.__doc__ or "").splitlines()
    for i, line in enumerate(lines):
        if line.strip() in texts:
            indentation = line[: line.index("{")]
            shared = texts[line.strip()].splitlines()
            lines[i] = "\n".join(indentation + text for text in shared)
    function.__doc__ = "\n".join(lines)
    return function
