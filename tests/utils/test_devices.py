"""Devices and precisions."""

import torch

from sklearn_ctran._utils.devices import has_bfloat16


def test_bfloat16_goes_by_the_processor(monkeypatch):
    features = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    for present in features:
        for name in features:
            monkeypatch.setattr(torch.cpu, name, lambda has=name == present: has, raising=False)
        assert has_bfloat16("cpu")
    for name in features:
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    assert not has_bfloat16("cpu")
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")  # as in older versions of torch
    assert not has_bfloat16("cpu")
    assert not has_bfloat16("meta")
