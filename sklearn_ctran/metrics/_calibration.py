"""Whether probabilities are as often right as they say."""

import numpy as np

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import check_average, read_entries
from sklearn_ctran.metrics._ranking import blocks
from sklearn_ctran.metrics._undefined import mean_of_defined, ratio, warn_left_out
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


@with_shared_parameters
def expected_calibration_error(
    y_true, y_score, *, known_labels=None, sample_weight=None, n_bins=15, average="macro"
):
    """Distance between probability and frequency, by label (ECE).

    The probabilities of a label are put in bins of equal width; the error is the mean over bins,
    weighted by their entries, of the distance between their mean probability and their share of
    positives (Guo et al., "On Calibration of Modern Neural Networks", 2017, eq. 3, of
    P(label = 1)).

    Parameters
    ----------
    {probabilities}
    {entries}
    n_bins : int, default=15
        Bins of [0, 1]; a probability on a border is in the upper bin, 1.0 in the last.
    average : {"macro", "micro"} or None, default="macro"
        "macro": mean over labels; "micro": of all entries as if they were of one label; None: of
        each label.

    Returns
    -------
    error : float, or ndarray of shape (n_labels,), float64
        In [0, 1], 0 is best. A label of which no entry counts is left out of the mean, with an
        ``UndefinedMetricWarning``, and NaN for ``average=None``.

    Raises
    ------
    {errors}
        Also if `n_bins` or `average` cannot be used.
    """
    check_average(average)
    check_count("n_bins", n_bins)
    entries = read_entries(y_true, y_score, known_labels, sample_weight, probabilities=True)
    errors = _errors(entries, n_bins, pooled=average == "micro")
    if average is None:
        return errors
    if average == "macro":
        warn_left_out(entries.names[np.isnan(errors) & ~entries.is_told])
    return mean_of_defined(errors)


def _errors(entries, n_bins, pooled):
    """ECE of each label, or of all as one, ndarray of shape (n_labels,) or (1,)."""
    n_samples, n_labels = entries.truth.shape
    surplus = np.empty((n_labels, n_bins))
    for labels in blocks(n_labels, n_samples):
        surplus[labels] = _surplus(
            entries.score[:, labels], entries.truth[:, labels], entries.weight, n_bins
        )
    total = entries.weight @ entries.counted
    if pooled:
        surplus, total = surplus.sum(axis=0, keepdims=True), total.sum(keepdims=True)
    return ratio(np.abs(surplus).sum(axis=1), total)


def _surplus(score, truth, weight, n_bins):
    """By how much probabilities exceed truth in each bin, ndarray of shape (n_labels, n_bins)."""
    weight = np.where(truth == UNKNOWN, 0.0, weight[:, None])
    cell = np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], score, side="right")
    cell += n_bins * np.arange(score.shape[1])
    surplus = weight * (score - (truth == POSITIVE))
    return np.bincount(cell.ravel(), surplus.ravel(), minlength=n_bins * score.shape[1]).reshape(
        -1, n_bins
    )
