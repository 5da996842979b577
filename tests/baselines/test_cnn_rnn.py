"""CNNRNN: labels in the order of frequency."""

import numpy as np
import pytest
from rivals import made
from small_models import net_made_by

from sklearn_ctran.baselines import CNNRNN


def test_parameters_of_the_network(noisy_table):
    module = net_made_by(CNNRNN(n_embedding=5, n_hidden=7), *noisy_table).module_
    assert module.embeddings.weight.shape == (5, 5)
    assert module.recurrence.gates.weight.shape == (28, 12)


def test_number_of_epochs(noisy_table):
    assert net_made_by(CNNRNN(batch_size=10), *noisy_table).max_epochs == 133  # 2,000 steps
    params = {"backbone": "small", "image_size": None, "augment": None, "batch_size": 2}
    images, Y = np.zeros((20, 16, 16, 3), dtype=np.uint8), np.eye(20, 3, dtype=int)
    images[...] = np.arange(20, dtype=np.uint8)[:, None, None, None] * 9
    assert net_made_by(CNNRNN(**params), images, Y).max_epochs == 100


def test_tokens_are_pooled():
    X = np.random.RandomState(0).randn(40, 6, 4).astype(np.float32)
    Y = (X.max(axis=1)[:, :2] > 1.2).astype(int)
    params = {"backbone": None, "max_epochs": 2}
    proba = made(CNNRNN, pool="max", **params).fit(X, Y).predict_proba(X)
    pooled = made(CNNRNN, **params).fit(X.max(axis=1), Y).predict_proba(X.max(axis=1))
    np.testing.assert_allclose(proba, pooled, atol=1e-5)


@pytest.mark.parametrize("order, first", [("frequent", 1), ("rare", 0)])
def test_the_first_label_of_a_sequence(order, first):
    rng = np.random.RandomState(0)
    Y = np.ones((100, 2), dtype=int)
    Y[:30, 0] = 0  # Label 1 is in all samples, label 0 in most.
    X = rng.randn(100, 3).astype(np.float32)
    model = made(CNNRNN, order=order, unknown_fraction=None).fit(X, Y)
    module = model.net_.module_
    np.testing.assert_array_equal(module.position.numpy().argmin(), first)


def test_shown_labels_make_known_ones_useful(told_table):
    """Without them nothing has followed a rare label in training."""
    X, Y = told_table
    Y = np.column_stack([Y[:, 0], Y[:, 0] | (np.arange(len(Y)) % 3 == 0)])
    params = {"max_epochs": 60, "random_state": 0}
    missed = []
    for unknown_fraction in (None, (0.25, 1.0)):
        model = made(CNNRNN, unknown_fraction=unknown_fraction, **params).fit(X, Y)
        told = model.predict_proba(X, {0: Y[:, 0]})[Y[:, 0] == 1, 1]
        missed.append(1 - told.mean())  # Label 1 is true wherever label 0 is.
    assert missed[1] < 0.05 < missed[0]
