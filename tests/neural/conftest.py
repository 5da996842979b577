"""Data for the tests of neural estimators."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def table():
    """Features, labels: label 0 from the features, label 1 the same as label 2."""
    rng = np.random.RandomState(0)
    X = rng.randn(160, 6).astype(np.float32)
    coin = rng.randint(2, size=160)
    Y = np.stack([X[:, 0] > 0, coin, coin], axis=1).astype(int)
    return X, Y


@pytest.fixture(scope="module")
def pictures():
    """Small colour images whose labels are their dominant channels."""
    rng = np.random.RandomState(0)
    Y = rng.randint(2, size=(96, 3))
    X = rng.randint(60, size=(96, 12, 12, 3)) + 150 * Y[:, None, None, :]
    return X.astype(np.uint8), Y
