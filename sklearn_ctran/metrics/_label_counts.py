"""How often each label is predicted and true, and what precision, recall and F1 follow."""

from dataclasses import dataclass

import numpy as np

from sklearn_ctran._utils.names import listed
from sklearn_ctran.metrics._decisions import decide
from sklearn_ctran.metrics._undefined import mean_of_defined, ratio, settle, warn_left_out

_PRECISION = "a prediction precision"


_RECALL = "a positive entry recall"


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """Weights of the entries that count, by label.

    Attributes
    ----------
    correct, predicted, positive : ndarray of shape (n_labels,), float64
        Predicted and true; predicted; true.
    is_scored : ndarray of shape (n_labels,), bool
        Whether any entry of the label counts.
    is_told : ndarray of shape (n_labels,), bool
        As of :class:`Entries`.
    names : ndarray of shape (n_labels,)
    """

    correct: np.ndarray
    predicted: np.ndarray
    positive: np.ndarray
    is_scored: np.ndarray
    is_told: np.ndarray
    names: np.ndarray

    @property
    def precision(self):
        """Of each label, ndarray of shape (n_labels,); NaN without a prediction."""
        return ratio(self.correct, self.predicted)

    @property
    def recall(self):
        """Of each label, ndarray of shape (n_labels,); NaN without a positive."""
        return ratio(self.correct, self.positive)

    @property
    def f1(self):
        """Of each label, ndarray of shape (n_labels,); NaN without a prediction or positive."""
        return ratio(2 * self.correct, self.predicted + self.positive)


def count_labels(entries, threshold, top_k):
    """Count what is predicted and true, label by label.

    Parameters
    ----------
    entries : Entries
        With probabilities as scores.
    threshold, top_k : float or array-like, int or None
        As of :func:`decide`.

    Returns
    -------
    LabelCounts
    """
    predicted, positive = decide(entries, threshold, top_k), entries.positive
    sums = (entries.weight @ mask for mask in (predicted & positive, predicted, positive))
    return LabelCounts(*sums, entries.counted.any(axis=0), entries.is_told, entries.names)


def overall_precision(counts, zero_division):
    """OP of :class:`LabelCounts`, float; `zero_division` if nothing is predicted."""
    what = "Without a prediction OP is undefined"
    return _overall(counts.correct, counts.predicted, zero_division, what)


def overall_recall(counts, zero_division):
    """OR of :class:`LabelCounts`, float; `zero_division` if nothing is true."""
    what = "Without a positive entry OR is undefined"
    return _overall(counts.correct, counts.positive, zero_division, what)


def overall_f1(counts, zero_division):
    """OF1 of :class:`LabelCounts`, float; `zero_division` if nothing is predicted or true."""
    what = "Without a prediction and a positive entry OF1 is undefined"
    either = counts.predicted + counts.positive
    return _overall(2 * counts.correct, either, zero_division, what)


def class_precision(counts, zero_division):
    """CP of :class:`LabelCounts`, float; `zero_division` for labels without a prediction."""
    _warn_left_out(counts, zero_division)
    return _mean(counts, counts.precision, zero_division, _PRECISION)


def class_recall(counts, zero_division):
    """CR of :class:`LabelCounts`, float; `zero_division` for labels without a positive."""
    _warn_left_out(counts, zero_division)
    return _mean(counts, counts.recall, zero_division, _RECALL)


def class_f1(counts, zero_division):
    """CF1 of :class:`LabelCounts`: harmonic mean of CP and CR, 0 if both are 0; float."""
    _warn_left_out(counts, zero_division)
    precision = _mean(counts, counts.precision, zero_division, _PRECISION)
    recall = _mean(counts, counts.recall, zero_division, _RECALL)
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def _overall(numerator, denominator, zero_division, what):
    score = ratio(numerator.sum(), denominator.sum())
    return float(settle(score, zero_division, lambda undefined: what))


def _warn_left_out(counts, zero_division):
    if zero_division == "warn":
        warn_left_out(counts.names[~counts.is_scored & ~counts.is_told])


def _mean(counts, values, zero_division, without):
    """Mean over the labels that have entries that count."""
    names = counts.names[counts.is_scored]

    def what(undefined):
        return f"Without {without} is undefined for label(s) {listed(names[undefined])}"

    return mean_of_defined(settle(values[counts.is_scored], zero_division, what))
