"""``diagnose``: what looks wrong, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from html import escape
from textwrap import fill
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._adapters.unwrap import network_in, unwrap
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.typing import DataFrame, Estimator, Images, Labels
from sklearn_ctran.inspection._symptoms import RULES, Facts, Finding, NotAsked, mean_precision


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What looks wrong with a fitted estimator or its data; ``print`` shows it.

    It can be iterated over; ``len`` is the number of findings.

    Attributes
    ----------
    findings : list of Finding
        With attributes ``rule``, ``finding``, ``remedy``, all texts; ``labels``, a tuple of names;
        ``rows``, a tuple of rows of `X`.
    asked : list of str
        The rules that were looked at.
    not_asked : dict of str to str
        The rules that could not be looked at -> why.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import LinearHead
    >>> from sklearn_ctran.inspection import diagnose
    >>> X, Y = make_multilabel_classification(100, n_classes=3, random_state=0)
    >>> model = LinearHead(backbone=None, max_epochs=3, lr=1e-9, random_state=0).fit(X, Y)
    >>> [finding.rule for finding in diagnose(model, X, Y)]
    ['flat loss']
    """

    findings: list[Finding]
    asked: list[str]
    not_asked: dict[str, str]

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def to_frame(self) -> DataFrame:
        """Return the findings as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each finding; columns ``rule``, ``finding``, ``remedy``, ``labels``,
            ``rows``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        names = ("rule", "finding", "remedy", "labels", "rows")
        return to_frame({name: [getattr(each, name) for each in self] for name in names})

    def __repr__(self):
        parts = []
        for each in self:
            parts += [each.rule, _wrapped(f"  {each.finding}"), _wrapped(f"  -> {each.remedy}"), ""]
        parts = parts or ["Nothing looks wrong.", ""]
        parts.append(_wrapped(f"Looked at: {', '.join(self.asked)}."))
        for rule, why in self.not_asked.items():
            parts.append(_wrapped(f"Not looked at: {rule} ({why})."))
        return "\n".join(parts)

    def _repr_html_(self):
        cells = "<td style='text-align: left'>{}</td>" * 3
        rows = "".join(
            f"<tr>{cells.format(*map(escape, (each.rule, each.finding, each.remedy)))}</tr>"
            for each in self
        )
        heads = "<tr><th>looked for</th><th>found</th><th>what to do</th></tr>"
        table = f"<table>{heads}{rows}</table>" if rows else "<p>Nothing looks wrong.</p>"
        others = "; ".join(f"{rule} ({why})" for rule, why in self.not_asked.items())
        return table + (f"<p>Not looked at: {escape(others)}.</p>" if others else "")


_wrapped = partial(fill, width=79, subsequent_indent="  ", break_on_hyphens=False)


def diagnose(
    estimator: Estimator, X: Images, y: Labels, *, train: tuple[Images, Labels] | None = None
) -> Diagnosis:
    """Look for what is often wrong with a fitted model, its training and its data.

    =============================== ================================================================
    Looked for                      Found if
    =============================== ================================================================
    labels without positives        a label has no positive in `y`, or in `train`
    labels with one positive        a label has a single positive in `train`, else in `y`
    hardly any positive predictions less than a fifth as many as there are positives, at least 10
    flat loss                       it falls by less than 2 % of its first value, in 3+ epochs
    diverging loss                  the last one is above 1.2 times the lowest, in 3+ epochs
    over-fit                        the held-out loss rises to 1.2 times its lowest value while that
                                    of training falls; or mAP without the memory is higher by 0.2 on
                                    `train` than on `X`
    far from training               a linear classifier of features tells `X` from `train` with an
                                    area under the ROC curve above 0.8 (cross-validated)
    duplicates of training          rows of `X` have the very content of a row of `train`
    spelling variants               names differ in case, spaces, punctuation, accents or a plural
    =============================== ================================================================

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images that it was not fitted on, in a form that it takes.
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
        Their labels, in any form that `fit` takes; columns of a data frame are matched by name.
    train : tuple (X, y), default=None
        What it was fitted on. None: rules that need it are left out, and named in the result.

    Returns
    -------
    diagnosis : Diagnosis
        What was found, each with a remedy. Thresholds are conventions: a finding is a question to
        look into, and none is no proof that all is well.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError, TypeError
        If an argument cannot be used. Errors of the estimator are passed on.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import LinearHead
    >>> from sklearn_ctran.inspection import diagnose
    >>> X, Y = make_multilabel_classification(200, n_classes=3, random_state=0)
    >>> model = LinearHead(backbone=None, lr=1e-9, max_epochs=3, random_state=0)
    >>> model = model.fit(X[:100], Y[:100])
    >>> diagnosis = diagnose(model, X[98:], Y[98:], train=(X[:100], Y[:100]))
    >>> [finding.rule for finding in diagnosis]
    ['flat loss', 'duplicates of training']
    >>> diagnosis.findings[1].rows
    (0, 1)
    """
    check_is_fitted(estimator)
    if train is not None and (not isinstance(train, (tuple, list)) or len(train) != 2):
        raise ValueError(f"train must be a pair (X, y), got {type(train).__name__}.")
    if not hasattr(unwrap(estimator)[0], "label_names_"):
        raise TypeError(
            "diagnose needs an estimator of this package, or a pipeline or search that ends in "
            f"one, got {type(estimator).__name__}: sklearn_ctran.baselines.BinaryRelevance wraps "
            "others."
        )
    facts = _facts(estimator, X, y, train)
    findings, asked, not_asked = [], [], {}
    for rule in RULES:
        name = rule.__name__.replace("_", " ").replace("over fit", "over-fit")
        try:
            found = rule(facts)
        except NotAsked as reason:
            not_asked[name] = str(reason)
            continue
        asked.append(name)
        findings += [] if found is None else [found]
    return Diagnosis(findings, asked, not_asked)


def _facts(estimator, X, y, train):
    states, questions = _read(estimator, X, y)
    final, inner = unwrap(estimator, X)
    network = network_in(final)
    if train is not None:
        # In the form that the estimator itself gets, as X is.
        given_train = train[0]
        try:
            train = unwrap(estimator, train[0])[1], _read(estimator, *train)[0]
        except (ValueError, TypeError) as error:
            error.add_note("X and y are those of train=(X, y).")
            raise
    return Facts(
        names=questions.task.names,
        exclusive=questions.task.exclusive,
        X=inner,
        states=states,
        train=train,
        given=None if train is None else (X, given_train),
        final=final,
        history=[] if network is None else network.history_,
        predict=lambda: np.asarray(final.predict(inner)),
        score=partial(_score, final),
    )


def _read(estimator, X, y):
    """States (n_samples, n_labels) of `y`, and the Questions."""
    questions = Questions(estimator, X)
    return questions.read_truth(y), questions


def _score(final: Any, X, states):
    if hasattr(final, "_without_memory"):  # It would recognise what it has seen.
        final = final._without_memory()
    return mean_precision(states, final.predict_proba(X))
