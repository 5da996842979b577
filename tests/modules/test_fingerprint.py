"""The digest that is equal only for modules that compute the same."""

import copy
import functools
import os
import subprocess
import sys
import types
import warnings

import pytest
import torch
import torchvision
from torch import nn

from sklearn_ctran.modules import fingerprint as fingerprint_module
from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.fingerprint import describe, describe_once


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
    assert describe(copied) == describe(module)
    assert describe(copied.to(memory_format=torch.channels_last)) == describe(module)
    assert len(describe(module)) == 32


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
    before = describe(module)
    change(module)
    assert describe(module) != before


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
    assert describe(one) == describe(one)
    assert describe(one) != describe(two)


def test_the_same_in_every_process():
    """Neither the order of sets nor addresses come in."""
    code = (
        "import torch; from torch import nn\n"
        "from sklearn_ctran.modules.fingerprint import describe\n"
        "class Own(nn.Module):\n"
        "    names = {'a', 'b', 'c', 'd'}\n"
        "    def forward(self, x): return x if str(x) in {'e', 'f', 'g', 'h'} else -x\n"
        "module = Own(); module.parts = [torch.float32, nn.functional.relu, len]\n"
        "print(describe(module))"
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


def with_generator():
    module = nn.Identity()
    module.thing = (x for x in [])
    return module


def with_code_that_reads_a_module_that_is_not_installed():
    module = nn.Identity()
    space = {"helpers": types.ModuleType("helpers")}
    module.register_forward_hook(eval("lambda module, x, y: helpers.scale(y)", space))
    return module


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(nn.Identity())


@pytest.mark.parametrize(
    "make", [with_generator, with_code_that_reads_a_module_that_is_not_installed, scripted]
)
def test_what_cannot_be_recognised_is_new_each_time(make):
    module = make()
    assert describe(module) != describe(module)


def test_globals_that_code_reads_count():
    def make(source):
        space = {"__name__": "program", "nn": nn}
        exec(source, space)
        return space["Own"]()

    source = """
factor, unread = 1, 2
def scale(x): return [factor * each for each in x]
class Own(nn.Module):
    def forward(self, x): return (lambda: scale(x))()
"""
    before = describe(make(source))
    assert describe(make(source)) == before
    assert describe(make(source.replace("unread = 2", "unread = 3"))) == before
    assert describe(make(source.replace("factor, unread = 1", "factor, unread = 5"))) != before
    assert describe(make(source.replace("factor * each", "factor + each"))) != before


def test_this_package_counts_by_a_version(monkeypatch):
    network, own = make_backbone("small"), nn.Conv2d(3, 4, 1)
    before = describe(network), describe(own)
    forward = type(network).forward
    monkeypatch.setattr(type(network), "forward", lambda self, x: forward(self, x))
    assert (describe(network), describe(own)) == before
    monkeypatch.setattr(fingerprint_module, "TOKENS_VERSION", 99)
    assert describe(network) != before[0]
    assert describe(own) == before[1]


def test_installed_packages_count_by_their_version(monkeypatch):
    network = torchvision.models.squeezenet1_1()
    before = describe(network)
    monkeypatch.setattr(torchvision.models.SqueezeNet, "forward", lambda self, x: x)
    assert describe(network) == before
    monkeypatch.setattr(torchvision, "__version__", "99")
    assert describe(network) != before


def test_a_function_made_in_an_installed_package():
    class Own(nn.Module):
        @torch.no_grad()
        def forward(self, x):
            return x

    class Other(nn.Module):
        @torch.no_grad()
        def forward(self, x):
            return -x

    Other.__name__ = "Own"
    assert describe(Own()) == describe(Own())
    assert describe(Own()) != describe(Other())


def test_a_class_made_in_an_installed_package():
    one, two = (nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 1)) for _ in range(2))
    two.load_state_dict(one.state_dict())
    assert describe(one) == describe(two)
    with torch.no_grad():
        two.parametrizations.weight.original0 += 1
    assert describe(one) != describe(two)


def test_methods_bound_to_another_object():
    def scale(self, x):
        return self * x

    one, two = nn.Identity(), nn.Identity()
    one.forward, two.forward = types.MethodType(scale, 1), types.MethodType(scale, 2)
    assert describe(one) == describe(one)
    assert describe(one) != describe(two)


def test_a_module_may_refer_to_its_parent():
    parent = nn.Sequential(nn.Identity())
    parent[0].parent = [parent]
    assert describe(parent) == describe(parent)


def test_weights_are_read_once(module, monkeypatch):
    reads = []
    read = fingerprint_module._read
    monkeypatch.setattr(fingerprint_module, "_read", lambda named: reads.append(1) or read(named))
    first = describe(module)
    n_parts = len(reads)
    assert describe(module) == first
    assert len(reads) == n_parts
    module.conv.weight.data.mul_(2)
    assert describe(module) != first
    assert len(reads) == n_parts + 1


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.conv.weight.mul_(2),
        lambda m: m.offset.add_(1),
        lambda m: m.register_buffer("offset", torch.ones(1)),
        lambda m: setattr(m.conv, "weight", nn.Parameter(torch.ones(4, 3, 1, 1))),
        lambda m: setattr(m, "conv", nn.Conv2d(3, 4, 1)),
        lambda m: setattr(m, "factor", 3.0),
        lambda m: m.conv.register_forward_hook(print),
        lambda m: m.load_state_dict({k: v + 1 for k, v in m.state_dict().items()}),
        # Fused steps do not count as changes.
        lambda m: torch.optim.AdamW(with_gradients(m), lr=0.1, fused=True).step(),
        lambda m: m.conv.weight.data.mul_(2),
    ],
)
def test_a_module_that_looks_the_same_is_described_once(module, change, monkeypatch):
    first = describe_once(module)
    assert first == describe(module)
    with monkeypatch.context() as patched:
        patched.setattr(fingerprint_module, "describe", None)  # It would fail if called.
        assert describe_once(module.eval()) == first
    with torch.no_grad():
        change(module)
    assert describe_once(module) == describe(module) != first


def with_gradients(module):
    for weight in module.parameters():
        weight.grad = torch.ones_like(weight)
    return module.parameters()


def test_a_frozen_module_is_not_read_to_see_whether_it_looks_the_same(module, monkeypatch):
    first = describe_once(module.requires_grad_(False))
    monkeypatch.setattr(fingerprint_module, "_total", None)  # It would fail if called.
    assert describe_once(module) == first


def test_a_module_that_cannot_be_recognised_keeps_its_last_digest(module):
    module.anything = lambda: (yield)
    module.held = module.anything()  # Generators cannot be pickled.
    assert describe(module) != describe(module)
    assert describe_once(module) == describe_once(module)


def test_inference_tensors_are_described_each_time(module):
    with torch.inference_mode():
        module.register_buffer("offset", torch.zeros(1))
        first = describe_once(module)
        module.offset.add_(1)
    assert describe_once(module) == describe(module) != first


def test_networks_of_torchvision():
    torch.manual_seed(0)
    network = make_backbone("mobilenet_v3_small", None)
    assert network.fingerprint() == copy.deepcopy(network).fingerprint()
    assert network.fingerprint() != make_backbone("mobilenet_v3_small", None).fingerprint()
