"""Metrics of rows.

Tests of _example_ranking.py and _undefined.py too.
"""

import numpy as np
import pytest
import torch
from sklearn import metrics as theirs
from sklearn.exceptions import UndefinedMetricWarning
from torchmetrics.functional.classification import (
    multilabel_coverage_error,
    multilabel_hamming_distance,
    multilabel_ranking_loss,
)

from sklearn_ctran.metrics import (
    coverage_error,
    example_f1,
    hamming_loss,
    one_error,
    ranking_loss,
    subset_accuracy,
)


def test_equals_the_authors_evaluation(official):
    y_true, y_score, scores = official.y_true, official.y_score, official.scores
    assert abs(hamming_loss(y_true, y_score) - (1 - scores["hamming_accuracy"])) < 1e-9
    assert abs(subset_accuracy(y_true, y_score) - scores["subset_accuracy"]) < 1e-9
    # Theirs was computed in single precision.
    assert np.float32(example_f1(y_true, y_score)) == np.float32(scores["example_f1"])


def test_decisions_equal_scikit_learn(case):
    y_true, y_score, weight = case
    predicted, more = (y_score > 0.5).astype(int), {"sample_weight": weight}
    assert hamming_loss(y_true, y_score, **more) == pytest.approx(
        theirs.hamming_loss(y_true, predicted, **more)
    )
    assert subset_accuracy(y_true, y_score, **more) == pytest.approx(
        theirs.accuracy_score(y_true, predicted, **more)
    )
    y_true[1] = y_score[1] = 0
    for zero_division in (0.0, 1.0, np.nan):
        assert example_f1(y_true, y_score, zero_division=zero_division, **more) == pytest.approx(
            theirs.f1_score(
                y_true, y_score > 0.5, average="samples", zero_division=zero_division, **more
            )
        )


def test_ranks_equal_scikit_learn(case):
    y_true, y_score, weight = case
    # Rows without a pair are 0 there.
    y_true[1], y_true[2] = 0, 1
    more = {"sample_weight": weight}
    assert ranking_loss(y_true, y_score, zero_division=0, **more) == pytest.approx(
        theirs.label_ranking_loss(y_true, y_score, **more)
    )
    assert coverage_error(y_true, y_score, zero_division=0, **more) == pytest.approx(
        theirs.coverage_error(y_true, y_score, **more)
    )


def test_equals_torchmetrics(case):
    y_true, _, _ = case
    # Without ties, which they break, and 0.5, which they do not predict.
    y_score = (np.random.RandomState(0).permutation(y_true.size) + 0.25) / y_true.size
    y_score = y_score.reshape(y_true.shape)
    arguments = torch.tensor(y_score), torch.tensor(y_true), y_true.shape[1]
    for ours, other in (
        (ranking_loss, multilabel_ranking_loss),
        (coverage_error, multilabel_coverage_error),
        (hamming_loss, multilabel_hamming_distance),
    ):
        assert ours(y_true, y_score) == pytest.approx(other(*arguments).item(), abs=1e-5)


def test_rows_without_missing_entries_are_scored_as_if_alone():
    y_true = [[1, 0, -1], [0, -1, 1], [-1, -1, -1]]
    y_score = [[0.6, 0.7, 1.0], [0.2, 0.9, 0.8], [0.9, 0.9, 0.9]]
    assert hamming_loss(y_true, y_score) == 1 / 4
    assert subset_accuracy(y_true, y_score) == 1 / 2
    assert example_f1(y_true, y_score) == pytest.approx((2 / 3 + 1) / 2)
    assert ranking_loss(y_true, y_score) == 1 / 2
    assert coverage_error(y_true, y_score) == 1.5
    assert one_error(y_true, y_score) == 1 / 2


def test_equal_scores_are_a_wrong_order_and_the_first_is_the_highest():
    assert ranking_loss([[1, 0]], [[0.5, 0.5]]) == 1.0
    assert coverage_error([[1, 0]], [[0.5, 0.5]]) == 2.0
    assert one_error([[1, 0], [0, 1]], [[0.5, 0.5], [0.5, 0.5]]) == 0.5


@pytest.mark.parametrize(
    "metric, y_true, message",
    [
        (example_f1, [[1, 0], [0, 0]], r"F1 is undefined for 1 row\(s\)"),
        (ranking_loss, [[1, 0], [1, 1]], r"ranking loss is undefined for 1 row\(s\)"),
        (coverage_error, [[1, 0], [0, 0]], r"coverage error is undefined for 1 row\(s\)"),
    ],
)
def test_undefined_rows_are_zero_with_a_warning_or_what_one_says(metric, y_true, message):
    y_score = [[0.9, 0.2], [0.1, 0.1]]
    defined = metric(y_true, y_score, zero_division=np.nan)
    assert defined == metric(y_true[:1], y_score[:1])
    with pytest.warns(UndefinedMetricWarning, match=message) as record:
        assert metric(y_true, y_score) == defined / 2
    assert record[0].filename == __file__
    assert metric(y_true, y_score, zero_division=1) == (defined + 1) / 2


def test_one_error_counts_rows_without_a_true_label_as_errors():
    y_true, y_score = [[1, 0], [0, 0]], [[0.9, 0.2], [0.1, 0.1]]
    assert one_error(y_true, y_score) == 0.5
    assert one_error(y_true, y_score, zero_division=np.nan) == 0.0
    with pytest.warns(UndefinedMetricWarning, match=r"one-error is undefined for 1 row\(s\)"):
        assert one_error(y_true, y_score, zero_division="warn") == 0.0


@pytest.mark.parametrize("metric", [example_f1, ranking_loss, coverage_error, one_error])
def test_if_every_row_is_left_out_the_score_is_nan(metric):
    assert np.isnan(metric([[0, 0]], [[0.1, 0.1]], zero_division=np.nan))
