"""Metrics that leave out known and unannotated entries, and scorers made of them."""

from sklearn_ctran.metrics._calibration import expected_calibration_error
from sklearn_ctran.metrics._counts import (
    class_f1,
    class_precision,
    class_recall,
    overall_f1,
    overall_precision,
    overall_recall,
)
from sklearn_ctran.metrics._example import example_f1, hamming_loss, subset_accuracy
from sklearn_ctran.metrics._example_ranking import coverage_error, one_error, ranking_loss
from sklearn_ctran.metrics._ranking import labels_without_positive, mean_average_precision
from sklearn_ctran.metrics._report import MultilabelReport, multilabel_report
from sklearn_ctran.metrics._scorers import make_multilabel_scorer, partial_label_scorer

__all__ = [
    "MultilabelReport",
    "class_f1",
    "class_precision",
    "class_recall",
    "coverage_error",
    "example_f1",
    "expected_calibration_error",
    "hamming_loss",
    "labels_without_positive",
    "make_multilabel_scorer",
    "mean_average_precision",
    "multilabel_report",
    "one_error",
    "overall_f1",
    "overall_precision",
    "overall_recall",
    "partial_label_scorer",
    "ranking_loss",
    "subset_accuracy",
]
