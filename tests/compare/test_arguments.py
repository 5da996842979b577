"""Arguments of compare, and the messages about wrong ones."""

import re

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_ctran import compare
from sklearn_ctran.baselines import BinaryRelevance

METHODS = {"a": BinaryRelevance(LogisticRegression())}
ROWS = np.arange(6)
GOOD = {
    "estimators": METHODS,
    "X": np.linspace(0, 1, 12).reshape(6, 2),
    "y": np.array([[0, 1], [1, 0]] * 3),
    "split": (ROWS[:4], ROWS[4:]),
}


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
        ({"known_fractions": 1}, ValueError, r"Each of known_fractions must be in \[0, 1\), got 1"),
        ({"known_fractions": (0, -0.5)}, ValueError, "got -0.5"),
        ({"known_fractions": (0, "x")}, ValueError, "got 'x'"),
        ({"known_fractions": (0.5, 0.5)}, ValueError, "known_fractions holds 0.5 twice"),
        ({"known_fractions": ()}, ValueError, "known_fractions is empty"),
        ({"y": list("ababab"), "known_fractions": 0.5}, ValueError, "one class per sample"),
        ({"extra_known_fractions": 0.5}, ValueError, "but no extra_labels"),
        (
            {"extra_labels": np.eye(6), "extra_known_fractions": 1.1},
            ValueError,
            r"in \[0, 1\], got 1.1",
        ),
        ({"random_state": []}, ValueError, "random_state is an empty list"),
        ({"random_state": [1, 1]}, ValueError, "random_state holds 1 twice"),
        ({"random_state": None}, ValueError, "random_state must be an integer"),
    ],
)
def test_wrong_arguments_are_named(change, error, message):
    with pytest.raises(error, match=re.compile(message, re.DOTALL)):
        compare(**{**GOOD, **change})
