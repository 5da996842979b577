"""The memory in an exported graph: linear systems, and the logits that it adds."""

import numpy as np
import pytest
import torch
from small_models import quick

from sklearn_ctran._export.graph import PredictionGraph
from sklearn_ctran._export.memory_graph import _solve


@pytest.mark.parametrize("n_labels", [1, 5, 128])
def test_linear_systems(n_labels):
    generator = torch.Generator().manual_seed(0)
    half = torch.randn(3, n_labels, n_labels, generator=generator)
    matrices = half @ half.transpose(1, 2) / n_labels + 0.1 * torch.eye(n_labels)
    right = torch.randn(3, n_labels, 1, generator=generator)
    expected = torch.linalg.solve(matrices.double(), right.double()).float()
    torch.testing.assert_close(_solve(matrices, right), expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("n_labels", [4, 140])  # With more than 128 there is no covariance.
@pytest.mark.parametrize("n_features", [9, 200])  # More than 128 are reduced.
@pytest.mark.parametrize("missing", [False, True])
def test_recalled_logits(n_labels, n_features, missing):
    rng = np.random.RandomState(0)
    X = rng.randn(160, n_features).astype(np.float32)
    Y = (rng.rand(160, n_labels) < 0.3).astype(float)
    if missing:
        Y[rng.rand(*Y.shape) < 0.2] = np.nan
    model = quick(precision="float32", max_epochs=1).fit(X, Y)
    graph = PredictionGraph(model).eval()
    states = rng.randint(-1, 2, size=(20, n_labels)).astype(np.int8)
    states[0] = -1
    known = np.where(states < 0, np.nan, states.astype(float))
    X[19] = X.mean(axis=0)  # Its vector is nearly zero.
    with torch.no_grad():
        proba, _ = graph(torch.from_numpy(X[:20]), torch.from_numpy(states))
    expected = model.predict_proba(X[:20], known)
    np.testing.assert_allclose(proba.numpy(), expected, atol=2e-5)
    alone = model._without_memory().predict_proba(X[:20], known)
    assert np.abs(expected - alone).max() > 0.01
