"""Weights in a file, and backbones that get them back."""

import pytest
import torch
from torch import nn

from sklearn_ctran._persistence.savable import Storage
from sklearn_ctran.modules.backbone import make_backbone, trunk_size
from sklearn_ctran.modules.stored import (
    restore_backbone,
    restore_state,
    store_backbone,
    stored_state,
)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def empty():
    with torch.device("meta"):
        return network()


def test_states_come_back():
    module, other = network(), empty()
    restore_state(other, stored_state(module))
    assert all(map(torch.equal, module.state_dict().values(), other.state_dict().values()))


def test_only_matrices_are_halved():
    module = network()
    with torch.no_grad():
        module[2].weight[0, 0] = 1e5  # beyond float16
    state = stored_state(module, "float16")
    halved = {name for name, value in state.items() if value.dtype == torch.float16}
    assert halved == {"0.weight"}
    other = empty().double()
    restore_state(
        other, {k: v.double() if k not in halved and v.ndim else v for k, v in state.items()}
    )
    assert torch.equal(other[0].weight, module[0].weight.half().double())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("0.weight", torch.ones(3, 4), r"shape \(3, 4\), not \(4, 3\)"),
        ("0.weight", torch.ones(4, 3, dtype=torch.int64), "torch.int64, not torch.float32"),
        ("0.weight", torch.ones(4, 3, dtype=torch.float64), "torch.float64, not torch.float32"),
        ("0.weight", torch.full((4, 3), torch.nan), "NaN or infinite"),
        ("1.num_batches_tracked", torch.tensor(1, dtype=torch.float16), "not torch.int64"),
        ("3.weight", torch.ones(4, 3), "'3.weight' is missing, or nothing has it"),
    ],
)
def test_states_of_others(name, value, message):
    with pytest.raises(ValueError, match=message):
        restore_state(empty(), stored_state(network()) | {name: value})
    state = stored_state(network())
    del state["0.bias"]
    with pytest.raises(ValueError, match="'0.bias' is missing"):
        restore_state(empty(), state)


@pytest.mark.parametrize("name", ["small", "mobilenet_v3_small", "vit_b_16"])
def test_sizes_of_backbones(name):
    expected = {"small": 0, "mobilenet_v3_small": 927_008, "vit_b_16": 85_798_656}
    assert trunk_size(name) == pytest.approx(expected[name], rel=0.02)


def test_backbones_come_back():
    backbone = make_backbone("mobilenet_v3_small", None).freeze()
    backbone.mean.fill_(0.25)  # as of images of the authors' birds
    stored = store_backbone(backbone, "mobilenet_v3_small", None, Storage())
    other = restore_backbone("mobilenet_v3_small", None, stored)
    images = torch.randint(256, (2, 3, 40, 40), dtype=torch.uint8)
    assert torch.equal(other(images), backbone(images))
    assert other.frozen and not other.training


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": {}}, "fewer weights than the backbone 'mobilenet_v3_small'"),
        ({"mean": [0.5, 0.5]}, "another mean or standard deviation"),
        ({"std": [0.5, 0.5, float("inf")]}, "another mean or standard deviation"),
        ({"more": 1}, "other entries"),
    ],
)
def test_backbones_of_others(change, message):
    backbone = make_backbone("mobilenet_v3_small", None)
    stored = store_backbone(backbone, "mobilenet_v3_small", None, Storage())
    with pytest.raises(ValueError, match=message):
        restore_backbone("mobilenet_v3_small", None, stored | change)


def test_another_network():
    stored = store_backbone(make_backbone("small"), "small", "DEFAULT", Storage())
    with pytest.raises(ValueError, match="fewer weights than the backbone 'vit_h_14'"):
        restore_backbone("vit_h_14", None, stored)
    with pytest.raises(ValueError, match="Unknown backbone 'other'"):
        restore_backbone("other", None, stored)


@pytest.mark.parametrize(
    "name", ["small", "mobilenet_v2", "resnet18", "vit_b_16", "inception_v3", "swin_v2_t"]
)
def test_nothing_is_drawn_for_weights_that_are_there(name):
    stored = store_backbone(make_backbone(name, None), name, None, Storage())
    before = torch.random.get_rng_state()
    back = restore_backbone(name, None, stored)
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = store_backbone(back, name, None, Storage())["weights"]
    assert weights.keys() == stored["weights"].keys()
    assert all(torch.equal(weights[key], value) for key, value in stored["weights"].items())
