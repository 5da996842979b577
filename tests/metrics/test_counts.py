"""Precision, recall and F1, overall and by class.

Tests of _label_counts.py, _decisions.py and _undefined.py too.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import f1_score, precision_score, recall_score
from torchmetrics.functional import classification as torch_metrics

from sklearn_ctran import metrics
from sklearn_ctran.metrics import (
    class_f1,
    class_precision,
    class_recall,
    overall_f1,
    overall_precision,
    overall_recall,
)

OURS = {
    "CP": class_precision,
    "CR": class_recall,
    "CF1": class_f1,
    "OP": overall_precision,
    "OR": overall_recall,
    "OF1": overall_f1,
}


@pytest.mark.parametrize("top_k", [None, 3])
@pytest.mark.parametrize("name", OURS)
def test_equals_the_authors_evaluation(official, name, top_k):
    score = OURS[name](official.y_true, official.y_score, top_k=top_k)
    assert abs(score - official.scores[f"{name}{top_k or ''}"]) < 1e-9


@pytest.mark.parametrize("zero_division", [0.0, 1.0, np.nan])
@pytest.mark.parametrize("kind, average", [("overall", "micro"), ("class", "macro")])
def test_equals_scikit_learn(case, kind, average, zero_division):
    y_true, y_score, weight = case
    y_true[:, -1] = 0
    y_score[:, 0] = 0.0
    more = {"sample_weight": weight, "zero_division": zero_division}
    for name, theirs in (("precision", precision_score), ("recall", recall_score)):
        assert getattr(metrics, f"{kind}_{name}")(y_true, y_score, **more) == pytest.approx(
            theirs(y_true, y_score > 0.5, average=average, **more), abs=1e-12
        )
    if kind == "overall":
        assert overall_f1(y_true, y_score, **more) == pytest.approx(
            f1_score(y_true, y_score > 0.5, average=average, **more), abs=1e-12
        )


@pytest.mark.parametrize("kind, average", [("overall", "micro"), ("class", "macro")])
@pytest.mark.parametrize("name", ["precision", "recall"])
def test_equals_torchmetrics_with_missing_entries(case, kind, average, name):
    y_true, y_score, _ = case
    y_true[np.random.RandomState(0).rand(*y_true.shape) < 0.2] = -1
    y_true[:3] = [1], [0], [1]
    theirs = getattr(torch_metrics, f"multilabel_{name}")(
        torch.tensor(y_score), torch.tensor(y_true), y_true.shape[1], 0.5, average,
        ignore_index=-1,
    )  # fmt: skip
    ours = getattr(metrics, f"{kind}_{name}")(y_true, y_score, zero_division=0)
    assert ours == pytest.approx(theirs.item(), abs=1e-6)


def test_cf1_is_the_harmonic_mean_of_cp_and_cr(case):
    y_true, y_score, weight = case
    more = {"sample_weight": weight, "threshold": 0.3, "zero_division": 0}
    p, r = class_precision(y_true, y_score, **more), class_recall(y_true, y_score, **more)
    assert class_f1(y_true, y_score, **more) == pytest.approx(2 * p * r / (p + r))
    assert class_f1([[1, 0]], [[0.0, 1.0]], zero_division=0) == 0.0


def test_a_prediction_is_above_the_threshold():
    assert overall_recall([[1, 1]], [[0.5, 0.51]]) == 0.5
    assert overall_recall([[1, 1]], [[0.5, 0.51]], threshold=[0.49, 0.51]) == 0.5
    assert overall_recall([[1]], [[1.0]], threshold=1) == 0.0
    with pytest.warns(UndefinedMetricWarning, match="Without a prediction OP"):
        assert overall_precision([[1, 1]], [[0.5, 0.49]], threshold=0.6) == 0.0


def test_top_k_takes_exactly_k_of_what_counts():
    y_true = np.array([[1, 0, -1, 1, 0]])
    y_score = np.array([[0.7, 0.7, 0.9, 0.7, 0.4]])
    assert overall_precision(y_true, y_score, top_k=1) == 1.0
    assert overall_precision(y_true, y_score, top_k=2) == 0.5
    assert overall_recall(y_true, y_score, top_k=3) == 1.0
    assert overall_recall(y_true, y_score, top_k=1, known_labels=[[1, -1, -1, -1, -1]]) == 0.0
    # More than are at the threshold, or count.
    assert overall_precision(y_true, y_score, top_k=5) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "metric, y_true, y_score, message",
    [
        (class_precision, [[1, 1]], [[0.9, 0.1]], r"a prediction precision .* label\(s\) 'dog'"),
        (class_recall, [[1, 0]], [[0.9, 0.1]], r"a positive entry recall .* label\(s\) 'dog'"),
        (overall_precision, [[1, 0]], [[0.1, 0.1]], "Without a prediction OP"),
        (overall_recall, [[0, 0]], [[0.9, 0.1]], "Without a positive entry OR"),
        (overall_f1, [[0, 0]], [[0.1, 0.1]], "Without a prediction and a positive entry OF1"),
    ],
)
def test_undefined_is_zero_with_a_warning_or_what_one_says(metric, y_true, y_score, message):
    y_true = pd.DataFrame(y_true, columns=["cat", "dog"])
    with pytest.warns(UndefinedMetricWarning, match=message) as record:
        warned = metric(y_true, y_score)
    assert record[0].filename == __file__
    assert metric(y_true, y_score, zero_division=0) == warned
    n = 2 if metric in (class_precision, class_recall) else 1
    assert metric(y_true, y_score, zero_division=1) == warned + 1 / n
    np.testing.assert_equal(
        metric(y_true, y_score, zero_division=np.nan), 1.0 if n == 2 else np.nan
    )


def test_cf1_fills_both_precision_and_recall():
    y_true, y_score = [[1, 0, 1]], [[0.9, 0.9, 0.1]]
    with pytest.warns(UndefinedMetricWarning) as record:
        assert class_f1(y_true, y_score) == 1 / 3
    assert len(record) == 2
    assert class_f1(y_true, y_score, zero_division=np.nan) == 0.5
    assert class_f1(y_true, y_score, zero_division=1) == 2 / 3


@pytest.mark.parametrize("metric", [class_precision, class_recall, class_f1])
def test_a_label_of_which_nothing_counts_is_left_out(metric):
    y_true = pd.DataFrame([[1, -1], [0, -1]], columns=["cat", "dog"])
    with pytest.warns(UndefinedMetricWarning, match="No entry of label.* 'dog' counts"):
        assert metric(y_true, [[0.9, 0.9], [0.1, 0.1]]) == 1.0
    assert metric(y_true, [[0.9, 0.9], [0.1, 0.1]], zero_division=0) == 1.0
