"""The digest that tells whether two modules compute the same."""

import copy

import pytest
import torch
from torch import nn

from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.fingerprint import fingerprint


class Scaled(nn.Module):
    """A module of one's own, with settings that are no weights."""

    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor
        self.conv = nn.Conv2d(3, 4, 1)
        self.register_buffer("offset", torch.zeros(1), persistent=False)

    def forward(self, x):
        return self.conv(x) * self.factor + self.offset


@pytest.fixture
def module():
    torch.manual_seed(0)
    return Scaled()


def test_copies_have_the_same(module):
    copied = copy.deepcopy(module).eval()
    assert fingerprint(copied) == fingerprint(module)
    assert fingerprint(copied.to(memory_format=torch.channels_last)) == fingerprint(module)
    assert len(fingerprint(module)) == 32


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.conv.weight.data[0, 0].add_(1e-3),
        lambda m: m.offset.add_(1),
        lambda m: setattr(m, "factor", 3.0),
        lambda m: setattr(m.conv, "stride", (2, 2)),
        lambda m: setattr(m, "conv", nn.Sequential(m.conv)),
        lambda m: m.conv.bfloat16(),
    ],
)
def test_whatever_counts_changes_it(module, change):
    before = fingerprint(module)
    change(module)
    assert fingerprint(module) != before


def test_code_of_ones_own_counts():
    def make(number):
        class Adds(nn.Module):
            def forward(self, x):
                return x + (1.0 if number == 1 else 2.0)

        return Adds()

    class Adds(nn.Module):
        def forward(self, x):
            return x + 3.0

    assert fingerprint(make(1)) == fingerprint(make(2))  # what a closure holds is not looked at
    assert fingerprint(make(1)) != fingerprint(Adds())


def test_networks_of_torchvision():
    torch.manual_seed(0)
    network = make_backbone("mobilenet_v3_small", None)
    assert network.fingerprint() == copy.deepcopy(network).fingerprint()
    assert network.fingerprint() != make_backbone("mobilenet_v3_small", None).fingerprint()
