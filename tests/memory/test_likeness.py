"""Likeness of images: cosines of standardised features, on a few directions."""

import numpy as np
import pytest

from sklearn_ctran._memory import likeness
from sklearn_ctran._memory.likeness import Likeness


def features_of(n_samples=40, n_features=6, seed=0):
    rng = np.random.RandomState(seed)
    scales = 10.0 ** rng.randint(-3, 4, size=n_features)
    return (scales * (rng.randn(n_samples, n_features) + 2)).astype(np.float32)


def test_vectors_are_standardised_features_of_unit_length():
    X, weights = features_of(), np.random.RandomState(1).randint(1, 4, size=40).astype(float)
    repeated = np.repeat(X.astype(float), weights.astype(int), axis=0)
    expected = (X - repeated.mean(axis=0)) / repeated.std(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    learned = Likeness.learn(X, weights)
    assert learned.directions is None
    np.testing.assert_allclose(learned(X), expected, atol=1e-5)
    assert learned(X).dtype == np.float32


def test_directions_are_the_principal_ones(monkeypatch):
    monkeypatch.setattr(likeness, "N_DIRECTIONS", 3)
    rng = np.random.RandomState(0)
    X = (rng.randn(60, 3) * [9, 6, 4] @ rng.randn(3, 8) + 0.01 * rng.randn(60, 8)).astype(
        np.float32
    )
    weights = rng.randint(1, 4, size=60).astype(float)
    learned = Likeness.learn(X, weights)
    assert learned.directions.shape == (8, 3)
    repeated = np.repeat(X.astype(float), weights.astype(int), axis=0)
    standard = (X - repeated.mean(axis=0)) / repeated.std(axis=0)
    _, _, rows = np.linalg.svd((repeated - repeated.mean(axis=0)) / repeated.std(axis=0))
    vectors = standard @ rows[:3].T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # Directions are unique but for their signs; cosines are unique.
    np.testing.assert_allclose(learned(X) @ learned(X).T, vectors @ vectors.T, atol=1e-3)


@pytest.mark.parametrize("n_features", [0, 1, 5])
@pytest.mark.parametrize("n_samples", [1, 2, 7])
def test_any_shape(n_samples, n_features):
    X = features_of(n_samples, n_features)
    vectors = Likeness.learn(X, np.ones(n_samples))(X)
    assert vectors.shape == (n_samples, n_features)
    lengths = np.linalg.norm(vectors, axis=1)
    if n_samples > 1 and n_features:
        np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    else:  # Nothing is to be seen, or everything is average.
        np.testing.assert_array_equal(lengths, 0)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e30, -1e-30])
def test_what_is_constant_says_nothing(value):
    X = features_of()
    constant = np.column_stack([X, np.full(len(X), value, dtype=np.float32)])
    with_it = Likeness.learn(constant, np.ones(len(X)))
    np.testing.assert_array_equal(with_it(constant)[:, -1], 0)
    without = Likeness.learn(X, np.ones(len(X)))(X)
    np.testing.assert_allclose(with_it(constant)[:, :-1], without, atol=1e-6)


def test_extreme_features_have_unit_length():
    X = features_of()
    learned = Likeness.learn(X, np.ones(len(X)))
    largest = np.finfo(np.float32).max
    for row in ([largest] * 6, [-largest, 0, 0, 0, 0, largest], [1e20, 1, 1, 1, 1, 1]):
        vectors = learned(np.array([row], dtype=np.float32))
        np.testing.assert_allclose(np.linalg.norm(vectors), 1, rtol=1e-5)
    X[3, 2] = largest  # in training too
    vectors = Likeness.learn(X, np.ones(len(X)))(X)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
