"""What all benchmarks rest on: hidden labels, rivals with known labels."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain


@pytest.fixture(scope="module", autouse=True)
def benchmarks():
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(80, 4)
    Y = (X[:, :3] + rng.randn(80, 3) > 0).astype(int)
    Y[:, 2] = Y[:, 0]
    return X, Y


def test_the_same_entries_are_hidden_for_every_method():
    from _common import hide_labels

    Y = np.random.RandomState(0).randint(2, size=(50, 8))
    quarter, half = hide_labels(Y, 25, seed=3), hide_labels(Y, 50, seed=3)
    assert ((quarter >= 0).sum(axis=1) == 2).all()
    assert ((half >= 0).sum(axis=1) == 4).all()
    assert (half[quarter >= 0] == Y[quarter >= 0]).all()
    np.testing.assert_array_equal(half, hide_labels(Y, 50, seed=3))
    assert (hide_labels(Y, 0, seed=3) == -1).all()


def test_the_chain_is_scikit_learns_while_nothing_is_known(table):
    from _rivals import KnownLabelChain

    X, Y = table
    logistic = LogisticRegression()
    ours = KnownLabelChain(logistic, order="random", random_state=1).fit(X, Y)
    theirs = ClassifierChain(
        logistic, order="random", random_state=1, chain_method="predict_proba"
    ).fit(X, Y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)


def test_rivals_use_known_labels(table):
    from _masked_linear import MaskedLinear
    from _rivals import KnownLabelChain

    X, Y = table
    known = np.full(Y.shape, -1)
    known[:, 0] = Y[:, 0]
    chain = KnownLabelChain(LogisticRegression(), order=[0, 1, 2])
    for rival in (chain, MaskedLinear(max_epochs=60, batch_size=8)):
        proba = rival.fit(X, Y).predict_proba(X, known)
        np.testing.assert_array_equal(proba[:, 0], Y[:, 0])
        accuracy = np.mean((proba[:, 2] > 0.5) == Y[:, 2])
        assert accuracy > np.mean((rival.predict_proba(X)[:, 2] > 0.5) == Y[:, 2])
