"""Which label to annotate next, and how much that improves the predictions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.typing import (
    DataFrame,
    Estimator,
    Images,
    KnownLabels,
    LabelNames,
    Labels,
    RandomState,
)
from sklearn_ctran.inspection._gains import expected_gains, read_askable, read_cost
from sklearn_ctran.inspection._replay import Annotator, read_strategies, replay
from sklearn_ctran.modules.label_states import UNKNOWN

N_CANDIDATES = 8


@dataclass(frozen=True, eq=False)
class Suggestions:
    """Labels to annotate next, for each image, the most useful first.

    Attributes
    ----------
    labels : ndarray of shape (n_samples, n), object
        Names; None where fewer than `n` labels are left to annotate.
    positions : ndarray of shape (n_samples, n), int64
        Positions among the targets, then the extra labels; -1 where `labels` is None.
    gains : ndarray of shape (n_samples, n), float64
        Expected drop of the entropies of the other targets, in nats, divided by the cost of the
        label; NaN where `labels` is None. It may be below 0, because the conditional
        probabilities of a model need not belong to one joint distribution.
    row_names : list of length n_samples, or None
        The paths in `X`, else the index of a data frame among the arguments; None without.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import suggest_labels
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> suggestions = suggest_labels(model, X[:2], n=2)
    >>> suggestions.labels.shape, suggestions.gains.shape
    ((2, 2), (2, 2))
    """

    labels: np.ndarray
    positions: np.ndarray
    gains: np.ndarray
    row_names: list | None = None

    def to_frame(self) -> DataFrame:
        """Return the suggestions as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each suggestion, image by image, the most useful first; columns ``label``
            and ``gain``. The index, ``image``, has `row_names`, or positions if there are none.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        rows, ranks = np.nonzero(self.positions >= 0)
        columns = {"label": self.labels[rows, ranks], "gain": self.gains[rows, ranks]}
        names = rows if self.row_names is None else as_names(self.row_names)[rows]
        return to_frame(columns, index=names).rename_axis("image")


def suggest_labels(
    estimator: Estimator,
    X: Images,
    known_labels: KnownLabels = None,
    n: int = 1,
    *,
    extra_labels: KnownLabels = None,
    askable: LabelNames | None = None,
    cost: ArrayLike | Mapping[Any, float] | None = None,
    n_candidates: int | None = N_CANDIDATES,
) -> Suggestions:
    """Find the labels of each image whose annotation would tell most about its other labels.

    The gain of a label is the expected drop of the entropies of the other targets, ::

        sum over i != j of H(y_i)  -  mean over y_j of the sum over i != j of H(y_i | y_j),

    given the image and its known labels (partial and extra labels, paper, section 2). Each image
    is predicted ``1 + 2 * n_candidates`` times.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images, in a form that the estimator takes.
    known_labels : array-like, DataFrame or dict, default=None
        Known labels, as in ``predict_proba``.
    n : int, default=1
        Number of labels to suggest for each image. Gains are computed for each label alone, so
        two suggestions may tell much the same.
    extra_labels : array-like, DataFrame or dict, default=None
        Known extra labels, as in ``predict_proba``.
    askable : list or array-like of bool, default=None
        Names of the labels, targets or extra, that may be suggested; or a mask of shape
        (n_all_labels,) or (n_samples, n_all_labels), targets first. None: all labels.
    cost : dict or array-like of shape (n_all_labels,), default=None
        Cost of annotating each label, above 0; gains are divided by it. A dict maps names of
        labels to costs; labels not in it cost 1.
    n_candidates : int or None, default=8
        Number of labels per image whose gain is computed, at least `n`: those with the highest
        entropy divided by cost. None: all labels.

    Returns
    -------
    suggestions : Suggestions
        Labels whose probability is exactly 0 or 1 are not suggested.

    Raises
    ------
    ValueError
        If an argument cannot be used. Errors of the estimator are passed on.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import suggest_labels
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> suggest_labels(model, X[:2], {0: 1}, n=2).labels
    array([[2, 3],
           [1, 3]], dtype=object)
    """
    check_count("n", n)
    if n_candidates is not None:
        check_count("n_candidates", n_candidates)
        n_candidates = max(n, n_candidates)
    questions = Questions(estimator, X, known_labels, extra_labels)
    costs = read_cost(cost, questions)
    may_ask = read_askable(askable, questions)
    gains = expected_gains(questions, questions.states, may_ask, costs, n_candidates)
    positions = np.argsort(-gains, axis=1, kind="stable")[:, :n]
    gains = np.take_along_axis(gains, positions, axis=1)
    beyond = ((0, 0), (0, n - positions.shape[1]))
    gains = np.pad(gains, beyond, constant_values=-np.inf)
    is_left = gains > -np.inf
    positions = np.where(is_left, np.pad(positions, beyond), -1)
    names = as_names([*questions.names, None])
    return Suggestions(
        labels=names[positions],
        positions=positions,
        gains=np.where(is_left, gains, np.nan),
        row_names=questions.row_names,
    )


