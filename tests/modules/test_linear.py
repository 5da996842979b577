import pytest
import torch
from torch import nn

from sklearn_ctran.modules import linear
from sklearn_ctran.modules.linear import Linear


def outcome(layer, x, precision):
    """The output of a layer and the gradients of its input, weight and bias."""
    x = x.clone().requires_grad_()
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        y = layer(x)
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
    (y.float() * weights).sum().backward()
    return y.detach(), x.grad, layer.weight.grad, layer.bias.grad


@pytest.mark.parametrize("wide", [1, 10_000])
@pytest.mark.parametrize("shape", [(7, 24), (3, 5, 24)])
@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float32])
def test_equals_torchs(wide, shape, precision, monkeypatch):
    monkeypatch.setattr(linear, "_WIDE", wide)
    torch.manual_seed(0)
    ours, theirs = Linear(24, 16), nn.Linear(24, 16)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(shape).to(precision)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        parts = outcome(ours, x, precision)
    for part, expected in zip(parts, outcome(theirs, x, precision), strict=True):
        assert part.dtype == expected.dtype
        torch.testing.assert_close(part.float(), expected.float(), rtol=0.02, atol=0.02)


def test_where_it_differs(monkeypatch):
    calls = []
    apply = linear._BFloat16Linear.apply
    watched = staticmethod(lambda *inputs: calls.append(inputs) or apply(*inputs))
    monkeypatch.setattr(linear._BFloat16Linear, "apply", watched)
    wide, narrow = Linear(8, 1024), Linear(8, 1023)
    x = torch.randn(2, 8)
    with torch.autocast("cpu", torch.bfloat16):
        narrow(x.bfloat16())
        wide(x)  # in float32: torch casts it
        with torch.no_grad():
            wide(x.bfloat16())
        assert not calls
        wide(x.bfloat16())
        assert len(calls) == 1
    wide(x)
    assert len(calls) == 1
