"""Precision, recall and F1: overall (OP, OR, OF1) and by class (CP, CR, CF1).

See section 4.1 and Table 1 of the paper. Where a denominator is 0, such as for the precision of a
label that is never predicted, `zero_division` applies as in scikit-learn: by default 0, with a
warning. A label without an entry that counts is left out of the mean over labels.
"""

from typing import Literal

from numpy.typing import ArrayLike

from sklearn_ctran._utils.typing import KnownLabels, Labels
from sklearn_ctran.metrics import _label_counts
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import read_entries
from sklearn_ctran.metrics._undefined import check_zero_division


def _count(y_true, y_score, known_labels, sample_weight, threshold, top_k, zero_division):
    check_zero_division(zero_division)
    entries = read_entries(y_true, y_score, known_labels, sample_weight, probabilities=True)
    return _label_counts.count_labels(entries, threshold, top_k)


@with_shared_parameters
def overall_precision(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Share of all predicted entries that are true (OP).

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        The score if nothing is predicted. "warn" is 0, and warns.

    Returns
    -------
    OP : float
        In [0, 1], or NaN if `zero_division` is.

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import overall_precision
    >>> y_true = [[1, 0, 1], [1, 1, 1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.2, 0.8, 0.3]]
    >>> overall_precision(y_true, y_score)
    0.75
    """
    counts = _count(y_true, y_score, known_labels, sample_weight, threshold, top_k, zero_division)
    return _label_counts.overall_precision(counts, zero_division)


@with_shared_parameters
def overall_recall(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Share of all true entries that are predicted (OR).

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        The score if no entry that counts is true. "warn" is 0, and warns.

    Returns
    -------
    OR : float
        In [0, 1], or NaN if `zero_division` is.

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import overall_recall
    >>> y_true = [[1, 0, 1], [1, 1, 1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.2, 0.8, 0.3]]
    >>> overall_recall(y_true, y_score)
    0.6
    """
    counts = _count(y_true, y_score, known_labels, sample_weight, threshold, top_k, zero_division)
    return _label_counts.overall_recall(counts, zero_division)


@with_shared_parameters
def overall_f1(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Harmonic mean of OP and OR, over all entries (OF1).

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        The score if nothing is predicted and nothing is true. "warn" is 0, and warns.

    Returns
    -------
    OF1 : float
        In [0, 1], or NaN if `zero_division` is.

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import overall_f1
    >>> y_true = [[1, 0, 1], [1, 1, 1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.2, 0.8, 0.3]]
    >>> round(overall_f1(y_true, y_score), 3)
    0.667
    """
    counts = _count(y_true, y_score, known_labels, sample_weight, threshold, top_k, zero_division)
    return _label_counts.overall_f1(counts, zero_division)


@with_shared_parameters
def class_precision(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Mean over labels of precision (CP).

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        Precision of a label that is never predicted. "warn" is 0, and warns; NaN leaves the label
        out of the mean.

    Returns
    -------
    CP : float
        In [0, 1]; NaN if `zero_division` is NaN and leaves out every label. A label without an
        entry that counts is always left out, with a warning if `zero_division` is "warn".

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import class_precision
    >>> y_true = [[1, 0, 1], [1, 1, 1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.2, 0.8, 0.3]]
    >>> round(class_precision(y_true, y_score), 3)
    0.833
    """
    counts = _count(y_true, y_score, known_labels, sample_weight, threshold, top_k, zero_division)
    return _label_counts.class_precision(counts, zero_division)


@with_shared_parameters
def class_recall(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Mean over labels of recall (CR).

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        Recall of a label that is never true. "warn" is 0, and warns; NaN leaves the label out of
        the mean.

    Returns
    -------
    CR : float
        In [0, 1]; NaN if `zero_division` is NaN and leaves out every label. A label without an
        entry that counts is always left out, with a warning if `zero_division` is "warn".

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import class_recall
    >>> y_true = [[1, 0, 1], [1, 1, 1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.2, 0.8, 0.3]]
    >>> round(class_recall(y_true, y_score), 3)
    0.667
    """
    counts = _count(y_true, y_score, known_labels, sample_weight, threshold, top_k, zero_division)
    return _label_counts.class_recall(counts, zero_division)


@with_shared_parameters
def class_f1(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Harmonic mean of CP and CR (CF1); not the mean of the labels' F1.

    Parameters
    ----------
    {probabilities}
    {entries}
    {decisions}
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        Precision of a label that is never predicted, and recall of one that is never true. "warn"
        is 0, and warns; NaN leaves the label out of CP or CR.

    Returns
    -------
    CF1 : float
        In [0, 1]; NaN if `zero_division` is NaN and leaves out every label. A label without an
        entry that counts is always left out, with a warning if `zero_division` is "warn".

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k` or `zero_division` cannot be used.

    Examples
    --------
    >>> from sklearn_ctran.metrics import class_f1
    >>> y_true = [[1, 0, 1], [1, 1, 1]]
    >>> y_score = [[0.9, 0.7, 0.6], [0.2, 0.8, 0.3]]
    >>> round(class_f1(y_true, y_score), 3)
    0.741
    """
    counts = _count(y_true, y_score, known_labels, sample_weight, threshold, top_k, zero_division)
    return _label_counts.class_f1(counts, zero_division)
