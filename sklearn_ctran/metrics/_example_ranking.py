"""How well the labels of each row are ranked: ranking loss, coverage error, one-error.

Each is computed from the entries of a row that count, and averaged over the rows that have such
entries (Zhang & Zhou, "A Review on Multi-Label Learning Algorithms", 2014, section 2.2.2).
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from sklearn_ctran._utils.typing import KnownLabels, Labels
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import read_entries
from sklearn_ctran.metrics._ranking import at_or_above, blocks
from sklearn_ctran.metrics._undefined import (
    check_zero_division,
    fill_undefined,
    mean_of_defined,
    ratio,
)
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE


@with_shared_parameters
def ranking_loss(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Share of wrongly ordered pairs of a true and a false label of a row, averaged over rows.

    Equal scores count as wrongly ordered, as in scikit-learn's ``label_ranking_loss``.

    Parameters
    ----------
    {scores}
    {entries}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        Loss of a row without such a pair. "warn" is 0, as in scikit-learn, and warns; NaN leaves
        the row out of the mean.

    Returns
    -------
    loss : float
        In [0, 1], 0 is best; NaN if `zero_division` is NaN and leaves out every row. Rows in which
        no entry counts are always left out.

    Raises
    ------
    {errors}
        Also if `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import ranking_loss
    >>> y_true = [[1, 0, 1], [0, 1, -1]]
    >>> y_score = [[0.6, 0.7, 0.9], [0.8, 0.3, 0.9]]
    >>> ranking_loss(y_true, y_score)
    0.75
    """
    check_zero_division(zero_division)
    entries = read_entries(y_true, y_score, known_labels, sample_weight)
    losses = np.empty(len(entries.truth))
    for rows in blocks(*entries.truth.shape):
        losses[rows] = _share_of_wrong_pairs(entries.score[rows], entries.truth[rows])
    what = "The ranking loss is undefined for {} row(s) without both a true and a false entry"
    return _mean_over_rows(losses, entries, zero_division, what)


@with_shared_parameters
def coverage_error(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Mean depth in the ranking of a row at which all its true labels are found.

    The depth is a number of labels, equal scores included, as in scikit-learn's
    ``coverage_error``.

    Parameters
    ----------
    {scores}
    {entries}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        Depth of a row without a true label. "warn" is 0, as in scikit-learn, and warns; NaN
        leaves the row out of the mean.

    Returns
    -------
    depth : float
        In [0, n_labels]; the mean number of true labels of a row is best. NaN if `zero_division`
        is NaN and leaves out every row. Rows in which no entry counts are always left out.

    Raises
    ------
    {errors}
        Also if `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import coverage_error
    >>> y_true = [[1, 0, 1], [0, 1, -1]]
    >>> y_score = [[0.6, 0.7, 0.9], [0.8, 0.3, 0.9]]
    >>> coverage_error(y_true, y_score)
    2.5
    """
    check_zero_division(zero_division)
    entries = read_entries(y_true, y_score, known_labels, sample_weight)
    least = np.where(entries.positive, entries.score, np.inf).min(axis=1, keepdims=True)
    depth = (entries.counted & (entries.score >= least)).sum(axis=1).astype(np.float64)
    depth[~entries.positive.any(axis=1)] = np.nan
    what = "The coverage error is undefined for {} row(s) without a true entry"
    return _mean_over_rows(depth, entries, zero_division, what)


@with_shared_parameters
def one_error(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = 1.0,
) -> float:
    """Share of the rows whose highest score belongs to a false label.

    If several scores are highest, the first column is taken, as with ``top_k=1``.

    Parameters
    ----------
    {scores}
    {entries}
    zero_division : {"warn", 0, 1, np.nan}, default=1.0
        Error of a row without a true label. 1 follows the definition literally: the highest score
        belongs to a false label, whatever the model says. NaN leaves the row out of the mean;
        "warn" is 0, and warns.

    Returns
    -------
    error : float
        In [0, 1], 0 is best; NaN if `zero_division` is NaN and leaves out every row. Rows in which
        no entry counts are always left out.

    Raises
    ------
    {errors}
        Also if `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import one_error
    >>> y_true = [[1, 0, 1], [0, 1, -1]]
    >>> y_score = [[0.6, 0.7, 0.9], [0.8, 0.3, 0.9]]
    >>> one_error(y_true, y_score)
    0.5
    """
    check_zero_division(zero_division)
    entries = read_entries(y_true, y_score, known_labels, sample_weight)
    highest = np.where(entries.counted, entries.score, -np.inf).argmax(axis=1)[:, None]
    error = 1.0 - np.take_along_axis(entries.positive, highest, axis=1)[:, 0]
    error[~entries.positive.any(axis=1)] = np.nan
    what = "The one-error is undefined for {} row(s) without a true entry"
    return _mean_over_rows(error, entries, zero_division, what)


def _share_of_wrong_pairs(score, truth):
    """Ranking loss of each row, (n_rows,); NaN for rows without a pair."""
    positive, negative = ((truth == value).astype(np.float64) for value in (POSITIVE, NEGATIVE))
    ranked, (_, negative_above) = at_or_above(score, positive, negative)
    wrong = (ranked * negative_above).sum(axis=1)
    return ratio(wrong, positive.sum(axis=1) * negative.sum(axis=1))


def _mean_over_rows(values, entries, zero_division, what):
    scored = entries.counted.any(axis=1)
    values = fill_undefined(
        values[scored], zero_division, lambda undefined: what.format(undefined.sum())
    )
    return mean_of_defined(values, entries.weight[scored])
