"""Thresholded metrics over entries and rows: Hamming loss, subset accuracy, example F1."""

import numpy as np

from sklearn_ctran.metrics._decisions import decide
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import read_entries
from sklearn_ctran.metrics._undefined import check_zero_division, mean_of_defined, ratio, settle


@with_shared_parameters
def hamming_loss(
    y_true, y_score, *, known_labels=None, sample_weight=None, threshold=0.5, top_k=None
):
    """Share of the entries that count that are predicted wrongly.

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}

    Returns
    -------
    loss : float
        In [0, 1], 0 is best. Of all entries together: a row with more of them counts more.

    Raises
    ------
    {errors}
        Also if `threshold` or `top_k` cannot be used.
    """
    entries, predicted = _read(y_true, y_score, known_labels, sample_weight, threshold, top_k)
    wrong, weight = entries.counted & (predicted != entries.positive), entries.weight
    return float(weight @ wrong.sum(axis=1) / (weight @ entries.counted.sum(axis=1)))


@with_shared_parameters
def subset_accuracy(
    y_true, y_score, *, known_labels=None, sample_weight=None, threshold=0.5, top_k=None
):
    """Share of the rows in which everything that counts is predicted rightly.

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
    """
    entries, predicted = _read(y_true, y_score, known_labels, sample_weight, threshold, top_k)
    right = (~entries.counted | (predicted == entries.positive)).all(axis=1)
    weight = np.where(entries.counted.any(axis=1), entries.weight, 0.0)
    return float(np.average(right, weights=weight))


@with_shared_parameters
def example_f1(
    y_true,
    y_score,
    *,
    known_labels=None,
    sample_weight=None,
    threshold=0.5,
    top_k=None,
    zero_division="warn",
):
    """Mean over rows of the F1 of what is predicted and what is true.

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        F1 of a row in which nothing is predicted and nothing true. "warn" is 0, and warns; NaN
        leaves it out of the mean.

    Returns
    -------
    f1 : float
        In [0, 1]; NaN only if `zero_division` is, and every row is left out. Rows in which no
        entry counts are always left out.

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.
    """
    check_zero_division(zero_division)
    entries, predicted = _read(y_true, y_score, known_labels, sample_weight, threshold, top_k)
    positive, scored = entries.positive, entries.counted.any(axis=1)
    correct = (predicted & positive).sum(axis=1)
    either = predicted.sum(axis=1) + positive.sum(axis=1)
    scores = settle(
        ratio(2 * correct, either)[scored],
        zero_division,
        lambda undefined: (
            f"F1 is undefined for {undefined.sum()} row(s) in which nothing is "
            "predicted and nothing true"
        ),
    )
    return mean_of_defined(scores, entries.weight[scored])


def _read(y_true, y_score, known_labels, sample_weight, threshold, top_k):
    entries = read_entries(y_true, y_score, known_labels, sample_weight, probabilities=True)
    return entries, decide(entries, threshold, top_k)
