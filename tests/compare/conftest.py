"""Data and methods of the tests of compare."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain


class Recorder(ClassifierMixin, BaseEstimator):
    """Predicts the number `say`, or fails as `say` demands; records how it was called."""

    calls: list = []

    def __init__(self, say=0.5, random_state=None, inner=None):
        self.say = say
        self.random_state = random_state
        self.inner = inner

    def fit(self, X, y, extra_labels=None):
        self.n_labels_ = np.shape(y)[1]
        self.classes_ = np.tile([0, 1], (self.n_labels_, 1))
        self.calls.append(("fit", self.random_state, self.inner, extra_labels))
        if self.say == "fail in fit":
            raise ValueError("no fit")
        return self

    def predict_proba(self, X, known_labels=None, extra_labels=None):
        self.calls.append(("predict", known_labels, extra_labels))
        if self.say == "fail if known" and known_labels is not None:
            raise ValueError("known labels")
        say = self.say if isinstance(self.say, float) else 0.5
        return np.full((len(X), self.n_labels_), say)


@pytest.fixture
def recorder():
    """The class :class:`Recorder`."""
    return Recorder


@pytest.fixture
def calls():
    """The calls of all recorders."""
    Recorder.calls.clear()
    return Recorder.calls


@pytest.fixture(scope="session")
def table():
    """Features and labels of 150 samples."""
    return make_multilabel_classification(150, n_features=8, n_classes=4, random_state=0)


@pytest.fixture
def split():
    """100 rows to fit on, 50 to score on."""
    return np.arange(100), np.arange(100, 150)


@pytest.fixture
def methods():
    logistic = LogisticRegression(max_iter=1000)
    return {
        "multi": MultiOutputClassifier(logistic),
        "relevance": BinaryRelevance(logistic),
        "chain": ClassifierChain(logistic),
    }


@pytest.fixture
def scores():
    """A function that returns the scores of a method in all runs, in their order."""

    def scores(comparison, method, metric=None):
        return [
            run["score"]
            for run in comparison.runs
            if run["method"] == method and metric in (None, run["metric"])
        ]

    return scores
