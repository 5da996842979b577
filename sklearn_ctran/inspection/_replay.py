"""Simulating an annotator whose answers are already known, and strategies of asking."""

from dataclasses import dataclass

import numpy as np

from sklearn_ctran.inspection._gains import expected_gains
from sklearn_ctran.metrics import mean_average_precision
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


@dataclass(frozen=True)
class Annotator:
    """The answers, and which entries may be asked and are scored.

    Attributes
    ----------
    answers : ndarray of shape (n_samples, n_all_labels), int8
        States; -1 where there is no answer.
    may_ask : ndarray of shape (n_samples, n_all_labels), bool
        False wherever there is no answer.
    scored : ndarray of shape (n_samples, n_targets), bool
    """

    answers: np.ndarray
    may_ask: np.ndarray
    scored: np.ndarray


def replay(questions, annotator, prioritize, n_questions, after_step):
    """Ask for one label of each image at a time, and score the predictions after each answer.

    `prioritize` is a strategy of :func:`read_strategies`; ``after_step()`` is called after each
    prediction. Returns `mAP` and `table_mAP`
    (n_questions + 1,), as in :class:`AnnotationCurves`, and `asked` (n_samples, n_questions),
    int64.
    """
    rows = np.arange(len(questions.states))
    states = questions.states.copy()
    targets = states[:, : questions.n_targets]
    with_extra = bool(annotator.may_ask[:, questions.n_targets :].any())
    scores = []
    asked = np.full((len(rows), n_questions), -1)
    for step in range(n_questions + 1):
        proba = questions.ask(rows, states, with_extra)
        unknown = annotator.scored & (targets == UNKNOWN)
        scores.append((_score(annotator, proba, unknown), _score(annotator, proba, True)))
        after_step()
        if step == n_questions:
            break
        may_ask = annotator.may_ask & (states == UNKNOWN)
        priority = np.where(may_ask, prioritize(proba, states, may_ask), -np.inf)
        label = priority.argmax(axis=1)
        answered = np.flatnonzero(priority[rows, label] > -np.inf)
        label = label[answered]
        states[answered, label] = annotator.answers[answered, label]
        asked[answered, step] = label
    return *np.array(scores).T, asked


def _score(annotator, proba, use):
    """Mean average precision of the entries in the mask `use`; NaN if none is positive."""
    n_targets = annotator.scored.shape[1]
    truth = np.where(use, annotator.answers[:, :n_targets], UNKNOWN)
    if not (truth == POSITIVE).any():
        return np.nan
    # average=None does not warn: that fewer labels have a positive left in each step is expected.
    return np.nanmean(mean_average_precision(truth, proba[:, :n_targets], average=None))


def read_strategies(strategies, questions, cost, n_candidates, rng):
    """Read the `strategies` of :func:`simulate_annotation`, as a dict by name.

    Each is ``prioritize(proba, states, may_ask)``, which returns a priority for each label, of
    shape (n_samples, n_all_labels). `proba` is of that shape too or, if no extra label may be
    asked, (n_samples, n_targets). Raises ValueError if `strategies` is empty, holds something else,
    or two have the same name.
    """
    own = {
        "suggest": lambda proba, states, may_ask: expected_gains(
            questions, states, may_ask, cost, n_candidates
        ),
        "uncertain": lambda proba, states, may_ask: _for_all_labels(-abs(proba - 0.5), states),
        "random": lambda proba, states, may_ask: rng.random_sample(states.shape),
    }
    priorities = {}
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
        if name in priorities:
            raise ValueError(
                f"Two strategies are called {name!r}: give functions different names (__name__)."
            )
        priorities[name] = own[strategy] if is_own else _checked(name, strategy, questions)
    return priorities


def _for_all_labels(priority, states):
    """Append -inf for extra labels that were not predicted, because they may not be asked."""
    beyond = ((0, 0), (0, states.shape[1] - priority.shape[1]))
    return np.pad(priority, beyond, constant_values=-np.inf)


def _checked(name, strategy, questions):
    """Let a user's strategy see the extra labels' probabilities too, and check what it returns."""
    rows = np.arange(len(questions.states))

    def prioritize(proba, states, may_ask):
        values = np.asarray(strategy(questions.ask(rows, states, True), states.copy()))
        if values.shape != states.shape or np.isnan(values).any():
            raise ValueError(
                f"The strategy {name!r} must return numbers of shape {states.shape}, one for each "
                f"label of each image; got shape {values.shape}"
                f"{' with NaN' if np.isnan(values).any() else ''}."
            )
        return values

    return prioritize
