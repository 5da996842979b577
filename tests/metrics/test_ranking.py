"""Mean average precision over what had to be predicted."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from sklearn_ctran.metrics import mean_average_precision


@pytest.mark.parametrize("percent", [0, 50])
def test_equals_the_authors_evaluation(shared, percent):
    folder = shared / "reference"
    expected = json.loads((folder / "official_metrics.json").read_text())[f"known_{percent}"]["mAP"]
    with np.load(folder / f"official_metrics_known_{percent}.npz", allow_pickle=False) as data:
        y_true, logits, known = (data[key] for key in ("y_true", "logits", "known"))
    # Their `known` says which entries were told.
    told = known if known.min() < 0 else np.where(known, y_true, -1)
    assert abs(mean_average_precision(y_true, logits, known_labels=told) - expected) < 1e-9


def test_equals_scikit_learn():
    rng = np.random.RandomState(0)
    y_true, score = rng.randint(2, size=(60, 5)), rng.rand(60, 5).round(1)
    assert mean_average_precision(y_true, score) == pytest.approx(
        average_precision_score(y_true, score, average="macro"), abs=1e-12
    )


def test_known_and_missing_entries_do_not_count():
    y_true = np.array([[1.0, 1], [0, 0], [1, np.nan], [0, 0], [1, 1]])
    score = np.array([[0.9, 0.1], [0.8, 0.9], [0.1, 0.0], [0.2, 0.2], [0.3, 0.3]])
    known = np.array([[-1, np.nan], [-1, 0], [1, -1], [-1, -1], [-1, -1]])
    expected = [
        average_precision_score([1, 0, 0, 1], [0.9, 0.8, 0.2, 0.3]),
        average_precision_score([1, 0, 1], [0.1, 0.2, 0.3]),
    ]
    assert mean_average_precision(y_true, score, known_labels=known) == np.mean(expected)


def test_sample_weight_counts_rows():
    rng = np.random.RandomState(0)
    y_true, score, weight = rng.randint(2, size=(30, 3)), rng.rand(30, 3), rng.randint(3, size=30)
    repeated = np.repeat(np.arange(30), weight)
    assert mean_average_precision(y_true, score, sample_weight=weight) == pytest.approx(
        mean_average_precision(y_true[repeated], score[repeated])
    )


def test_labels_without_a_positive_are_left_out():
    y_true, score = np.array([[1, 0], [0, 0]]), np.array([[0.9, 0.5], [0.1, 0.6]])
    assert mean_average_precision(y_true, score) == 1.0
    with pytest.raises(ValueError, match="no label has a positive"):
        mean_average_precision(1 - np.ones((2, 2)), score)


@pytest.mark.parametrize(
    "y_true, known, message",
    [
        (np.zeros((2, 3)), None, r"y_true has shape \(2, 3\)"),
        (np.full((2, 2), 2), None, "row 0, label 0 holds 2"),
        (np.ones((2, 2)), np.zeros((1, 2)), "known_labels has shape"),
    ],
)
def test_bad_input(y_true, known, message):
    with pytest.raises(ValueError, match=message):
        mean_average_precision(y_true, np.zeros((2, 2)), known_labels=known)
