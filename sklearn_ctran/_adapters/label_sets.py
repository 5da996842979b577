"""Whole label sets: decoding, sampling, and pseudo-log-likelihood.

Each step predicts labels given those already decided. Any estimator of the protocol works.
"""

import numpy as np

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Labels under no rule whose probability is this close to 0 or 1 are fixed all at once. On photos
#: with 74 words this gives the same label sets as one by one, five times as fast.
CERTAIN_WITHIN = 0.01


def decode(questions, beam_width):
    """Label sets (n_samples, n_targets), int64, found by fixing one label after the other.

    The most confident label is fixed, fed back as known, and so on; known states of `questions`
    stay as they are. `beam_width` label sets of an image are kept. Each is continued with its most
    confident label negative and positive, and the most probable ones are kept; 1 is greedy.
    """
    n_targets = questions.n_targets
    rows = np.arange(len(questions.states))
    states = questions.states
    scores = np.zeros(len(rows))
    while True:
        is_open = (states[:, :n_targets] == UNKNOWN).any(axis=1)
        if not is_open.any():
            break
        branches = _branches(questions, rows[is_open], states[is_open], scores[is_open])
        done = rows[~is_open], states[~is_open], scores[~is_open]
        grown = zip(done, *branches, strict=True)
        rows, states, scores = (np.concatenate(parts) for parts in grown)
        best = _best(rows, scores, beam_width)
        rows, states, scores = rows[best], states[best], scores[best]
    return states[_best(rows, scores, 1), :n_targets].astype(np.int64)


def _branches(questions, rows, states, scores):
    """Each label set twice: with its most confident label negative, and with it positive."""
    n_targets = questions.n_targets
    proba = questions.ask(rows, states).astype(np.float64)
    is_open = states[:, :n_targets] == UNKNOWN
    within = np.full(n_targets, CERTAIN_WITHIN)
    # Under an exactly-one rule, every one of a hundred labels may look almost certainly negative.
    within[[i for tied in questions.components for i in tied if i < n_targets]] = 0
    certain = is_open & (np.abs(proba - 0.5) >= 0.5 - within)
    states = states.copy()
    states[:, :n_targets][certain] = proba[certain] > 0.5
    scores = scores + np.where(certain, np.log(np.maximum(proba, 1 - proba)), 0).sum(axis=1)
    is_open &= ~certain
    rest = is_open.any(axis=1)
    yield rows[~rest], states[~rest], scores[~rest]
    rows, states, scores, proba = rows[rest], states[rest], scores[rest], proba[rest]
    label = np.where(is_open[rest], np.abs(proba - 0.5), -1).argmax(axis=1)
    each = np.arange(len(rows))
    p = proba[each, label]
    for state, gain in ((NEGATIVE, np.log1p(-p)), (POSITIVE, np.log(p))):
        branch = states.copy()
        branch[each, label] = state
        yield rows, branch, scores + gain


def _best(rows, scores, n):
    """Positions of the n highest scores of each row, rows in order."""
    order = np.lexsort((-scores, rows))
    first = np.searchsorted(rows[order], rows[order])
    return order[np.arange(len(order)) - first < n]


def sample(questions, n_samples, n_sweeps, rng):
    """Label sets drawn at random, (n_images, n_samples, n_targets), int64; known states stay.

    Labels are drawn one by one in a random order. Each of the `n_sweeps` Gibbs sweeps then draws
    each label again given all others; labels that rules connect are drawn again together.
    """
    n_images, n_targets = len(questions.states), questions.n_targets
    rows = np.repeat(np.arange(n_images), n_samples)
    states = questions.states[rows]
    wanted = states[:, :n_targets] == UNKNOWN
    _draw(questions, rows, states, wanted, rng)
    blocks = [[i for i in block if i < n_targets] for block in questions.components]
    in_block = {label for block in blocks for label in block}
    blocks += [[label] for label in range(n_targets) if label not in in_block]
    for _ in range(n_sweeps):
        for i in rng.permutation(len(blocks)):
            again = np.zeros_like(wanted)
            again[:, blocks[i]] = wanted[:, blocks[i]]
            _draw(questions, rows, states, again, rng)
    return states[:, :n_targets].astype(np.int64).reshape(n_images, n_samples, n_targets)


def _draw(questions, rows, states, wanted, rng):
    """Set the wanted labels to unknown, then draw them one by one in a random order, in place."""
    states[:, : wanted.shape[1]][wanted] = UNKNOWN
    order = np.where(wanted, rng.random_sample(wanted.shape), np.inf).argsort(axis=1)
    n_wanted = wanted.sum(axis=1)
    for step in range(n_wanted.max(initial=0)):
        active = np.flatnonzero(n_wanted > step)
        label = order[active, step]
        proba = questions.ask(rows[active], states[active])[np.arange(len(active)), label]
        states[active, label] = rng.random_sample(len(active)) < proba


def pseudo_log_likelihood(questions):
    """Log-probability of each known target, given the image and all other known labels.

    The states of `questions` are the label sets. The result (n_samples, n_targets), float64, is at
    most 0, and NaN where the label is unknown.
    """
    truth = questions.states
    scores = np.full((len(truth), questions.n_targets), np.nan)
    for label in range(questions.n_targets):
        rows = np.flatnonzero(truth[:, label] != UNKNOWN)
        if not len(rows):
            continue
        states = truth[rows]
        states[:, label] = UNKNOWN
        proba = questions.ask(rows, states)[:, label].astype(np.float64)
        is_positive = truth[rows, label] == POSITIVE
        with np.errstate(divide="ignore"):
            scores[rows, label] = np.where(is_positive, np.log(proba), np.log1p(-proba))
    return scores
