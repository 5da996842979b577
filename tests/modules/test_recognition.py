"""Weights of another network are recognised."""

import pytest
import torch
from torchvision import models

from sklearn_ctran._utils.randomness import all_drawing, drawing
from sklearn_ctran.modules.backbone import _families, _whose, make_backbone
from sklearn_ctran.modules.recognition import _without_values

# One of each family, and one that is told from others by a few shapes only.
NETWORKS = [
    "resnet34",
    "wide_resnet50_2",
    "resnext50_32x4d",
    "mobilenet_v3_large",
    "efficientnet_b1",
    "convnext_tiny",
    "densenet169",
    "inception_v3",
    "vit_b_32",
    "swin_t",
    "regnet_y_800mf",
    "vgg13",
]


CHANGES = ["none", "other head", "no head", "data-parallel"]


@pytest.mark.parametrize(("name", "change"), list(zip(NETWORKS, 3 * CHANGES, strict=True)))
def test_networks_are_recognised(name, change):
    state = dict(_without_values(name).state_dict())
    left_out = tuple(f"{part}." for part in _families(models)[name].left_out)
    if change == "no head":
        state = {key: value for key, value in state.items() if not key.startswith(left_out)}
    elif change == "other head":
        head = list(state)[-1]
        assert head.startswith(left_out)
        state[head] = torch.empty(7)
    elif change == "data-parallel":
        state = {f"module.{key}": value for key, value in state.items()}
    assert _whose(state) == name


def test_other_networks_are_not_recognised():
    state = _without_values("vgg13").state_dict()
    changes = [
        {"features.99.weight": torch.empty(1)},
        {"features.0.weight": torch.empty(64, 1, 3, 3)},
    ]
    for change in changes:
        assert _whose(state | change) is None
    assert _whose({key: state[key] for key in list(state)[2:]}) is None
    assert _whose({}) is None


def test_networks_to_compare_with_take_no_memory():
    assert _without_values.cache_info().currsize  # of the tests above
    for name in NETWORKS:
        assert all(weight.is_meta for weight in _without_values(name).parameters())


@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "small", torch.nn.Conv2d(3, 4, 3)])
def test_the_error_says_which_network_it_is(backbone, tmp_path):
    path = tmp_path / "some weights.pth"
    torch.save(models.mobilenet_v2(weights=None).state_dict(), path)
    message = r"some weights.pth does not fit .*\. These are the weights of 'mobilenet_v2': set bac"
    _without_values.cache_clear()
    with pytest.raises(ValueError, match=message), drawing(0), all_drawing():  # as in a fit
        make_backbone(backbone, path)
