"""Calibration: do probabilities agree with the frequencies of positives?"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.typing import KnownLabels, Labels
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import check_average, read_entries
from sklearn_ctran.metrics._ranking import blocks
from sklearn_ctran.metrics._undefined import mean_of_defined, ratio, warn_left_out
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


@with_shared_parameters
def expected_calibration_error(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    n_bins: int = 15,
    average: Literal["macro", "micro"] | None = "macro",
) -> float | Any:
    """Expected calibration error (ECE) of P(label = 1), label by label.

    The probabilities of a label are put in bins of equal width. The error is the mean over bins,
    weighted by their entries, of the distance between a bin's mean probability and its share of
    positives (Guo et al., "On Calibration of Modern Neural Networks", 2017, eq. 3).

    Parameters
    ----------
    {probabilities}
    {entries}
    n_bins : int, default=15
        Number of bins of [0, 1]. A probability on a border is in the upper bin, 1.0 in the last.
    average : {"macro", "micro"} or None, default="macro"
        "macro": mean over labels; "micro": error of all entries as if they were of one label;
        None: error of each label.

    Returns
    -------
    error : float, or ndarray of shape (n_labels,), float64
        In [0, 1], 0 is best. A label without an entry that counts is left out of the mean, with
        an ``UndefinedMetricWarning``, and is NaN for ``average=None``.

    Raises
    ------
    {errors}
        Also if `n_bins` or `average` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import expected_calibration_error
    >>> y_true = [[1, 0, 1], [1, 1, -1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.2, 0.8, 0.3]]
    >>> round(expected_calibration_error(y_true, y_score), 3)
    0.433
    """
    check_average(average)
    check_count("n_bins", n_bins)
    entries = read_entries(y_true, y_score, known_labels, sample_weight, probabilities=True)
    errors = _errors(entries, n_bins, pooled=average == "micro")
    if average is None:
        return errors
    if average == "macro":
        warn_left_out(entries.names[np.isnan(errors) & ~entries.all_known])
    return mean_of_defined(errors)


def _errors(entries, n_bins, pooled):
    """ECE of each label, (n_labels,), or of all entries as one label, (1,)."""
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
    """Weighted sum of probability minus truth in each bin, (n_labels, n_bins)."""
    weight = np.where(truth == UNKNOWN, 0.0, weight[:, None])
    cell = np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], score, side="right")
    cell += n_bins * np.arange(score.shape[1])
    surplus = weight * (score - (truth == POSITIVE))
    return np.bincount(cell.ravel(), surplus.ravel(), minlength=n_bins * score.shape[1]).reshape(
        -1, n_bins
    )
