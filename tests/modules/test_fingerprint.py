"""The digest that tells whether two modules compute the same."""

import copy
import functools
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from sklearn_ctran.modules import fingerprint as fingerprint_module
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


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def variants():
    """Pairs of modules that do not compute the same, and differ in nothing but one place."""

    def make(**attributes):
        return type("Made", (nn.Module,), {"__module__": __name__} | attributes)()

    def adds(number):
        return lambda self, x: x + number

    def default(self, x, number=1.0):
        return x + number

    def other_default(self, x, number=2.0):
        return x + number

    yield make(forward=lambda self, x: x + 1.0), make(forward=lambda self, x: x + 2.0)
    yield make(forward=adds(1.0)), make(forward=adds(2.0))  # what a closure holds
    yield make(forward=decorated(adds(1.0))), make(forward=decorated(adds(2.0)))
    yield make(f=staticmethod(lambda x: x)), make(f=staticmethod(lambda x: -x))
    yield make(f=property(lambda self: 1)), make(f=property(lambda self: 2))
    yield make(scale=1.0), make(scale=2.0)
    other_default.__name__ = "default"
    yield make(f=default), make(f=other_default)
    one, two = nn.Identity(), nn.Identity()
    two._scale = 2.0
    yield one, two
    one, two = nn.Identity(), nn.Identity()
    one.activation, two.activation = nn.functional.relu, nn.functional.gelu
    yield one, two
    one, two = nn.Identity(), nn.Identity()
    one.table, two.table = torch.zeros(2), torch.ones(2)
    yield one, two
    two = nn.Identity()
    two.register_forward_hook(lambda module, inputs, output: output + 1)
    yield nn.Identity(), two
    two = nn.Identity()
    two.forward = lambda x: x + 1
    yield nn.Identity(), two
    relu = nn.ReLU()
    yield nn.Sequential(relu, nn.Tanh()), nn.Sequential(relu, nn.Tanh(), relu)
    yield tuple(torch.fx.symbolic_trace(make(forward=adds(n))) for n in (1.0, 2.0))


@pytest.mark.parametrize("one, two", list(variants()))
def test_code_and_attributes_of_ones_own_count(one, two):
    assert fingerprint(one) == fingerprint(one)
    assert fingerprint(one) != fingerprint(two)


def test_the_same_in_every_process():
    """Neither the order of sets nor addresses come in."""
    code = (
        "import torch; from torch import nn\n"
        "from sklearn_ctran.modules.fingerprint import fingerprint\n"
        "class Own(nn.Module):\n"
        "    names = {'a', 'b', 'c', 'd'}\n"
        "    def forward(self, x): return x if str(x) in {'e', 'f', 'g', 'h'} else -x\n"
        "module = Own(); module.parts = [torch.float32, nn.functional.relu, len]\n"
        "print(fingerprint(module))"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_what_cannot_be_described_is_new_each_time():
    module = nn.Identity()
    module.thing = iter([])
    assert fingerprint(module) != fingerprint(module)


def test_weights_are_read_once(module, monkeypatch):
    reads = []
    read = fingerprint_module._read
    monkeypatch.setattr(fingerprint_module, "_read", lambda named: reads.append(1) or read(named))
    first = fingerprint(module)
    assert fingerprint(module) == first
    assert len(reads) == 1
    module.conv.weight.data.mul_(2)
    assert fingerprint(module) != first
    assert len(reads) == 2


def test_networks_of_torchvision():
    torch.manual_seed(0)
    network = make_backbone("mobilenet_v3_small", None)
    assert network.fingerprint() == copy.deepcopy(network).fingerprint()
    assert network.fingerprint() != make_backbone("mobilenet_v3_small", None).fingerprint()
