"""Devices, precisions and seeds."""

import pytest
import torch

from sklearn_ctran._utils import devices
from sklearn_ctran._utils.devices import autocast, has_bfloat16, plain_torch, resolve_device


def test_device_names(monkeypatch):
    assert resolve_device("cpu") == "cpu"
    with pytest.raises(ValueError, match="device='nonsense' is not available"):
        resolve_device("nonsense")
    for has_cuda, has_mps, expected in [
        (True, False, "cuda"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda has=has_cuda: has)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda has=has_mps: has)
        assert resolve_device("auto") == expected


@pytest.mark.parametrize("is_fast", [False, True])
def test_bfloat16_goes_by_the_processor(monkeypatch, is_fast):
    monkeypatch.setattr(devices, "cpu_has_bfloat16", lambda: is_fast)
    assert has_bfloat16("cpu") == is_fast
    assert not has_bfloat16("meta")


def test_autocast():
    x = torch.ones(2, 2)
    with autocast("cpu", "bfloat16"):
        assert (x @ x).dtype == torch.bfloat16
    for precision in ("float32", "float64"):
        with autocast("cpu", precision):
            assert (x @ x).dtype == torch.float32


def test_no_step_inside_of_autocast_uses_the_weights_of_the_last():
    weight = torch.ones(2, 2, requires_grad=True)
    x = torch.ones(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16), plain_torch():
        for value in (1.0, 2.0):
            with torch.no_grad():
                weight.fill_(value)
            with autocast("cpu", "bfloat16"), autocast("cpu", "bfloat16"):
                assert (x @ weight)[0, 0] == 2 * value
