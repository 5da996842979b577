"""What the number of labels of an image says of one more label."""

import numpy as np

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: So many labels and more count as the same.
_MOST = 31


def learn_room(states, weights):
    """Log of how much more often a label has 0, 1, 2, ... others beside it than its absence has.

    Each label with positives and negatives counts alike, and as if it had one more of each, drawn
    at random from all rows. Where annotators stop after a few labels, an image that has these
    already has no room for another.

    Parameters
    ----------
    states : ndarray of shape (n_samples, n_labels), int8
        True states. What nobody annotated counts with the label's share of positives.
    weights : ndarray of shape (n_samples,), float64
        A row of weight 2 counts as twice.

    Returns
    -------
    room : ndarray of shape (n_counts,), float32
        The last entry is for that many other labels or more; 0 where no row has so many.
    """
    states, weights = states[weights > 0], weights[weights > 0]
    is_positive, is_negative = states == POSITIVE, states == NEGATIVE
    n_positive, n_negative = weights @ is_positive, weights @ is_negative
    share = n_positive / np.maximum(n_positive + n_negative, 1e-12)
    expected = np.where(states == UNKNOWN, share, is_positive)
    others = expected.sum(axis=1, keepdims=True) - expected
    others = np.rint(others).astype(np.int64).clip(0, _MOST)
    usable = np.flatnonzero((n_positive > 0) & (n_negative > 0))
    n_counts = others.max(initial=0) + 1
    if not len(usable):
        return np.zeros(n_counts, dtype=np.float32)
    total = np.zeros((2, n_counts))
    for label in usable:
        with_it, without = (
            np.bincount(others[:, label], weights * each[:, label], n_counts)
            for each in (is_positive, is_negative)
        )
        of_all = (with_it + without) / (with_it + without).sum()
        total += [(each + of_all) / (each.sum() + 1) for each in (with_it, without)]
    total += 1e-9  # So that counts of no row have the ratio 1.
    return np.log(total[0] / total[1]).astype(np.float32)


def room_for_another(room, proba):
    """Log of the expected ratio (n_samples,), float32, given probabilities (n_samples, n_labels).

    `room` is what :func:`learn_room` returned. Labels count as independent of one another; those
    that are known have the probability 0 or 1.
    """
    return np.log(count_distribution(proba, len(room)) @ np.exp(room)).astype(np.float32)


def count_distribution(proba, n_counts):
    """Probabilities (n_samples, n_counts) of how many labels an image has; the last: or more.

    `proba` (n_samples, n_labels) are those of the labels, independent of one another.
    """
    counts = np.zeros((len(proba), n_counts))
    counts[:, 0] = 1
    for label in proba.T:
        moved = counts[:, :-1] * label[:, None]
        counts[:, :-1] -= moved
        counts[:, 1:] += moved
    return counts
