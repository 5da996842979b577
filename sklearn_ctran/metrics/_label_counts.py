"""Counts of predicted and true entries by label, and the precision, recall and F1 of them."""

from dataclasses import dataclass

import numpy as np

from sklearn_ctran._utils.names import listed
from sklearn_ctran.metrics._decisions import decide
from sklearn_ctran.metrics._undefined import fill_undefined, mean_of_defined, ratio, warn_left_out

_PRECISION = "a prediction precision"


_RECALL = "a positive entry recall"


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """Weights of the entries that count, by label.

    Attributes
    ----------
    correct, predicted, positive : ndarray of shape (n_labels,), float64
        Weight of the entries that are both predicted and true; predicted; true.
    is_scored : ndarray of shape (n_labels,), bool
        Whether any entry of the label counts.
    all_known : ndarray of shape (n_labels,), bool
        As in :class:`Entries`.
    names : ndarray of shape (n_labels,)
    """

    correct: np.ndarray
    predicted: np.ndarray
    positive: np.ndarray
    is_scored: np.ndarray
    all_known: np.ndarray
    names: np.ndarray

    @property
    def precision(self):
        """Precision of each label, (n_labels,); NaN for labels without a prediction."""
        return ratio(self.correct, self.predicted)

    @property
    def recall(self):
        """Recall of each label, (n_labels,); NaN for labels without a positive."""
        return ratio(self.correct, self.positive)

    @property
    def f1(self):
        """F1 of each label, (n_labels,); NaN for labels without a prediction and a positive."""
        return ratio(2 * self.correct, self.predicted + self.positive)


def count_labels(entries, threshold, top_k):
    """Count the predicted and the true entries of each label, decided as in :func:`decide`."""
    predicted, positive = decide(entries, threshold, top_k), entries.positive
    sums = (entries.weight @ mask for mask in (predicted & positive, predicted, positive))
    return LabelCounts(*sums, entries.counted.any(axis=0), entries.all_known, entries.names)


def overall_precision(counts, zero_division):
    """OP, float; `zero_division` if nothing is predicted."""
    what = "Without a prediction OP is undefined"
    return _overall(counts.correct, counts.predicted, zero_division, what)


def overall_recall(counts, zero_division):
    """OR, float; `zero_division` if nothing is true."""
    what = "Without a positive entry OR is undefined"
    return _overall(counts.correct, counts.positive, zero_division, what)


def overall_f1(counts, zero_division):
    """OF1, float; `zero_division` if nothing is predicted and nothing is true."""
    what = "Without a prediction and a positive entry OF1 is undefined"
    either = counts.predicted + counts.positive
    return _overall(2 * counts.correct, either, zero_division, what)


def class_precision(counts, zero_division):
    """CP, float; `zero_division` stands for the precision of labels without a prediction."""
    _warn_left_out(counts, zero_division)
    return _mean(counts, counts.precision, zero_division, _PRECISION)


def class_recall(counts, zero_division):
    """CR, float; `zero_division` stands for the recall of labels without a positive."""
    _warn_left_out(counts, zero_division)
    return _mean(counts, counts.recall, zero_division, _RECALL)


def class_f1(counts, zero_division):
    """CF1, float: the harmonic mean of CP and CR; 0 if both are 0."""
    _warn_left_out(counts, zero_division)
    precision = _mean(counts, counts.precision, zero_division, _PRECISION)
    recall = _mean(counts, counts.recall, zero_division, _RECALL)
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def _overall(numerator, denominator, zero_division, what):
    score = ratio(numerator.sum(), denominator.sum())
    return float(fill_undefined(score, zero_division, lambda undefined: what))


def _warn_left_out(counts, zero_division):
    if zero_division == "warn":
        warn_left_out(counts.names[~counts.is_scored & ~counts.all_known])


def _mean(counts, values, zero_division, without):
    """Mean of `values` over the labels that have entries that count."""
    names = counts.names[counts.is_scored]

    def what(undefined):
        return f"Without {without} is undefined for label(s) {listed(names[undefined])}"

    return mean_of_defined(fill_undefined(values[counts.is_scored], zero_division, what))
