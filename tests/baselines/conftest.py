"""Data for the tests of baselines."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def told_table():
    """Features and three labels, the last of which label 0 tells and the features hardly do."""
    rng = np.random.RandomState(0)
    X = rng.randn(120, 4)
    Y = (X[:, :3] + rng.randn(120, 3) > 0.3).astype(int)
    Y[:, 2] = Y[:, 0] ^ (rng.rand(120) < 0.1)
    return X, Y


@pytest.fixture(scope="module")
def noisy_table():
    """Features and three labels that they tell with some noise."""
    rng = np.random.RandomState(0)
    X = rng.randn(150, 6).astype(np.float32)
    return X, (X[:, :3] + rng.randn(150, 3) > 0).astype(int)


@pytest.fixture(scope="module")
def pictures():
    """Images whose two labels are how red and how blue they are."""
    rng = np.random.RandomState(0)
    Y = rng.randint(2, size=(48, 2))
    images = rng.randint(80, size=(48, 16, 16, 3))
    images[..., 0] += 120 * Y[:, 0, None, None]
    images[..., 2] += 120 * Y[:, 1, None, None]
    return images.astype(np.uint8), Y


@pytest.fixture(scope="module")
def cells():
    """Tokens of nine cells; each of two labels shows as one channel of one cell, the last array."""
    rng = np.random.RandomState(0)
    X, Y = 0.5 * rng.randn(300, 9, 4), rng.randint(2, size=(300, 2))
    where = rng.randint(9, size=(300, 2))
    for label in range(2):
        X[np.arange(300), where[:, label], label] += 4.0 * Y[:, label]
    return X.astype(np.float32), Y, where
