"""The built-in network for small images."""

import pytest
import torch

from sklearn_ctran.modules.small_cnn import SmallCNN


@pytest.mark.parametrize("side", [8, 32, 61])
def test_a_cell_is_4_by_4_pixels(side):
    features = SmallCNN()(torch.randn(2, 3, side, side))
    cells = -(-side // 4)
    assert features.shape == (2, 128, cells, cells)


def test_every_parameter_is_trained():
    model = SmallCNN(widths=(4, 6, 8))
    model(torch.randn(4, 3, 16, 16)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())
