"""An annotator who answers what a strategy asks, replayed from labels that are known already."""

from dataclasses import dataclass

import numpy as np

from sklearn_ctran.inspection._gains import expected_gains
from sklearn_ctran.metrics import mean_average_precision
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


@dataclass(frozen=True)
class Annotator:
    """The answers, and what may be asked and scored.

    Attributes
    ----------
    answers : ndarray of shape (n_samples, n_all_labels), int8
        States; -1 where there is no answer.
    may_ask : ndarray of shape (n_samples, n_all_labels), bool
        Only where there is an answer.
    scored : ndarray of shape (n_samples, n_targets), bool
    """

    answers: np.ndarray
    may_ask: np.ndarray
    scored: np.ndarray


def replay(questions, annotator, worth, n_questions):
    """Ask and answer, the label of most worth of each image first.

    Parameters
    ----------
    questions : Questions
    annotator : Annotator
    worth : callable
        One of :func:`read_strategies`.
    n_questions : int

    Returns
    -------
    mAP, table_mAP : ndarray of shape (n_questions + 1,), float64
        As in :class:`AnnotationCurves`.
    asked : ndarray of shape (n_samples, n_questions), int64
    """
    rows = np.arange(len(questions.states))
    states = questions.states.copy()
    targets = states[:, : questions.n_targets]
    with_extra = bool(annotator.may_ask[:, questions.n_targets :].any())
    scores = []
    asked = np.full((len(rows), n_questions), -1)
    for step in range(n_questions + 1):
        proba = questions.ask(rows, states, with_extra)
        of_interest = annotator.scored & (targets == UNKNOWN)
        scores.append((_score(annotator, proba, of_interest), _score(annotator, proba, True)))
        if step == n_questions:
            break
        may_ask = annotator.may_ask & (states == UNKNOWN)
        gains = np.where(may_ask, worth(proba, states, may_ask), -np.inf)
        label = gains.argmax(axis=1)
        answered = np.flatnonzero(gains[rows, label] > -np.inf)
        label = label[answered]
        states[answered, label] = annotator.answers[answered, label]
        asked[answered, step] = label
    return *np.array(scores).T, asked


def _score(annotator, proba, use):
    """Mean average precision over some entries, NaN if no positive is among them."""
    n_targets = annotator.scored.shape[1]
    truth = np.where(use, annotator.answers[:, :n_targets], UNKNOWN)
    if not (truth == POSITIVE).any():
        return np.nan
    # Fewer and fewer labels have a positive left: no matter for warnings.
    return np.nanmean(mean_average_precision(truth, proba[:, :n_targets], average=None))


def read_strategies(strategies, questions, cost, n_candidates, rng):
    """Strategies by name.

    Parameters
    ----------
    strategies : sequence of str or callable
        As in :func:`simulate_annotation`.
    questions : Questions
    cost : ndarray of shape (n_all_labels,), float64
    n_candidates : int or None
    rng : RandomState

    Returns
    -------
    worths : dict
        Name -> ``worth(proba, states, may_ask)``, how much each label is worth asking, of shape
        (n_samples, n_all_labels). `proba` is of that shape too or, if no extra label may be asked,
        of shape (n_samples, n_targets).

    Raises
    ------
    ValueError
        If there is none, one is not known, or two have the same name.
    """
    own = {
        "suggest": lambda proba, states, may_ask: expected_gains(
            questions, states, may_ask, cost, n_candidates
        ),
        "uncertain": lambda proba, states, may_ask: _for_all_labels(-abs(proba - 0.5), states),
        "random": lambda proba, states, may_ask: rng.random_sample(states.shape),
    }
    worths = {}
    if isinstance(strategies, str) or not len(strategies):
        raise ValueError(
            f"strategies must be a list or tuple of at least one strategy, got {strategies!r}."
        )
    for strategy in strategies:
        is_own = isinstance(strategy, str) and strategy in own
        if not is_own and not callable(strategy):
            raise ValueError(
                f"strategies must be 'suggest', 'uncertain', 'random' or callables, got "
                f"{strategy!r}."
            )
        name = strategy if is_own else getattr(strategy, "__name__", type(strategy).__name__)
        if name in worths:
            raise ValueError(
                f"Two strategies are called {name!r}: give functions different names (__name__)."
            )
        worths[name] = own[strategy] if is_own else _make_worth(name, strategy, questions)
    return worths


def _for_all_labels(worth, states):
    """Of the labels with probabilities, followed by -inf for other extra labels."""
    beyond = ((0, 0), (0, states.shape[1] - worth.shape[1]))
    return np.pad(worth, beyond, constant_values=-np.inf)


def _make_worth(name, strategy, questions):
    """A user's strategy, which sees the extra labels' probabilities too; its result is checked."""
    rows = np.arange(len(questions.states))

    def worth(proba, states, may_ask):
        values = np.asarray(strategy(questions.ask(rows, states, True), states.copy()))
        if values.shape != states.shape or np.isnan(values).any():
            raise ValueError(
                f"The strategy {name!r} must return numbers of shape {states.shape}, one for each "
                f"label of each image; got shape {values.shape}"
                f"{' with NaN' if np.isnan(values).any() else ''}."
            )
        return values

    return worth
