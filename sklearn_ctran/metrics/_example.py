"""Metrics of predicted entries and rows: Hamming loss, subset accuracy, example F1."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from sklearn_ctran._utils.typing import KnownLabels, Labels
from sklearn_ctran.metrics._decisions import decide
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import read_entries
from sklearn_ctran.metrics._undefined import (
    check_zero_division,
    fill_undefined,
    mean_of_defined,
    ratio,
)


@with_shared_parameters
def hamming_loss(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
) -> float:
    """Share of wrong predictions among all entries that count.

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}

    Returns
    -------
    loss : float
        In [0, 1], 0 is best. All entries weigh the same, so a row in which more of them count
        weighs more.

    Raises
    ------
    {errors}
        Also if `threshold` or `top_k` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import hamming_loss
    >>> y_true = [[1, 0, 1], [0, 1, -1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.3, 0.8, 0.9]]
    >>> hamming_loss(y_true, y_score)
    0.2
    """
    entries, predicted = _read(y_true, y_score, known_labels, sample_weight, threshold, top_k)
    wrong, weight = entries.counted & (predicted != entries.positive), entries.weight
    return float(weight @ wrong.sum(axis=1) / (weight @ entries.counted.sum(axis=1)))


@with_shared_parameters
def subset_accuracy(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
) -> float:
    """Share of the rows in which every entry that counts is predicted correctly.

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}

    Returns
    -------
    accuracy : float
        In [0, 1]. Rows in which no entry counts are left out.

    Raises
    ------
    {errors}
        Also if `threshold` or `top_k` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import subset_accuracy
    >>> y_true = [[1, 0, 1], [0, 1, -1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.3, 0.8, 0.9]]
    >>> subset_accuracy(y_true, y_score)
    0.5
    """
    entries, predicted = _read(y_true, y_score, known_labels, sample_weight, threshold, top_k)
    right = (~entries.counted | (predicted == entries.positive)).all(axis=1)
    weight = np.where(entries.counted.any(axis=1), entries.weight, 0.0)
    return float(np.average(right, weights=weight))


@with_shared_parameters
def example_f1(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Mean over rows of the F1 of the predicted and the true labels.

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        F1 of a row in which nothing is predicted and nothing is true. "warn" is 0, and warns; NaN
        leaves the row out of the mean.

    Returns
    -------
    f1 : float
        In [0, 1]; NaN if `zero_division` is NaN and leaves out every row. Rows in which no entry
        counts are always left out.

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import example_f1
    >>> y_true = [[1, 0, 1], [0, 1, -1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.3, 0.8, 0.9]]
    >>> example_f1(y_true, y_score)
    0.9
    """
    check_zero_division(zero_division)
    entries, predicted = _read(y_true, y_score, known_labels, sample_weight, threshold, top_k)
    positive, scored = entries.positive, entries.counted.any(axis=1)
    correct = (predicted & positive).sum(axis=1)
    either = predicted.sum(axis=1) + positive.sum(axis=1)
    scores = fill_undefined(
        ratio(2 * correct, either)[scored],
        zero_division,
        lambda undefined: (
            f"F1 is undefined for {undefined.sum()} row(s) in which nothing is "
            "predicted and nothing is true"
        ),
    )
    return mean_of_defined(scores, entries.weight[scored])


def _read(y_true, y_score, known_labels, sample_weight, threshold, top_k):
    entries = read_entries(y_true, y_score, known_labels, sample_weight, probabilities=True)
    return entries, decide(entries, threshold, top_k)
