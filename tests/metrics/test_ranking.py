"""Average precision over the entries that count."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import average_precision_score
from torchmetrics.functional.classification import multilabel_average_precision

from sklearn_ctran.metrics import labels_without_positive, mean_average_precision, ranking_loss


def test_equals_the_authors_evaluation(official):
    score = mean_average_precision(official.y_true, official.y_score, known_labels=official.told)
    assert abs(score - official.scores["mAP"]) < 1e-9


@pytest.mark.parametrize("average", ["macro", "micro", None])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_scikit_learn_with_ties_and_weights(case, average, dtype):
    y_true, y_score, weight = case
    y_score = y_score.astype(dtype)
    for weights in (None, weight):
        np.testing.assert_allclose(
            mean_average_precision(y_true, y_score, sample_weight=weights, average=average),
            average_precision_score(y_true, y_score, sample_weight=weights, average=average),
            atol=1e-12,
        )


@pytest.mark.parametrize("average", ["micro", None])
def test_equals_torchmetrics_with_missing_entries(case, average):
    y_true, y_score, _ = case
    y_true = np.where(np.random.RandomState(0).rand(*y_true.shape) < 0.2, -1, y_true)
    y_true[:, 1] = 1
    expected = multilabel_average_precision(
        torch.tensor(y_score), torch.tensor(y_true), y_true.shape[1], average or "none",
        ignore_index=-1,
    )  # fmt: skip
    ours = mean_average_precision(y_true, y_score, average=average)
    # A label without a positive is 0 there.
    np.testing.assert_allclose(np.nan_to_num(ours), np.nan_to_num(expected.numpy()), atol=1e-6)


def test_sorting_in_blocks_changes_nothing(monkeypatch, case):
    y_true, y_score, _ = case
    metrics = mean_average_precision, ranking_loss
    expected = [metric(y_true, y_score) for metric in metrics]
    monkeypatch.setattr("sklearn_ctran.metrics._ranking._BLOCK", 1)
    assert [metric(y_true, y_score) for metric in metrics] == expected


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_known_and_missing_entries_do_not_count(average):
    y_true = np.array([[1.0, 1], [0, 0], [1, np.nan], [0, 0], [1, 1]])
    score = np.array([[0.9, 0.1], [0.8, 0.9], [0.1, 0.0], [0.2, 0.2], [0.3, 0.3]])
    known = np.array([[-1, np.nan], [-1, 0], [1, -1], [-1, -1], [-1, -1]])
    parts = [([1, 0, 0, 1], [0.9, 0.8, 0.2, 0.3]), ([1, 0, 1], [0.1, 0.2, 0.3])]
    if average == "micro":
        parts = [[np.concatenate(values) for values in zip(*parts, strict=True)]]
    expected = np.mean([average_precision_score(*part) for part in parts])
    score = mean_average_precision(y_true, score, known_labels=known, average=average)
    assert score == pytest.approx(expected, abs=1e-12)


def test_sample_weight_counts_rows():
    rng = np.random.RandomState(0)
    y_true, score, weight = rng.randint(2, size=(30, 3)), rng.rand(30, 3), rng.randint(3, size=30)
    repeated = np.repeat(np.arange(30), weight)
    assert mean_average_precision(y_true, score, sample_weight=weight) == pytest.approx(
        mean_average_precision(y_true[repeated], score[repeated])
    )


def test_labels_without_a_positive_are_left_out_and_named():
    y_true, score = np.array([[1, 0], [0, 0]]), np.array([[0.9, 0.5], [0.1, 0.6]])
    with pytest.warns(UndefinedMetricWarning, match=r"Label\(s\) 1 have no .* left out of mAP"):
        assert mean_average_precision(y_true, score) == 1.0
    scores = mean_average_precision(y_true, score, average=None)
    np.testing.assert_array_equal(scores, [1.0, np.nan])
    # Told, a label is left out as it was meant to be.
    assert mean_average_precision(y_true, score, known_labels={1: [0, 0]}) == 1.0
    assert mean_average_precision([[1, 1], [0, -1]], score, known_labels={1: [1, -1]}) == 1.0
    assert labels_without_positive(y_true).tolist() == [1]
    assert labels_without_positive([[0, 0, -1], [1, 0, 1]]).tolist() == [1]
    frame = pd.DataFrame(y_true, columns=["cat", "dog"])
    assert labels_without_positive(frame).tolist() == ["dog"]
    assert labels_without_positive(frame, known_labels={"cat": 1}).tolist() == ["cat", "dog"]
    assert labels_without_positive(frame, sample_weight=[0, 1]).tolist() == ["cat", "dog"]


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_without_any_positive_there_is_no_map(average):
    with pytest.raises(ValueError, match="no label has a positive"):
        mean_average_precision(np.zeros((2, 2)), np.ones((2, 2)), average=average)


def test_a_label_with_positives_only_is_ranked_perfectly():
    assert mean_average_precision([[1], [1]], [[0.1], [0.2]]) == 1.0


def test_bad_arguments():
    with pytest.raises(ValueError, match="average must be 'macro', 'micro' or None"):
        mean_average_precision([[1]], [[1.0]], average="samples")
    with pytest.raises(ValueError, match=r"\(n_samples, n_labels\), got \(3,\)"):
        labels_without_positive([0, 1, 0])
