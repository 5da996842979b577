"""The fallbacks for torch's private functions compute the same."""

import sys

import pytest
import torch

from sklearn_ctran._utils.torch_compat import cpu_has_bfloat16, safe_globals, softmax_backward

CPU_FEATURES = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float64, 1e-15), (torch.float32, 1e-6), (torch.bfloat16, 8e-3)]
)
def test_softmax_backward(monkeypatch, dtype, tolerance):
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 50, dtype=dtype, requires_grad=True)
    grad = torch.randn(2, 3, 50, dtype=dtype)
    weights = logits.softmax(dim=2)
    (expected,) = torch.autograd.grad(weights, logits, grad)
    got = softmax_backward(grad, weights.detach())
    monkeypatch.delattr(torch, "_softmax_backward_data")
    fallback = softmax_backward(grad, weights.detach())
    for each in (got, fallback):
        assert each.dtype == dtype
        torch.testing.assert_close(each, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.skipif(sys.platform != "linux", reason="the fallback reads /proc/cpuinfo")
def test_cpu_has_bfloat16(monkeypatch):
    expected = cpu_has_bfloat16()
    for name in CPU_FEATURES:
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert cpu_has_bfloat16() == expected


def test_cpu_features_that_only_some_versions_of_torch_know(monkeypatch):
    for present in CPU_FEATURES:
        for name in CPU_FEATURES:
            monkeypatch.setattr(torch.cpu, name, lambda has=name == present: has, raising=False)
        assert cpu_has_bfloat16()
    for name in CPU_FEATURES:
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    assert not cpu_has_bfloat16()
    monkeypatch.delattr(torch.cpu, CPU_FEATURES[1])
    assert not cpu_has_bfloat16()


@pytest.mark.parametrize("is_old", [True, False])
def test_allowed_globals_are_taken_back(monkeypatch, is_old):
    if is_old:
        monkeypatch.delattr(torch.serialization, "safe_globals", raising=False)
    before = set(torch.serialization.get_safe_globals())
    with pytest.raises(RuntimeError), safe_globals([dict]):
        assert set(torch.serialization.get_safe_globals()) == before | {dict}
        raise RuntimeError
    assert set(torch.serialization.get_safe_globals()) == before
