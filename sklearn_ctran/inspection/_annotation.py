"""Which label to ask a human next, and what asking is worth."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_random_state

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.inspection._gains import expected_gains, read_askable, read_cost
from sklearn_ctran.inspection._replay import Annotator, read_strategies, replay
from sklearn_ctran.modules.label_states import UNKNOWN

N_CANDIDATES = 8


@dataclass(frozen=True, eq=False)
class Suggestions:
    """Labels to ask about next, for each image, the most useful first.

    Attributes
    ----------
    labels : ndarray of shape (n_samples, n), object
        Names; None where fewer than `n` labels are left to ask about.
    positions : ndarray of shape (n_samples, n), int64
        Among the targets, then the extra labels; -1 where `labels` is None.
    gains : ndarray of shape (n_samples, n), float64
        Expected drop of the entropies of the other targets, in nats, by the cost of the answer;
        NaN where `labels` is None. A model whose conditional probabilities do not quite belong to
        one distribution may find a drop below 0.
    """

    labels: np.ndarray
    positions: np.ndarray
    gains: np.ndarray


def suggest_labels(
    estimator,
    X,
    known_labels=None,
    n=1,
    *,
    extra_labels=None,
    askable=None,
    cost=None,
    n_candidates=N_CANDIDATES,
):
    """Find the labels whose answers would tell most about the other labels of each image.

    The gain of asking for a label is the expected drop of the entropies of the other targets,

    .. math:: \\sum_{i \\ne j} H(y_i) - E_{y_j} \\sum_{i \\ne j} H(y_i | y_j),

    all given the image and what is known of it (partial and extra labels, paper, section 2). The
    estimator is asked ``1 + 2 * n_candidates`` times about each image.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images, in whatever form the estimator takes them.
    known_labels : array-like, DataFrame or dict, default=None
        What is known, as in ``predict_proba``.
    n : int, default=1
        Labels to suggest for each image. Each is judged by itself, as if it alone were asked, so
        that two of them may tell much the same.
    extra_labels : array-like, DataFrame or dict, default=None
        What is known of the extra labels.
    askable : list or array-like of bool, default=None
        Names of the labels, targets or extra, that may be asked; or a mask of shape
        (n_all_labels,) or (n_samples, n_all_labels), targets first. None: all.
    cost : dict or array-like of shape (n_all_labels,), default=None
        What an answer costs, above 0; gains are divided by it. A dict maps names of labels, all
        others cost 1.
    n_candidates : int or None, default=8
        How many labels of each image, those whose own entropy by cost is highest, are looked at;
        at least `n`. None: all.

    Returns
    -------
    suggestions : Suggestions
        Labels whose probability is exactly 0 or 1 are not asked about.

    Raises
    ------
    ValueError
        If an argument cannot be used; and whatever the estimator raises.
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
    return Suggestions(names[positions], positions, np.where(is_left, gains, np.nan))


@dataclass(frozen=True, eq=False)
class AnnotationCurves:
    """Mean average precision against the number of answered questions per image.

    Attributes
    ----------
    n_questions : ndarray of shape (n_steps,), int64
        0, 1, ...
    mAP : dict of ndarray of shape (n_steps,), float64
        For each strategy, over the entries that are still unknown, or over those of `scored`; in
        [0, 1], NaN once no positive is left among them.
    table_mAP : dict of ndarray of shape (n_steps,), float64
        Over all annotated entries, of which those answered are right: how good the labels are that
        an annotator would leave behind.
    asked : dict of ndarray of shape (n_samples, n_steps - 1), int64
        Position of the label that each question was about; -1 where none was left.
    """

    n_questions: np.ndarray
    mAP: dict
    table_mAP: dict
    asked: dict

    def to_frame(self):
        """The curves as a table.

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
    estimator,
    X,
    y,
    *,
    strategies=("suggest", "uncertain", "random"),
    n_questions=10,
    known_labels=None,
    extra_labels=None,
    extra_answers=None,
    askable=None,
    cost=None,
    n_candidates=N_CANDIDATES,
    scored=None,
    random_state=None,
):
    """Replay what an annotator who answers from `y` would be asked, and what it is worth.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted, on other images.
    X : array-like
        Images, in whatever form the estimator takes them.
    y : array-like of shape (n_samples, n_labels) or (n_samples,), DataFrame or dict
        The answers, in any form of `known_labels`; entries that are -1 or NaN cannot be asked, nor
        do they count. One dimension: the class of each sample, None or NaN where nobody knows it,
        of an estimator fitted with such; questions are about one class each.
    strategies : sequence of str or callable, default=("suggest", "uncertain", "random")
        "suggest": what :func:`suggest_labels` says; "uncertain": the label whose probability is
        nearest to a half; "random". Or ``strategy(proba, states)``, both of shape (n_samples,
        n_all_labels), which returns how much each label is worth asking, in the same shape; -inf
        for never.
    n_questions : int, default=10
        Questions per image, one after the other.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        What is known to begin with.
    extra_answers : array-like of shape (n_samples, n_extra_labels), DataFrame or dict, default=None
        Answers about extra labels, in any form of `extra_labels`. None: these cannot be asked.
    askable : list or array-like of bool, default=None
        As in :func:`suggest_labels`.
    cost, n_candidates
        As in :func:`suggest_labels`, for "suggest".
    scored : ndarray of shape (n_samples, n_labels), bool, default=None
        Entries that are never asked and always scored. None: whatever is unknown is scored. Then
        strategies are scored by different entries, and one that asks about the doubtful ones of
        them by what is left, the harder ones: compare strategies with `scored`.
    random_state : int, RandomState instance or None, default=None
        Seeds "random".

    Returns
    -------
    curves : AnnotationCurves

    Raises
    ------
    ValueError
        If an argument cannot be used, the answers contradict the estimator's rules or, by these,
        what is known, or `askable` has extra labels about which nobody answers; and whatever the
        estimator raises.
    """
    check_count("n_questions", n_questions)
    if n_candidates is not None:
        check_count("n_candidates", n_candidates)
    questions = Questions(estimator, X, known_labels, extra_labels)
    n_targets = questions.n_targets
    answers = questions.read(y, extra_answers, ("y", "extra_answers"))
    known = questions.states
    questions.check(np.where(known == UNKNOWN, answers, known), "what is known, and y")
    worths = read_strategies(
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
            f"askable has the extra label {questions.names[n_targets + unanswered[0]]!r}, about "
            "which nobody answers: pass extra_answers, or leave it out."
        )
    may_ask = may_ask & (answers != UNKNOWN)
    if scored is None:
        scored = np.ones((len(answers), n_targets), dtype=bool)
    else:
        scored = _check_scored(scored, (len(answers), n_targets))
        may_ask[:, :n_targets] &= ~scored
    annotator = Annotator(answers, may_ask, scored)
    curves = [replay(questions, annotator, worth, n_questions) for worth in worths.values()]
    by_strategy = [dict(zip(worths, curve, strict=True)) for curve in zip(*curves, strict=True)]
    return AnnotationCurves(np.arange(n_questions + 1), *by_strategy)


def _check_scored(scored, shape):
    scored = np.asarray(scored)
    if scored.dtype != bool or scored.shape != shape:
        raise ValueError(
            f"scored must be a mask of shape {shape}, booleans; got {scored.dtype} of shape "
            f"{scored.shape}."
        )
    return scored
