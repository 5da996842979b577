"""Stages of networks: where they begin, and which network has none."""

import pytest
import torch
from torch import nn
from torchvision import models

from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.trunk_stages import chain_of, find_stages


def stages_of(name):
    backbone = make_backbone(name, None)
    return backbone.trunk, find_stages(backbone.trunk.eval(), torch.zeros(1, 3, 128, 128))


def test_stages_of_a_resnet_are_its_layers():
    trunk, stages = stages_of("resnet18")
    assert len(stages) == 5
    assert stages[-1][:2] == [*trunk.layer4]
    assert stages[1][0] is trunk.maxpool and stages[1][1] is trunk.layer1[0]


@pytest.mark.parametrize(
    "name, number",
    [("mobilenet_v2", 5), ("vgg11", 5), ("swin_t", 4), ("densenet121", 5), ("inception_v3", 5)],
)
def test_stages_have_weights_and_are_the_whole_network(name, number):
    trunk, stages = stages_of(name)
    assert len(stages) == number
    assert [part for stage in stages for part in stage] == chain_of(trunk)
    for stage in stages:
        assert any(True for part in stage for _ in part.parameters())


def test_stages_of_a_transformer_are_its_blocks():
    backbone = make_backbone("vit_b_16", None)
    stages = find_stages(backbone.trunk, None)
    assert [len(stage) for stage in stages] == [1] * 11 + [2]
    assert isinstance(stages[-1][0], models.vision_transformer.EncoderBlock)


def test_parts_without_weights_belong_to_the_stage_before():
    trunk = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(3, 4, 1), nn.MaxPool2d(4))
    assert [len(stage) for stage in find_stages(trunk, torch.zeros(1, 3, 32, 32))] == [3]


def test_a_single_module_has_no_stages():
    with pytest.raises(ValueError, match=r"one module \(Conv2d\), whose stages are not known"):
        find_stages(nn.Conv2d(3, 4, 2, 2), torch.zeros(1, 3, 32, 32))


@pytest.mark.parametrize(
    "name, number, last",
    [
        ("resnet18", 4, "layer4"),
        ("vit_tiny_patch16_224", 12, "blocks.11"),
        ("convnext_atto", 4, "stages.3"),
        ("mobilenetv3_small_050", 6, "blocks.5"),
    ],
)
def test_stages_of_timms_networks(name, number, last):
    pytest.importorskip("timm")
    trunk = make_backbone(f"timm/{name}", None).trunk
    stages = find_stages(trunk, None)
    assert len(stages) == number
    assert stages[-1][0] is trunk.model.get_submodule(last)


def test_a_network_of_timms_without_known_stages():
    pytest.importorskip("timm")
    with pytest.raises(ValueError, match="the stages of 'timm/dla34' are not known"):
        find_stages(make_backbone("timm/dla34", None).trunk, None)


def test_a_module_through_which_an_image_passes_twice():
    relu = nn.ReLU()
    trunk = nn.Sequential(nn.Conv2d(3, 4, 2, 2), relu, nn.Sequential(nn.Conv2d(4, 4, 2, 2), relu))
    assert chain_of(trunk) == [trunk[0], relu, trunk[2][0], relu]
    assert find_stages(trunk, torch.zeros(1, 3, 16, 16)) == [[trunk[0], relu], [trunk[2][0], relu]]
