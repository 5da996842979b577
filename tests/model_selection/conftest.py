"""Tables and estimators for the tests of meta-estimators."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB

from sklearn_ctran import CTranClassifier
from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds


class GivenProbabilities(BaseEstimator):
    """An estimator without anything to learn, whose inputs are the probabilities."""

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X


@pytest.fixture(params=[TunedThresholds, MultilabelCalibrator])
def meta(request):
    return request.param


@pytest.fixture
def by_label():
    return MultiOutputClassifier(GaussianNB())


@pytest.fixture
def small():
    return CTranClassifier(None, d_model=8, n_layers=1, n_heads=2, max_epochs=2, random_state=0)


@pytest.fixture
def given():
    return GivenProbabilities()


@pytest.fixture
def table():
    """Features and three labels, the last of which is rare."""
    rng = np.random.RandomState(0)
    X = rng.randn(240, 5).astype(np.float32)
    return X, (X[:, :3] + 0.5 * rng.randn(240, 3) > [0, 0.5, 1.2]).astype(int)


@pytest.fixture
def entries():
    """Probabilities, and labels that are positive by another function of them."""
    rng = np.random.RandomState(0)
    proba = rng.random_sample((4000, 3))
    truth = rng.random_sample(proba.shape) < proba ** [3.0, 0.5, 1.0]
    return proba, truth.astype(int)
