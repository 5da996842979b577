"""How much the annotation of a label tells about the others; reading `askable` and `cost`."""

from numbers import Real

import numpy as np
from scipy.special import entr

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def expected_gains(questions, states, may_ask, cost, n_candidates):
    """Expected drop of the entropies of the other targets, in nats, divided by the label's cost.

    `states` (int8, known, not changed), `may_ask` (bool) and the result (float64) are
    (n_samples, n_all_labels), `cost` is (n_all_labels,). Only the `n_candidates` labels per image
    with the highest entropy divided by cost are computed; None: all. The gain is -inf for other
    labels, and for those that are known, implied (their probability is exactly 0 or 1) or not in
    `may_ask`.
    """
    rows = np.arange(len(states))
    with_extra = bool(may_ask[:, questions.n_targets :].any())
    proba = questions.ask(rows, states, with_extra).astype(np.float64)
    n_asked = proba.shape[1]
    own = _entropy(proba)
    may_ask = may_ask[:, :n_asked] & (states[:, :n_asked] == UNKNOWN) & (own > 0)
    priority = np.where(may_ask, own / cost[:n_asked], -np.inf)
    candidates = np.argsort(-priority, axis=1, kind="stable")[:, :n_candidates]
    gains = np.full(states.shape, -np.inf)
    for label in candidates.T:
        active = np.flatnonzero(may_ask[rows, label])
        label = label[active]
        if len(active):
            drop = _expected_drop(questions, active, states[active], label, proba[active])
            gains[active, label] = drop / cost[label]
    return gains


def _expected_drop(questions, rows, states, label, proba):
    """Expected drop of the other targets' entropies for one label of each image, (n_rows,)."""
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
    """Entropy of binary labels, in nats."""
    return entr(proba) + entr(1 - proba)


def read_askable(askable, questions):
    """Mask (n_samples, n_all_labels) of `askable`, as in :func:`suggest_labels`.

    Raises ValueError if a mask has another shape, a list is empty, or a name is not a label.
    """
    shape = questions.states.shape
    if askable is None:
        return np.ones(shape, dtype=bool)
    # A list of booleans is a mask as well: read as a name, True would be the label 1.
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
    """Cost (n_all_labels,), float64, above 0, of each label, as in :func:`suggest_labels`.

    Raises ValueError if the shape is another, a cost is not above 0, or a name is not a label.
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
            f"cost must be above 0 and finite; the cost of {questions.names[label]!r} is "
            f"{costs[label]:g}."
        )
    return costs


def _as_number(value, what):
    if not isinstance(value, Real):
        raise ValueError(f"{what} must be a number above 0, got {value!r}.")
    return float(value)
