"""Batch normalisation folded into convolutions: which ones, and that nothing else changes."""

import pytest
import torch
from torch import nn

from sklearn_ctran.modules.folding import fold_batch_norm


class Shared(nn.Module):
    """A convolution whose output two batch normalisations read."""

    def __init__(self):
        super().__init__()
        self.conv, self.one, self.two = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.conv(x)
        return self.one(x) + self.two(x)


def count_norms(network):
    return sum(isinstance(part, nn.BatchNorm2d) for part in network.modules())


@pytest.mark.parametrize(
    "network, n_left",
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()), 0),
        (nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.Sequential(nn.BatchNorm2d(4))), 0),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)), 1),
        (nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)), 1),
        (Shared(), 2),
    ],
)
def test_only_norms_right_after_a_convolution_are_folded(network, n_left):
    torch.manual_seed(0)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight, part.bias, part.running_mean):
                nn.init.normal_(values)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
    network.eval()
    images = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        expected = network(images)
        fold_batch_norm(network, torch.zeros(1, 3, 8, 8))
        torch.testing.assert_close(network(images), expected, atol=1e-5, rtol=1e-5)
    assert count_norms(network) == n_left
    assert not any(part._forward_hooks for part in network.modules())
