"""Features to one vector."""

import pytest
import torch

from sklearn_ctran.modules.pooling import pool_features

FEATURES = torch.tensor([[[1.0, -1.0], [3.0, -2.0]], [[0.0, 5.0], [2.0, 5.0]]])


def test_mean_and_max():
    assert pool_features(FEATURES, "mean").tolist() == [[2.0, -1.5], [1.0, 5.0]]
    assert pool_features(FEATURES, "max").tolist() == [[3.0, -1.0], [2.0, 5.0]]


@pytest.mark.parametrize("power", [0.5, 1, 3, 40])
def test_generalised_mean(power):
    expected = FEATURES.double().clamp(min=1e-6).pow(power).mean(dim=1).pow(1 / power)
    made = pool_features(FEATURES, "gem", power)
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, expected.float(), rtol=1e-4, atol=1e-7)


def test_gradient_of_the_generalised_mean():
    features = torch.rand(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: pool_features(x, "gem", 2.5), features)
