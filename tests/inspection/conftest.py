"""Estimators and labels for the tests of label errors."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran.inspection import find_label_errors


class Joint(BaseEstimator):
    """Counts how often each label set occurs, a little more than that; never looks at an image."""

    asked = []

    def fit(self, X, y, extra_labels=None):
        assert len(X) == len(y)
        targets = encode_targets(y)
        extra, self.extra_label_names_ = encode_extra_labels(extra_labels)
        self.label_names_ = targets.names
        seen = targets.states if extra is None else np.hstack([targets.states, extra])
        self.sets_ = np.array(list(itertools.product([0, 1], repeat=seen.shape[1])))
        self.weights_ = 0.1 + (seen[:, None] == self.sets_).all(axis=2).sum(axis=0)
        return self

    def predict_proba(self, X, known_labels=None, extra_labels=None):
        known = known_labels if extra_labels is None else np.hstack([known_labels, extra_labels])
        assert len(X) == len(known)
        self.asked.append(known)
        weights = self.weights_ * ((known[:, None] == self.sets_) | (known[:, None] < 0)).all(2)
        proba = weights @ self.sets_ / weights.sum(axis=1, keepdims=True)
        return proba[:, : len(self.label_names_)].astype(np.float32)


@pytest.fixture(name="Joint")
def joint():
    """The class :class:`Joint`."""
    return Joint


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    monkeypatch.setattr(Joint, "asked", [])
    return Joint.asked


def _make_copies(n=60, wrong=17):
    """Images that say nothing; label "b" copies "a", wrong in one row; "c" is a coin."""
    rng = np.random.RandomState(0)
    a, c = rng.randint(2, size=(2, n))
    y = np.stack([a, a, c], axis=1)
    y[wrong, 1] = 1 - y[wrong, 1]
    return np.zeros((n, 2)), pd.DataFrame(y, columns=["a", "b", "c"])


@pytest.fixture
def make_copies():
    return _make_copies


def _find(y, X=None, estimator=None, **params):
    X = np.zeros((y.shape[0], 1)) if X is None else X
    params = {"hidden_fraction": None, "random_state": 0, **params}
    return find_label_errors(Joint() if estimator is None else estimator, X, y, **params)


@pytest.fixture
def find():
    return _find


def _animals(n=60):
    """Features that tell a cat, and whatever else is an animal; rows 17 and 40 break the rule."""
    X = np.random.RandomState(0).randn(n, 3).astype(np.float32)
    y = pd.DataFrame({"cat": X[:, 0] > 0, "animal": (X[:, 0] > 0) | (X[:, 1] > 0)}).astype(int)
    y["coin"] = (X[:, 2] > 0).astype(int)
    X[17], X[40] = [3, 3, 0], [-3, -3, 0]
    y.loc[17], y.loc[40] = [1, 0, 1], [1, 0, 0]
    return X, y


@pytest.fixture
def animals():
    return _animals()


@pytest.fixture
def tiny():
    """Parameters of a small C-Tran."""
    return {"d_model": 8, "n_layers": 1, "n_heads": 2, "random_state": 0}
