"""Shared code of the benchmarks: hidden labels, rivals that take known labels."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(80, 4)
    Y = (X[:, :3] + rng.randn(80, 3) > 0).astype(int)
    Y[:, 2] = Y[:, 0]
    return X, Y


def test_the_same_entries_are_hidden_for_the_same_seed():
    from _common import hide_labels

    Y = np.random.RandomState(0).randint(2, size=(50, 8))
    quarter, half = hide_labels(Y, 25, seed=3), hide_labels(Y, 50, seed=3)
    assert ((quarter >= 0).sum(axis=1) == 2).all()
    assert ((half >= 0).sum(axis=1) == 4).all()
    assert (half[quarter >= 0] == Y[quarter >= 0]).all()
    np.testing.assert_array_equal(half, hide_labels(Y, 50, seed=3))
    assert (hide_labels(Y, 0, seed=3) == -1).all()


def test_rivals_predict_like_their_counterparts_in_scikit_learn(table):
    from _common import make_rivals

    X, Y = table
    ours = make_rivals(seed=1, C=0.1)
    logistic = LogisticRegression(C=0.1, max_iter=1000)
    chain = ClassifierChain(
        logistic, order="random", random_state=1, chain_method="predict_proba"
    ).fit(X, Y)
    theirs = {
        "logistic regression": OneVsRestClassifier(logistic).fit(X, Y),
        "classifier chain": chain,
    }
    for name, rival in ours.items():
        np.testing.assert_array_equal(
            rival.fit(X, Y).predict_proba(X), theirs[name].predict_proba(X)
        )
