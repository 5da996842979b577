"""Arguments of compare, and what is said about wrong ones."""

import functools
import re

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from sklearn_ctran import compare
from sklearn_ctran._compare.metrics import accuracy, is_loss, read_metrics
from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.metrics import class_f1, hamming_loss, mean_average_precision

METHODS = {"a": BinaryRelevance(LogisticRegression())}
ROWS = np.arange(6)
GOOD = {
    "estimators": METHODS,
    "X": np.linspace(0, 1, 12).reshape(6, 2),
    "y": np.array([[0, 1], [1, 0]] * 3),
    "split": (ROWS[:4], ROWS[4:]),
}


def no_known(y_true, y_score):
    return 0.0


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"estimators": {}}, ValueError, "estimators is empty: pass a dict"),
        ({"estimators": METHODS["a"]}, TypeError, "pass a dict of names to estimators"),
        ({"estimators": "a"}, TypeError, "pass a dict"),
        ({"estimators": [METHODS["a"]]}, TypeError, r"no \(name, estimator\)"),
        ({"estimators": [("a", METHODS["a"])] * 2}, ValueError, "Two estimators are called 'a'"),
        ({"estimators": {1: METHODS["a"]}}, TypeError, "must be texts, got 1"),
        ({"estimators": {" ": METHODS["a"]}}, TypeError, "must be texts, got ' '"),
        ({"estimators": {"a": BinaryRelevance}}, TypeError, r"BinaryRelevance\(\)"),
        ({"estimators": {"a": 3}}, TypeError, "'a' is no estimator"),
        ({"X": np.zeros((5, 2))}, ValueError, "X has 5 rows, but y has 6"),
        ({"extra_labels": np.eye(5)}, ValueError, "extra_labels has 5 rows, but y has 6"),
        ({"known_fractions": 1}, ValueError, r"known_fractions.*in \[0, 1\), got 1"),
        ({"known_fractions": (0, -0.5)}, ValueError, "got -0.5"),
        ({"known_fractions": (0, "x")}, ValueError, "got 'x'"),
        ({"known_fractions": (0.5, 0.5)}, ValueError, "known_fractions holds 0.5 twice"),
        ({"known_fractions": ()}, ValueError, "known_fractions is empty"),
        ({"y": list("ababab"), "known_fractions": 0.5}, ValueError, "one class a sample"),
        ({"extra_known_fractions": 0.5}, ValueError, "but no extra_labels"),
        (
            {"extra_labels": np.eye(6), "extra_known_fractions": 1.1},
            ValueError,
            r"in \[0, 1\], got 1.1",
        ),
        ({"cv": 2}, ValueError, "cv and split are both given"),
        ({"split": None, "cv": True}, ValueError, "got True"),
        ({"split": None, "cv": []}, ValueError, "cv has no folds"),
        ({"split": None, "cv": [(ROWS, ROWS)]}, ValueError, "cv: 6 row.*first is 0"),
        ({"split": (ROWS[:4], ROWS[3:])}, ValueError, "split: 1 row.*the first is 3"),
        ({"split": (ROWS[:4], [6])}, ValueError, "test rows: there is no row 6, only 0 to 5"),
        ({"split": ([-1], ROWS)}, ValueError, "training rows: there is no row -1"),
        ({"split": ([], ROWS)}, ValueError, "training rows: a 1-D array"),
        ({"split": (ROWS[:3] + 0.0, ROWS[3:])}, ValueError, "of float64"),
        ({"split": ([True, False], ROWS)}, ValueError, "of 6 booleans; got shape .2,. of bool"),
        ({"split": ROWS}, ValueError, r"pairs of rows, \(train, test\)"),
        ({"random_state": []}, ValueError, "random_state is an empty list"),
        ({"random_state": [1, 1]}, ValueError, "random_state holds 1 twice"),
        ({"random_state": None}, ValueError, "random_state must be an integer"),
        ({"metrics": "map"}, ValueError, "no metric 'map'; there are mAP, CP"),
        ({"metrics": {}}, ValueError, "metrics is empty"),
        ({"metrics": [class_f1, class_f1]}, ValueError, "metrics holds 'class_f1' twice"),
        ({"metrics": {1: class_f1}}, TypeError, "must be texts, got 1"),
        ({"metrics": [functools.partial(class_f1, top_k=1)]}, TypeError, "has no name: pass.*dict"),
        ({"metrics": no_known}, TypeError, "'no_known' cannot be called.*known_labels"),
        ({"metrics": "accuracy"}, ValueError, "subset_accuracy"),
    ],
)
def test_wrong_arguments_are_named(change, error, message):
    with pytest.raises(error, match=re.compile(message, re.DOTALL)):
        compare(**{**GOOD, **change})


def test_several_names_for_metrics():
    assert read_metrics(None, False) == {"mAP": mean_average_precision}
    assert read_metrics(None, True) == {"accuracy": accuracy}
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


def test_a_splitter_gets_labels_with_gaps():
    y = GOOD["y"].astype(float)
    y[0, 0] = np.nan
    result = compare(**{**GOOD, "y": y, "split": None, "cv": KFold(2), "known_fractions": 0})
    assert result.n_runs == 2
