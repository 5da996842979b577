"""Average precision of labels, and mean average precision."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import gen_batches

from sklearn_ctran._utils.typing import KnownLabels, Labels
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

#: Number of entries that are sorted at a time; so many fit into a processor's cache.
_BLOCK = 1 << 17


@with_shared_parameters
def mean_average_precision(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    average: Literal["macro", "micro"] | None = "macro",
) -> float | Any:
    """Mean over labels of the average precision (mAP), as the paper reports it.

    Average precision is defined as in scikit-learn: the mean of the precision at each distinct
    score, weighted by the increase in recall, without interpolation.

    Parameters
    ----------
    {scores}
    {entries}
    average : {"macro", "micro"} or None, default="macro"
        "macro": mean over labels; "micro": average precision of all entries as if they were of
        one label; None: average precision of each label.

    Returns
    -------
    mAP : float, or ndarray of shape (n_labels,), float64
        In [0, 1]. A label without a positive among the entries that count is left out of the
        mean, and is NaN for ``average=None``. An ``UndefinedMetricWarning`` names such labels,
        except those whose annotated entries are all known; :func:`labels_without_positive`
        returns all. A label that has only positives gets 1.0, whatever its scores.

    Raises
    ------
    {errors}
        Also if no label has a positive that counts, unless `average` is None.

    Examples
    --------
    >>> from sklearn_ctran.metrics import mean_average_precision
    >>> y_true = [[1, 0, 1], [0, 1, -1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.3, 0.6, 0.9]]
    >>> round(mean_average_precision(y_true, y_score), 3)
    0.833
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
def labels_without_positive(
    y_true: Labels, *, known_labels: KnownLabels = None, sample_weight: ArrayLike | None = None
) -> np.ndarray:
    """Return the labels that :func:`mean_average_precision` leaves out of its mean.

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

    Examples
    --------
    >>> from sklearn_ctran.metrics import labels_without_positive
    >>> labels_without_positive([[1, 0, -1], [1, 0, 1]]).tolist()
    [1]
    """
    n_labels = table_shape(y_true, "y_true")[1]
    names = label_names(y_true, n_labels=n_labels)
    truth = read_truth(y_true, names, known_labels, sample_weight)
    return names[~(truth == POSITIVE).any(axis=0)]


def mean_of_labels(scores, entries=None):
    """Compute mAP from the average precision (n_labels,) of each label, NaN without a positive.

    If `entries`, those scored, are given, a warning names the labels that are left out. Raises
    ValueError if all are NaN.
    """
    undefined = np.isnan(scores)
    if undefined.all():
        raise ValueError("mAP is not defined: no label has a positive among the entries to score.")
    if entries is not None:
        warn_without_positive(entries.names[undefined & ~entries.all_known])
    return mean_of_defined(scores)


def average_precisions(entries):
    """Average precision (n_labels,), float64, of each label; NaN without a positive."""
    n_samples, n_labels = entries.truth.shape
    scores = np.empty(n_labels)
    for labels in blocks(n_labels, n_samples):
        truth = np.ascontiguousarray(entries.truth[:, labels].T)
        score = np.ascontiguousarray(entries.score[:, labels].T)
        weight = np.where(truth == UNKNOWN, 0.0, entries.weight)
        scores[labels] = _rank(score, truth == POSITIVE, weight)
    return scores


def _rank(score, positive, weight):
    """Average precision of each row, (n_rows,); all arguments are (n_rows, n)."""
    positive, (true_above, all_above) = at_or_above(score, weight * positive, weight)
    # `all_above` is 0 where only entries that do not count, which have weight 0, are above.
    precision = np.divide(true_above, all_above, out=true_above, where=all_above > 0)
    return ratio((positive * precision).sum(axis=1), positive.sum(axis=1))


def blocks(n_rows, n):
    """Split `n_rows` rows of `n` entries into slices of a size that sorts fast."""
    return gen_batches(n_rows, max(1, _BLOCK // n))


def at_or_above(score, first, second):
    """Sum weights over the entries of a row whose score is at least that of each entry.

    `first` and `second` are two sets of weights, float64; all arrays are (n_rows, n). Returns
    `first` in the order of descending scores and, in the same order, the sums of `first` and of
    `second`.
    """
    order = np.argsort(-score, axis=1)
    score, first, second = (np.take_along_axis(a, order, axis=1) for a in (score, first, second))
    above = first.cumsum(axis=1), second.cumsum(axis=1)
    tied = score[:, 1:] == score[:, :-1]
    if tied.any():
        # The sums of entries with equal scores are those at the last of them.
        end = np.broadcast_to(np.arange(score.shape[1]), score.shape).copy()
        end[:, :-1][tied] = score.shape[1]
        end = np.minimum.accumulate(end[:, ::-1], axis=1)[:, ::-1]
        above = tuple(np.take_along_axis(a, end, axis=1) for a in above)
    return first, above
