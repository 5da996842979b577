"""What the answer about a label would tell about the others, and which labels may be asked."""

from numbers import Real

import numpy as np
from scipy.special import entr

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def expected_gains(questions, states, may_ask, cost, n_candidates):
    """Expected drop of the entropies of the other targets, by the cost of the answer.

    Parameters
    ----------
    questions : Questions
    states : ndarray of shape (n_samples, n_all_labels), int8
        What is known. It is left as it is.
    may_ask : ndarray of shape (n_samples, n_all_labels), bool
    cost : ndarray of shape (n_all_labels,), float64
    n_candidates : int or None
        How many labels of each image are looked at: those of highest entropy by cost.

    Returns
    -------
    gains : ndarray of shape (n_samples, n_all_labels), float64
        In nats by cost; -inf for labels that are known, certain (a probability of exactly 0 or 1:
        rules settle them), not to be asked or not looked at.
    """
    rows = np.arange(len(states))
    with_extra = bool(may_ask[:, questions.n_targets :].any())
    proba = questions.ask(rows, states, with_extra).astype(np.float64)
    n_asked = proba.shape[1]
    own = _entropy(proba)
    may_ask = may_ask[:, :n_asked] & (states[:, :n_asked] == UNKNOWN) & (own > 0)
    promise = np.where(may_ask, own / cost[:n_asked], -np.inf)
    candidates = np.argsort(-promise, axis=1, kind="stable")[:, :n_candidates]
    gains = np.full(states.shape, -np.inf)
    for label in candidates.T:
        active = np.flatnonzero(may_ask[rows, label])
        label = label[active]
        if len(active):
            drop = _expected_drop(questions, active, states[active], label, proba[active])
            gains[active, label] = drop / cost[label]
    return gains


def _expected_drop(questions, rows, states, label, proba):
    """Of the entropies of the other targets, if one label of each image is asked, (n_rows,)."""
    each = np.arange(len(rows))
    p = proba[each, label, None]
    proba = proba[:, : questions.n_targets]
    others = label[:, None] != np.arange(questions.n_targets)
    drop = _entropy(proba)
    for answer, weight in ((POSITIVE, p), (NEGATIVE, 1 - p)):
        states[each, label] = answer
        drop -= weight * _entropy(questions.ask(rows, states).astype(np.float64))
    return drop.sum(axis=1, where=others)


def _entropy(proba):
    """Of binary labels, in nats."""
    return entr(proba) + entr(1 - proba)


def read_askable(askable, questions):
    """Which labels may be asked: a mask of shape (n_samples, n_all_labels).

    Parameters
    ----------
    askable : None, list of labels, or array-like of bool
        As in :func:`suggest_labels`.
    questions : Questions

    Raises
    ------
    ValueError
        If a mask has another shape, a list is empty, or no label has a name.
    """
    shape = questions.states.shape
    if askable is None:
        return np.ones(shape, dtype=bool)
    # A list of booleans too: taken for names, True would be the label 1.
    if np.asarray(askable).dtype == bool:
        askable = np.asarray(askable)
        if askable.shape not in (shape, shape[1:]):
            raise ValueError(
                f"askable, a mask, must have shape {shape[1:]} or {shape}, got {askable.shape}."
            )
        return np.broadcast_to(askable, shape)
    mask = np.zeros(shape, dtype=bool)
    mask[:, questions.positions(askable, "askable")] = True
    return mask


def read_cost(cost, questions):
    """What an answer about each label costs: (n_all_labels,), float64, above 0.

    Parameters
    ----------
    cost : None, dict or array-like of shape (n_all_labels,)
        As in :func:`suggest_labels`.
    questions : Questions

    Raises
    ------
    ValueError
        If the shape or a cost does not fit, or no label has a name.
    """
    n_labels = len(questions.names)
    costs = np.ones(n_labels)
    if hasattr(cost, "items"):
        for label, value in cost.items():
            costs[questions.position(label)] = _as_number(value, f"cost[{label!r}]")
    elif cost is not None:
        values = [cost] if np.ndim(cost) == 0 else cost
        costs = np.array([_as_number(value, "cost") for value in values])
        if costs.shape != (n_labels,):
            raise ValueError(
                f"cost must have {n_labels} values, one for each label, got shape {costs.shape}."
            )
    wrong = ~(np.isfinite(costs) & (costs > 0))
    if wrong.any():
        label = int(wrong.argmax())
        raise ValueError(
            f"cost must be above 0 and finite; that of {questions.names[label]!r} is "
            f"{costs[label]:g}."
        )
    return costs


def _as_number(value, what):
    if not isinstance(value, Real):
        raise ValueError(f"{what} must be a number above 0, got {value!r}.")
    return float(value)