@dataclass(frozen=True, eq=False)
class AnnotationCurves:
    """Mean average precision against the number of annotated labels per image.

    Attributes
    ----------
    n_questions : ndarray of shape (n_steps,), int64
        0, 1, ...
    mAP : dict of ndarray of shape (n_steps,), float64
        For each strategy, mAP of the entries that are still unknown, or of those in `scored`; in
        [0, 1], NaN if there is no positive among them.
    table_mAP : dict of ndarray of shape (n_steps,), float64
        For each strategy, mAP of all entries that have an answer. Answered entries are correct, so
        this is the quality of the labels that result from the annotation.
    asked : dict of ndarray of shape (n_samples, n_steps - 1), int64
        Position of the label asked for in each step; -1 where none was left.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import simulate_annotation
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> curves = simulate_annotation(model, X, Y, strategies=["uncertain"], n_questions=2)
    >>> curves.n_questions, curves.asked["uncertain"].shape
    (array([0, 1, 2]), (100, 2))
    """

    n_questions: np.ndarray
    mAP: dict
    table_mAP: dict
    asked: dict

    def to_frame(self) -> DataFrame:
        """Return the curves as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each number of questions; columns (measure, strategy).

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {
            (measure, strategy): curve
            for measure in ("mAP", "table_mAP")
            for strategy, curve in getattr(self, measure).items()
        }
        return to_frame(columns, index=self.n_questions)


def simulate_annotation(
    estimator: Estimator,
    X: Images,
    y: Labels | Mapping[Any, Any],
    *,
    strategies: Sequence[str | Callable[[np.ndarray, np.ndarray], ArrayLike]] = (
        "suggest",
        "uncertain",
        "random",
    ),
    n_questions: int = 10,
    known_labels: KnownLabels = None,
    extra_labels: KnownLabels = None,
    extra_answers: KnownLabels = None,
    askable: LabelNames | None = None,
    cost: ArrayLike | Mapping[Any, float] | None = None,
    n_candidates: int | None = N_CANDIDATES,
    scored: ArrayLike | None = None,
    random_state: RandomState = None,
    verbose: int | None = None,
) -> AnnotationCurves:
    """Simulate an annotator who answers from `y`, and score the predictions after each answer.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted on other images.
    X : array-like
        Images, in a form that the estimator takes.
    y : array-like of shape (n_samples, n_labels) or (n_samples,), DataFrame or dict
        The answers, in any form that `known_labels` may have. Entries that are -1 or NaN are
        neither asked nor scored. One dimension: the class of each sample, None or NaN where it is
        not known, for an estimator fitted on a 1-D `y`; each question is about one class.
    strategies : sequence of str or callable, default=("suggest", "uncertain", "random")
        How to choose the next label of each image. "suggest": the label of highest gain, as in
        :func:`suggest_labels`; "uncertain": the label whose probability is nearest to 0.5;
        "random". Or ``strategy(proba, states)``, where both are of shape (n_samples,
        n_all_labels): it returns a priority for each label in the same shape; the highest is
        asked, and -inf is never asked.
    n_questions : int, default=10
        Number of labels asked per image, one after the other.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        Labels known at the start, as in ``predict_proba``.
    extra_answers : array-like of shape (n_samples, n_extra_labels), DataFrame or dict, default=None
        Answers about extra labels, in any form that `extra_labels` may have. None: extra labels
        are not asked.
    askable : list or array-like of bool, default=None
        As in :func:`suggest_labels`.
    cost, n_candidates
        As in :func:`suggest_labels`, for "suggest".
    scored : ndarray of shape (n_samples, n_labels), bool, default=None
        Entries that are never asked and always scored. None: all unknown entries are scored. Each
        strategy then leaves other entries to score, easy or hard ones, so pass `scored` to compare
        strategies.
    random_state : int, RandomState instance or None, default=None
        Seeds "random".
    verbose : int or None, default=None
        1: progress on standard error, a bar or lines of a log; 0: none. None: only on a terminal or
        in a notebook.

    Returns
    -------
    curves : AnnotationCurves

    Raises
    ------
    ValueError
        If an argument cannot be used, the answers contradict the estimator's rules, alone or
        together with the known labels, or `askable` has extra labels without answers. Errors of
        the estimator are passed on.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import simulate_annotation
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X[:50], Y[:50])
    >>> curves = simulate_annotation(
    ...     model, X[50:], Y[50:], strategies=["uncertain"], n_questions=2
    ... )
    >>> curves.table_mAP["uncertain"].round(2)
    array([0.66, 0.82, 0.9 ])
    """
    check_count("n_questions", n_questions)
    if n_candidates is not None:
        check_count("n_candidates", n_candidates)
    questions = Questions(estimator, X, known_labels, extra_labels)
    n_targets = questions.n_targets
    answers = questions.read(y, extra_answers, ("y", "extra_answers"))
    known = questions.states
    questions.check(np.where(known == UNKNOWN, answers, known), "the known labels and y")
    priorities = read_strategies(
        strategies,
        questions,
        read_cost(cost, questions),
        n_candidates,
        check_random_state(random_state),
    )
    may_ask = read_askable(askable, questions)
    unanswered = [] if askable is None else np.flatnonzero(may_ask[:, n_targets:].any(axis=0))
    if extra_answers is None and len(unanswered):
        raise ValueError(
            f"askable has the extra label {questions.names[n_targets + unanswered[0]]!r}, for "
            "which there are no answers: pass extra_answers, or leave it out."
        )
    may_ask = may_ask & (answers != UNKNOWN)
    if scored is None:
        is_scored = np.ones((len(answers), n_targets), dtype=bool)
    else:
        is_scored = _check_scored(scored, (len(answers), n_targets))
        may_ask[:, :n_targets] &= ~is_scored
    annotator = Annotator(answers, may_ask, is_scored)
    n_steps = len(priorities) * (n_questions + 1)
    curves = []
    with Progress("simulate_annotation", n_steps, " predictions", verbose=verbose) as progress:
        for name, prioritize in priorities.items():
            progress.at(name)
            curve = replay(questions, annotator, prioritize, n_questions, progress.update)
            curves.append(curve)
    by_strategy = [dict(zip(priorities, curve, strict=True)) for curve in zip(*curves, strict=True)]
    return AnnotationCurves(np.arange(n_questions + 1), *by_strategy)


def _check_scored(scored, shape):
    scored = np.asarray(scored)
    if scored.dtype != bool or scored.shape != shape:
        raise ValueError(
            f"scored must be a mask of booleans of shape {shape}, got {scored.dtype} of shape "
            f"{scored.shape}."
        )
    return scored
