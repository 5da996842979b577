"""Finding labels that are probably wrong, and completing missing ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import KFold
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.parallel import delayed
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._adapters.samples import held_out_once
from sklearn_ctran._adapters.unwrap import fit_arguments, unwrap
from sklearn_ctran._labels.states import column_order
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.frames import Table, columns_of, like, plain, to_frame
from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.parallel import one_by_one
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.rows import check_rows, names_of_rows
from sklearn_ctran._utils.typing import (
    DataFrame,
    Estimator,
    ExtraLabels,
    Images,
    KnownLabels,
    Labels,
    RandomState,
    Splits,
)
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Given labels that a model disagrees with, the most suspicious first.

    The first six attributes have one element for each given label that differs from the predicted
    one (``predicted_neq_given`` in cleanlab's ``find_label_issues``); ``len`` is their number. The
    matrices cover all labels.

    Attributes
    ----------
    rows : ndarray of shape (n_errors,), int64
        Position in `X` and `y`.
    labels : ndarray of shape (n_errors,)
        Name of the label.
    label_quality : ndarray of shape (n_errors,), float32
        Probability of the given label, in [0, 0.5], called self-confidence in cleanlab. Sorted in
        ascending order, first where `breaks_rules` is True, then elsewhere. Ties are in the order
        of `y`.
    given_label, predicted_label : ndarray of shape (n_errors,), int64
        0 or 1; always different from each other.
    breaks_rules : ndarray of shape (n_errors,), bool
        Whether the given labels of the row contradict the rules that tie this label to others
        (`exclusive_groups`, `implies`). At least one of these labels is certainly wrong.
    label_quality_scores : ndarray of shape (n_samples, n_labels), float32
        Probability of each given label, in [0, 1], low where it is suspicious; NaN where no label
        is given.
    probabilities : ndarray of shape (n_samples, n_labels), float32
        Out-of-fold P(label = 1), in [0, 1], given the image and other given labels of its row;
        also where no label is given.
    label_names : ndarray of shape (n_labels,)
        Names of the columns of the matrices.
    row_names : list of length n_samples, or None
        The paths in `X`, else the index of a data frame `y` or `extra_labels`; None without.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import find_label_errors
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> errors = find_label_errors(MaskedLinear(random_state=0), X, Y, cv=2, random_state=0)
    >>> errors
    <LabelErrors: 77 of 300 given labels are suspicious>
    >>> errors.to_frame().columns.tolist()
    ['row', 'label', 'label_quality', 'given_label', 'predicted_label', 'breaks_rules']
    """

    rows: np.ndarray
    labels: np.ndarray
    label_quality: np.ndarray
    given_label: np.ndarray
    predicted_label: np.ndarray
    breaks_rules: np.ndarray
    label_quality_scores: np.ndarray
    probabilities: np.ndarray
    label_names: np.ndarray
    row_names: list | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self):
        n_given = np.count_nonzero(~np.isnan(self.label_quality_scores))
        return f"<LabelErrors: {len(self)} of {n_given} given labels are suspicious>"

    def to_frame(self) -> DataFrame:
        """Return the suspicious labels as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each suspicious label, the most suspicious first; columns ``row``,
            ``label``, ``label_quality``, ``given_label``, ``predicted_label``, ``breaks_rules``.
            The index, ``image``, has the images' `row_names`, if there are any.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        names = ("label_quality", "given_label", "predicted_label", "breaks_rules")
        columns = {name: getattr(self, name) for name in names}
        frame = to_frame({"row": self.rows, "label": self.labels, **columns})
        if self.row_names is None:
            return frame
        return frame.set_axis(as_names(self.row_names)[self.rows]).rename_axis("image")


def find_label_errors(
    estimator: Estimator,
    X: Images,
    y: Labels,
    *,
    extra_labels: ExtraLabels = None,
    cv: Splits = 5,
    hidden_fraction: float | None = 0.25,
    n_repeats: int = 1,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: int | None = None,
) -> LabelErrors:
    """Find given labels that are improbable, given the image and the other labels of its row.

    Each label is predicted by a clone of `estimator` fitted on other rows, with other given labels
    of its row as `known_labels`. The less probable the given value, the more suspicious it is. This
    is the self-confidence of confident learning [1]_, combined with C-Tran's use of labels that
    occur together [2]_.

    Where a row contradicts the rules of the estimator (`exclusive_groups`, `implies`), the labels
    that these rules tie together are neither learned from nor known. They are predicted from the
    image and the other labels, and those that differ from the prediction come first.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Takes `known_labels` when predicting. It is cloned, not changed.
    X : array-like
        Images, in a form that the estimator takes.
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
        1, 0, and -1 or NaN where the label is not annotated.
    extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
        As in the estimator's `fit`. They are always known. Pass no dict if a search in `estimator`
        splits them.
    cv : int, splitter or iterable of (train, test), default=5
        Number of folds of shuffled rows, not stratified, or how to split. Each row must be held
        out exactly once.
    hidden_fraction : float or None, default=0.25
        At most this share of a row's labels, in (0, 1], is hidden at a time, chosen at random; all
        others are known. None hides one label at a time, 1 hides all. Labels that the estimator's
        rules tie together are hidden together. Each image is predicted once for each hidden part:
        4 times by default, `n_labels` times with None.
    n_repeats : int, default=1
        Number of random choices of the hidden parts over which probabilities are averaged.
    n_jobs : int, default=None
        Folds to fit at a time; None means 1, -1 all cores.
    random_state : int, RandomState instance or None, default=None
        Seeds folds and hidden labels; the estimator has its own.
    verbose : int or None, default=None
        1: progress on standard error, a bar or lines of a log; 0: none. None: only on a terminal or
        in a notebook.

    Returns
    -------
    errors : LabelErrors

    Raises
    ------
    ValueError
        If `y` is not a table of labels, an argument cannot be used, `extra_labels` alone
        contradict the rules, or `cv` does not hold each row out exactly once. Errors of the
        estimator are passed on.

    Notes
    -----
    A quarter is the smallest share that C-Tran's training hides. It works as well as hiding one
    label at a time: when 2 % of the labels of Corel5k (74 words, 1,500 photos) were flipped, the
    2 % of lowest quality held, without a memory, 81.3 % of these with a quarter hidden and 81.1 %
    with one label hidden; 80.9 % with a half, 81.1 % with all hidden, and 81.3 % with 4 repeats.
    Differences below a point may be chance. Known labels matter where they say more than the image
    does.

    References
    ----------
    .. [1] C. Northcutt, L. Jiang, I. Chuang: Confident Learning: Estimating Uncertainty in Dataset
       Labels. JAIR 70, 2021.
    .. [2] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import find_label_errors
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> Y = (X > 0).astype(int)
    >>> Y[7, 1] = 1 - Y[7, 1]
    >>> errors = find_label_errors(MaskedLinear(random_state=0), X, Y, random_state=0)
    >>> int(errors.rows[0]), int(errors.labels[0])
    (7, 1)
    """
    _check_params(hidden_fraction, n_repeats)
    check_rows(X=X, y=y, extra_labels=extra_labels)
    row_names = names_of_rows(X, y, extra_labels)
    y = y.toarray() if hasattr(y, "toarray") else y
    targets = encode_targets(y)
    if targets.exclusive:
        raise ValueError(
            "find_label_errors needs y of shape (n_samples, n_labels), got one class a sample: "
            "without it there are no other labels to know. Rank the probabilities of "
            "sklearn.model_selection.cross_val_predict instead."
        )
    extra, extra_names = encode_extra_labels(extra_labels)
    check_consistent_length(X, targets.states, extra)
    states = _leave_out_contradictions(estimator, targets, extra, extra_names)
    breaks_rules = states != targets.states
    if breaks_rules.any():
        y = like(y, states)
    extra_labels = plain(extra_labels, "extra_labels")
    if isinstance(extra_labels, (Mapping, Table)):
        extra = dict(zip(extra_names.tolist(), extra.T, strict=True))
    elif extra is not None:
        extra = like(extra_labels, extra)
    rng = check_random_state(random_state)
    if isinstance(cv, Integral):
        cv = KFold(cv, shuffle=True, random_state=rng)
    folds = held_out_once(cv, X, y, "KFold")
    hidden = _choose_hidden(targets.states.shape, hidden_fraction, n_repeats, rng)
    jobs = [
        delayed(_predict_fold)(clone(estimator), X, y, states, extra, *fold, hidden[:, fold[1]])
        for fold in folds
    ]
    proba = np.empty(targets.states.shape, dtype=np.float32)
    parts = one_by_one(jobs, n_jobs)
    with Progress("find_label_errors", len(folds), " folds", verbose=verbose) as progress:
        parts = progress.each(parts, (f"fold {number}" for number in range(len(folds))))
        for (_, test), part in zip(folds, parts, strict=True):
            proba[test] = part
    return _rank(targets, proba, breaks_rules, row_names)


def _leave_out_contradictions(estimator, targets, extra, extra_names):
    """States of the targets, unknown where labels that rules tie together contradict them."""
    params = unwrap(estimator)[0].get_params(deep=False)
    declared = (params.get(name) for name in ("label_groups", "exclusive_groups", "implies"))
    rules = read_rules(as_names([*targets.names.tolist(), *extra_names.tolist()]), *declared)
    states = targets.states if extra is None else np.hstack([targets.states, extra])
    states = states.copy()
    n_targets = targets.states.shape[1]
    for members, rows in zip(rules.components, rules.contradictions(states).T, strict=True):
        states[np.ix_(rows, [label for label in members if label < n_targets])] = UNKNOWN
    rules.check(states, "extra_labels")
    return states[:, :n_targets]


def _check_params(hidden_fraction, n_repeats):
    is_share = isinstance(hidden_fraction, Real) and 0 < hidden_fraction <= 1
    if hidden_fraction is not None and not is_share:
        raise ValueError(
            f"hidden_fraction must be above 0 and at most 1, or None, got {hidden_fraction!r}."
        )
    check_count("n_repeats", n_repeats)


def _choose_hidden(shape, hidden_fraction, n_repeats, rng):
    """Number of the part with which each label is hidden, (n_repeats, n_samples, n_labels)."""
    n_labels = shape[1]
    n_parts = n_labels if hidden_fraction is None else ceil(1 / hidden_fraction)
    n_parts = min(n_labels, n_parts)
    rank = rng.random_sample((n_repeats, *shape)).argsort(axis=2).argsort(axis=2)
    return rank * n_parts // n_labels


def _predict_fold(estimator, X, y, states, extra, train, test, hidden):
    """Probability of each label of the held-out rows while it is hidden, averaged over repeats."""
    more = {} if extra is None else fit_arguments(estimator, _rows_of(extra, train))
    estimator.fit(_safe_indexing(X, train), _safe_indexing(y, train), **more)
    known_extra = None if extra is None else _rows_of(extra, test)
    questions = Questions(estimator, _safe_indexing(X, test), states[test], known_extra)
    n_targets = questions.n_targets
    tied = [[label for label in part if label < n_targets] for part in questions.components]
    return np.mean([_predict_hidden(questions, _together(part, tied)) for part in hidden], axis=0)


def _together(part, tied):
    """Put labels that rules tie together into one part; a known one could imply the others."""
    part = part.copy()
    for members in tied:
        part[:, members] = part[:, members[:1]]
    return part


def _rows_of(extra, rows):
    if isinstance(extra, dict):
        return {name: column[rows] for name, column in extra.items()}
    return _safe_indexing(extra, rows)


def _predict_hidden(questions, part):
    """Probability of each label, float32, while all labels of its part are hidden."""
    proba = np.empty(part.shape, dtype=np.float32)
    rows = np.arange(len(part))
    for number in range(part.max() + 1):
        hidden = part == number
        states = questions.states.copy()
        states[:, : questions.n_targets][hidden] = UNKNOWN
        proba[hidden] = questions.ask(rows, states)[hidden]
    return proba


def _rank(targets, proba, breaks_rules, row_names):
    """Given labels that differ from the predicted ones: broken rules first, then by quality."""
    given = targets.states
    quality = np.where(given == POSITIVE, proba, 1 - proba)
    quality[given == UNKNOWN] = np.nan
    predicted = (proba > 0.5).astype(np.int64)
    rows, columns = np.nonzero((given != UNKNOWN) & (predicted != given))
    order = np.lexsort((quality[rows, columns], ~breaks_rules[rows, columns]))
    rows, columns = rows[order], columns[order]
    return LabelErrors(
        rows=rows,
        labels=targets.names[columns],
        label_quality=quality[rows, columns],
        given_label=given[rows, columns].astype(np.int64),
        predicted_label=predicted[rows, columns],
        breaks_rules=breaks_rules[rows, columns],
        label_quality_scores=quality,
        probabilities=proba,
        label_names=targets.names,
        row_names=row_names,
    )


def complete_labels(
    estimator: Estimator, X: Images, y: Labels, *, extra_labels: KnownLabels = None
) -> np.ndarray | DataFrame:
    """Replace missing labels by their probabilities, given the image and the labels present.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted on these images or others.
    X : array-like
        Images, in a form that the estimator takes.
    y : array-like or DataFrame of shape (n_samples, n_labels), or array-like of shape (n_samples,)
        1, 0, and -1 or NaN where the label is missing. One dimension: the class of each sample,
        None or NaN where it is missing, for an estimator fitted on a 1-D `y`. Columns are the
        estimator's labels; those of a data frame in any order. Not sparse, because entries that a
        sparse matrix does not store may mean 0 or missing.
    extra_labels : array-like, DataFrame or dict, default=None
        Known extra labels, as in `predict_proba`.

    Returns
    -------
    completed : ndarray or DataFrame of shape (n_samples, n_labels), float32
        0.0 or 1.0 where the label is given, else P(label = 1) in [0, 1]; one column for each class
        if `y` is 1-D. A data frame with the same index and columns if `y` is one.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError, TypeError
        If `y` has other columns or values, is sparse, or contradicts the rules. Errors of the
        estimator are passed on.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import complete_labels
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> complete_labels(model, X[:2], [[1, -1, 0], [0, 1, 1]]).round(2)
    array([[1.  , 0.96, 0.  ],
           [0.  , 1.  , 1.  ]])
    """
    last, _ = unwrap(estimator)
    check_is_fitted(last)
    columns = columns_of(y)
    order = [] if columns is None else column_order(columns, last.label_names_)
    questions = Questions(estimator, X, y, extra_labels, what=("y", "extra_labels"))
    completed = questions.ask(np.arange(len(questions.states)), questions.states)
    return like(y, completed[:, np.argsort(order)] if order else completed)
