"""Tables and estimators for the tests of meta-estimators."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator


class GivenProbabilities(BaseEstimator):
    """An estimator without anything to learn, whose inputs are the probabilities."""

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X


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
