"""Average precision over the entries that a model had to predict."""

import numpy as np
from sklearn.utils import gen_batches

from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import (
    check_average,
    label_names,
    read_entries,
    read_truth,
    table_shape,
)
from sklearn_ctran.metrics._undefined import mean_of_defined, ratio, warn_without_positive
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Entries that are sorted at a time: what a processor's cache holds.
_BLOCK = 1 << 17


@with_shared_parameters
def mean_average_precision(
    y_true, y_score, *, known_labels=None, sample_weight=None, average="macro"
):
    """Mean over labels of the average precision (mAP), as the paper reports it.

    Average precision is scikit-learn's: precision at each distinct score, weighted by the gain
    in recall, without interpolation.

    Parameters
    ----------
    {scores}
    {entries}
    average : {"macro", "micro"} or None, default="macro"
        "macro": mean over labels; "micro": average precision of all entries as if they were of
        one label; None: of each label.

    Returns
    -------
    mAP : float, or ndarray of shape (n_labels,), float64
        In [0, 1]. A label without a positive among the entries that count is left out of the
        mean, and NaN for ``average=None``; an ``UndefinedMetricWarning`` names such labels, except
        those that were told, and :func:`labels_without_positive` names all. A label with
        positives only has 1.0, whatever its scores.

    Raises
    ------
    {errors}
        Also if no label has a positive that counts, unless `average` is None.
    """
    check_average(average)
    entries = read_entries(y_true, y_score, known_labels, sample_weight)
    if average == "micro":
        weight = np.where(entries.counted, entries.weight[:, None], 0.0).reshape(1, -1)
        scores = _rank(entries.score.reshape(1, -1), entries.positive.reshape(1, -1), weight)
        return mean_of_labels(scores)
    scores = average_precisions(entries)
    if average is None:
        return scores
    return mean_of_labels(scores, entries)


@with_shared_parameters
def labels_without_positive(y_true, *, known_labels=None, sample_weight=None):
    """The labels that :func:`mean_average_precision` leaves out of its mean.

    Parameters
    ----------
    {truth}
    {entries}

    Returns
    -------
    labels : ndarray of shape (n_left_out,)
        Names where `y_true` is a DataFrame, else positions.

    Raises
    ------
    ValueError, TypeError
        As :func:`mean_average_precision`.
    """
    n_labels = table_shape(y_true, "y_true")[1]
    names = label_names(y_true, n_labels=n_labels)
    truth = read_truth(y_true, names, known_labels, sample_weight)
    return names[~(truth == POSITIVE).any(axis=0)]


def mean_of_labels(scores, entries=None):
    """mAP of the average precision of each label, which is NaN without a positive.

    Parameters
    ----------
    scores : ndarray of shape (n_labels,)
    entries : Entries, default=None
        Whose labels are named in a warning if they are left out.

    Returns
    -------
    mAP : float

    Raises
    ------
    ValueError
        If all are NaN.
    """
    undefined = np.isnan(scores)
    if undefined.all():
        raise ValueError("mAP is not defined: no label has a positive among the entries to score.")
    if entries is not None:
        warn_without_positive(entries.names[undefined & ~entries.is_told])
    return mean_of_defined(scores)


def average_precisions(entries):
    """Average precision of each label.

    Parameters
    ----------
    entries : Entries

    Returns
    -------
    scores : ndarray of shape (n_labels,), float64
        NaN for a label without a positive.
    """
    n_samples, n_labels = entries.truth.shape
    scores = np.empty(n_labels)
    for labels in blocks(n_labels, n_samples):
        truth = np.ascontiguousarray(entries.truth[:, labels].T)
        score = np.ascontiguousarray(entries.score[:, labels].T)
        weight = np.where(truth == UNKNOWN, 0.0, entries.weight)
        scores[labels] = _rank(score, truth == POSITIVE, weight)
    return scores


def _rank(score, positive, weight):
    """Average precision of each row, ndarray of shape (n_rows,); all arguments (n_rows, n)."""
    positive, (true_above, all_above) = at_or_above(score, weight * positive, weight)
    # Entries that do not count weigh nothing: on top of a row they have nothing above either.
    precision = np.divide(true_above, all_above, out=true_above, where=all_above > 0)
    return ratio((positive * precision).sum(axis=1), positive.sum(axis=1))


def blocks(n_rows, n):
    """Slices of the rows of a table with rows of `n` entries, to be sorted at a time."""
    return gen_batches(n_rows, max(1, _BLOCK // n))


def at_or_above(score, first, second):
    """What lies at the score of each entry of a row, or above it.

    Parameters
    ----------
    score : ndarray of shape (n_rows, n)
    first, second : ndarray of shape (n_rows, n), float64
        What to add up: weights of some of the entries.

    Returns
    -------
    first : ndarray of shape (n_rows, n), float64
        In the order of descending scores.
    above : (ndarray, ndarray) of shape (n_rows, n), float64
        In the same order, the sum of `first` and `second` over all entries of the row whose score
        is not lower.
    """
    order = np.argsort(-score, axis=1)
    score, first, second = (np.take_along_axis(a, order, axis=1) for a in (score, first, second))
    above = first.cumsum(axis=1), second.cumsum(axis=1)
    tied = score[:, 1:] == score[:, :-1]
    if tied.any():
        # Up to the last entry with the same score.
        end = np.broadcast_to(np.arange(score.shape[1]), score.shape).copy()
        end[:, :-1][tied] = score.shape[1]
        end = np.minimum.accumulate(end[:, ::-1], axis=1)[:, ::-1]
        above = tuple(np.take_along_axis(a, end, axis=1) for a in above)
    return first, above
