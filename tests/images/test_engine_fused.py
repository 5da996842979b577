"""torch's own fused graph."""

import pytest
import torch
from torch import nn

from sklearn_ctran._images.engine_fused import CHUNK, fused_graph, is_fusible
from sklearn_ctran._images.engines import some_images
from sklearn_ctran.modules.backbone import Backbone, make_backbone

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def network_of(name, precision):
    torch.manual_seed(0)
    return make_backbone(name, None).freeze().for_evaluation(DTYPES[precision])


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "efficientnet_b0", "densenet121"])
def test_features_are_the_same(name):
    network = network_of(name, "float32")
    graph = fused_graph(network, "float32", some_images((64, 64), CHUNK))
    for n_images in (1, CHUNK, 2 * CHUNK + 1):
        images = some_images((64, 64), n_images)
        with torch.inference_mode():
            features, expected = graph(images), network(images)
        assert features.dtype == torch.float32
        atol = float(1e-5 * expected.abs().max())
        torch.testing.assert_close(features, expected, rtol=0, atol=atol)


def test_bfloat16_is_as_exact_as_without():
    images = some_images((64, 64), CHUNK)
    network = network_of("resnet18", "bfloat16")
    graph = fused_graph(network, "bfloat16", images)
    with torch.inference_mode():
        exact = network_of("resnet18", "float32")(images)
        error, expected = ((f - exact).abs().mean() for f in (graph(images), network(images)))
    assert 0 < error < 1.2 * expected


def test_operations_are_fused():
    images = some_images((64, 64), CHUNK)
    graph = fused_graph(network_of("resnet18", "float32"), "float32", images)
    with torch.profiler.profile() as profile, torch.inference_mode():
        graph(images)
    names = {event.key for event in profile.key_averages()}
    assert any("LlgaPartition" in name for name in names)
    assert "aten::conv2d" not in names


def test_settings_of_torch_stay():
    before = torch.jit.onednn_fusion_enabled()
    fused_graph(network_of("resnet18", "float32"), "float32", some_images((64, 64), CHUNK))
    assert torch.jit.onednn_fusion_enabled() == before


class Wild(nn.Module):
    """Its features depend on the images in a way that no recording of one run has."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls


class Broken(nn.Module):
    def forward(self, x):
        raise RuntimeError("not an operation of TorchScript")


@pytest.mark.parametrize("trunk", [Wild(), Broken()])
def test_what_would_be_other_features_is_not_used(trunk):
    backbone = Backbone(nn.Conv2d(3, 4, 8))
    backbone.trunk = trunk
    assert fused_graph(backbone, "float32", some_images((64, 64), CHUNK)) is None


def test_what_is_fused():
    backbone = make_backbone("resnet18", None)
    assert not is_fusible(backbone, "cpu")  # Its weights may change.
    assert is_fusible(backbone.freeze(), "cpu")
    assert not is_fusible(backbone, "cuda")
    assert not is_fusible(make_backbone("vit_b_32", None).freeze(), "cpu")
    assert not is_fusible(make_backbone(backbone.trunk).freeze(), "cpu")
