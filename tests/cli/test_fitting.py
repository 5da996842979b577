"""What ``fit`` does: parts, rivals, scores."""

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._cli import fitting
from sklearn_ctran._cli.fitting import Examples, parts_of


@pytest.fixture
def examples():
    """Forty rows of two labels, of which the first four are of the part "test"."""
    labels = pd.DataFrame(np.random.RandomState(0).randint(2, size=(40, 2)), columns=["a", "b"])
    split = np.array(["test"] * 4 + ["train"] * 36, dtype=object)
    return Examples([f"{row}.jpg" for row in range(40)], labels, labels[["b"]], split)


def test_rows_of_examples(examples):
    some = examples.rows(np.array([2, 30]))
    assert some.images == ["2.jpg", "30.jpg"]
    assert some.labels.index.tolist() == some.extra.index.tolist() == [2, 30]
    assert some.split.tolist() == ["test", "train"]
    assert Examples(some.images, some.labels).rows(np.array([1])).extra is None


def test_parts_that_a_column_names(examples):
    train, test = parts_of(examples, 0.2, "test", 0)
    assert test.tolist() == [0, 1, 2, 3] and len(train) == 36
    with pytest.raises(
        ValueError, match="No image is in the part 'val': --test-part is one of test, tra"
    ):
        parts_of(examples, 0.2, "val", 0)
    with pytest.raises(ValueError, match="All images are in the part 'test'"):
        parts_of(examples.rows(np.arange(4)), 0.2, "test", 0)


def test_parts_that_are_drawn(examples):
    drawn = Examples(examples.images, examples.labels)
    train, test = parts_of(drawn, 0.25, "test", 0)
    assert len(test) == 10 and sorted([*train, *test]) == list(range(40))
    assert parts_of(drawn, 0.25, "test", 0)[1].tolist() == test.tolist()
    assert parts_of(drawn, 0.25, "test", 1)[1].tolist() != test.tolist()
    assert parts_of(drawn, 0, "test", 0) is None


def test_the_majority_knows_how_frequent_labels_are(monkeypatch):
    """Its mean average precision is the labels' share."""
    monkeypatch.setattr(fitting, "CTranClassifier", lambda **parameters: fitting.BinaryRelevance())
    monkeypatch.setattr(fitting, "_pooled", lambda parameters: fitting.FunctionTransformer())
    labels = pd.DataFrame({"a": [1, 0, 0, 0] * 10, "b": [1, 1, 0, 0] * 10})
    features = labels[["a"]].to_numpy() + np.random.RandomState(0).rand(40, 1)
    examples = Examples(list(features), labels)
    parts = (np.arange(20), np.arange(20, 40))
    comparison = fitting.scores(examples, parts, {"random_state": 0}, [0.0], 0)
    means = {(row["method"], row["metric"]): row["mean"] for row in comparison.rows}
    assert means["majority", "mAP"] == pytest.approx((0.25 + 0.5) / 2)
    assert means["binary relevance", "mAP"] > 0.6
    assert means["majority", "CF1"] == 0
