"""Metrics of compare: names, functions, losses."""

import functools

import numpy as np
import pytest

from sklearn_ctran._compare.metrics import accuracy, is_loss, read_metrics
from sklearn_ctran.metrics import class_f1, hamming_loss, mean_average_precision


def no_known(y_true, y_score):
    return 0.0


@pytest.mark.parametrize(
    "metrics, error, message",
    [
        ("map", ValueError, "no metric 'map'; the names are mAP, CP"),
        ({}, ValueError, "metrics is empty"),
        ([], ValueError, "metrics is empty"),
        (3, TypeError, "or a list of them, got 3"),
        ([class_f1, class_f1], ValueError, "metrics holds 'class_f1' twice"),
        ({1: class_f1}, TypeError, "must be texts, got 1"),
        ([functools.partial(class_f1, top_k=1)], TypeError, "has no name: pass.*dict"),
        (no_known, TypeError, "'no_known' cannot be called.*known_labels"),
        ("accuracy", ValueError, "subset_accuracy"),
    ],
)
def test_wrong_metrics_are_named(metrics, error, message):
    with pytest.raises(error, match=message):
        read_metrics(metrics, False)


def test_metrics_have_several_forms():
    assert read_metrics(None, False) == {"mAP": mean_average_precision}
    assert read_metrics(None, True) == {"accuracy": accuracy}
    assert read_metrics(iter(["CF1", hamming_loss]), False) == {
        "CF1": class_f1,
        "hamming_loss": hamming_loss,
    }
    top = functools.partial(class_f1, top_k=1)
    expected = {"top": top, "OF": read_metrics("OF1", False)["OF1"]}
    assert read_metrics({"top": top, "OF": "OF1"}, False) == expected


def test_losses():
    def mine(y_true, y_score, known_labels=None):
        return 0.0

    assert is_loss(hamming_loss) and is_loss(functools.partial(hamming_loss, top_k=1))
    assert not is_loss(class_f1) and not is_loss(mine)
    mine.greater_is_better = False
    assert is_loss(mine)


def test_of_equal_scores_accuracy_takes_the_first():
    y_true = np.array([[1, 0], [0, 1], [0, 1], [0, 1]])
    y_score = np.array([[0.5, 0.5], [0.5, 0.5], [0.1, 0.9], [0.2, 0.8]])
    assert accuracy(y_true, y_score) == 0.75
