"""timm's networks as backbones: their features are timm's own, of any size they can take."""

import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

from sklearn_ctran.modules.backbone import Backbone, make_backbone, trunk_size
from sklearn_ctran.modules.folding import fold_batch_norm

timm = pytest.importorskip("timm")

#: A small one of many families: side of the images, tokens before the patches, channels last.
FAMILIES = {
    "test_resnet": (64, 0, False),
    "test_efficientnet": (64, 0, False),
    "mobilenetv3_small_050": (64, 0, False),
    "test_byobnet": (64, 0, False),
    "test_nfnet": (64, 0, False),
    "test_convnext": (64, 0, False),
    "test_mambaout": (64, 0, True),
    "test_maxvit": (160, 0, False),
    "swin_tiny_patch4_window7_224": (64, 0, True),
    "test_vit": (64, 1, False),
    "test_vit3": (64, 1, False),
    "vit_small_patch14_reg4_dinov2": (56, 5, False),
    "vit_small_patch16_dinov3": (64, 5, False),
    "eva02_tiny_patch14_224": (56, 1, False),
    "xcit_nano_12_p16_224": (64, 1, False),
    "coat_lite_tiny": (224, 1, False),
}


def some_images(height, width, n=2, n_channels=3):
    generator = torch.Generator().manual_seed(0)
    shape = (n, n_channels, height, width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def both(name, **arguments):
    """A backbone, and timm's own network with the same weights, in evaluation mode."""
    torch.manual_seed(0)
    backbone = make_backbone(f"timm/{name}", None, **arguments).eval()
    torch.manual_seed(0)
    n_inputs = {"in_chans": arguments["n_inputs"]} if arguments else {}
    return backbone, timm.create_model(name, **n_inputs).eval()


def own_features(network, images, mean, std):
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (mean, std))
    return network.forward_features((images / 255 - mean) / std)


@pytest.mark.parametrize("name", FAMILIES)
@torch.no_grad()
def test_features_are_those_of_forward_features(name):
    side, n_prefix, is_channels_last = FAMILIES[name]
    backbone, network = both(name)
    own = network.pretrained_cfg["input_size"][-1]
    images = some_images(own, own, n=1)
    config = network.pretrained_cfg
    expected = own_features(network, images, config["mean"], config["std"])
    if expected.ndim == 3:
        expected = expected[:, n_prefix:].transpose(1, 2)
    elif is_channels_last:
        expected = expected.permute(0, 3, 1, 2)
    features = backbone(images)
    assert features.shape[1] == backbone.n_channels == expected.shape[1]
    torch.testing.assert_close(features.flatten(2), expected.flatten(2), atol=1e-4, rtol=1e-4)
    assert backbone.trunk.n_prefix == n_prefix
    assert backbone(some_images(side, side)).isfinite().all()


@torch.no_grad()
def test_siglip(monkeypatch):
    """All its tokens are patches; a head that attends to them makes its vector of an image."""
    monkeypatch.setattr(timm, "create_model", partial(timm.create_model, depth=1))
    backbone, network = both("vit_base_patch16_siglip_224")
    images = some_images(224, 224, n=1)
    expected = own_features(network, images, (0.5,) * 3, (0.5,) * 3).transpose(1, 2)
    features = backbone(images)
    assert features.shape == (1, 768, 14, 14)
    torch.testing.assert_close(features.flatten(2), expected, atol=1e-4, rtol=1e-4)
    assert "attn_pool" in backbone.trunk.left_out
    assert backbone(some_images(64, 96)).shape == (2, 768, 4, 6)


@pytest.mark.parametrize(
    "name, size, grid",
    [
        ("test_vit", (64, 96), (4, 6)),
        ("vit_small_patch14_reg4_dinov2", (28, 42), (2, 3)),
        ("eva02_tiny_patch14_224", (42, 28), (3, 2)),
        ("xcit_nano_12_p16_224", (64, 96), (4, 6)),
        ("swin_tiny_patch4_window7_224", (64, 96), (2, 3)),
        ("test_resnet", (64, 96), (2, 3)),
    ],
)
@torch.no_grad()
def test_rows_and_columns_are_those_of_the_image(name, size, grid):
    backbone = make_backbone(f"timm/{name}", None).eval()
    images = some_images(*size)
    features = backbone(images)
    assert features.shape[2:] == grid
    if backbone.trunk.n_prefix:  # Of another image only the upper left patch differs.
        other = images.clone()
        rows, columns = (length // n for length, n in zip(size, grid, strict=True))
        other[:, :, :rows, :columns] = 255 - other[:, :, :rows, :columns]
        change = (backbone(other) - features).abs().sum(dim=1)[0]
        row, column = divmod(int(change.flatten().argmax()), grid[1])
        assert max(row, column) <= 1


def test_position_embeddings_follow_the_image():
    """Of another size, they are those that timm itself makes for a network of that size."""
    backbone = make_backbone("timm/vit_tiny_patch16_224", None).eval()
    small = timm.create_model("vit_tiny_patch16_224", img_size=64)
    state = backbone.trunk.model.state_dict()
    rename = sys.modules[type(small).__module__].checkpoint_filter_fn
    small.load_state_dict(rename(state, small), strict=False)
    images = some_images(64, 64)
    with torch.no_grad():
        expected = own_features(small.eval(), images, (0.5,) * 3, (0.5,) * 3)[:, 1:]
        features = backbone(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(features, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "name, size, message",
    [
        ("test_vit", 70, "70 x 70 pixels .*divisible by patch size.* made for image_size=160"),
        ("test_maxvit", 64, "cannot take images of 64 x 64 pixels .* made for image_size=160"),
        ("cait_xxs24_224", 64, "cannot take images of 64 x 64 pixels .* made for image_size=224"),
    ],
)
def test_sizes_that_a_network_cannot_take(name, size, message):
    backbone = make_backbone(f"timm/{name}", None).eval()
    with pytest.raises(ValueError, match=message), torch.no_grad():
        backbone(some_images(size, size))


@pytest.mark.parametrize("name", ["crossvit_9_240", "hrnet_w18_ssld"])
def test_networks_of_several_maps(name):
    if name.startswith("hrnet"):
        assert make_backbone(f"timm/{name}", None).n_channels == 2048
        return
    with pytest.raises(ValueError, match="crossvit_9_240' has no one map of features"):
        make_backbone(f"timm/{name}", None)


@pytest.mark.parametrize(
    "name", ["test_vit2", "test_vit3", "mobilenetv3_small_050", "test_convnext"]
)
def test_what_comes_after_the_features_is_taken_out(name):
    backbone, network = both(name)
    images = some_images(160, 160)
    backbone(images).sum().backward()
    assert all(weight.grad is not None for weight in backbone.parameters())
    n_values = sum(weight.numel() for weight in backbone.parameters())
    assert n_values < sum(weight.numel() for weight in network.parameters())
    # What files are checked against before anything is allocated.
    assert 0.9 * n_values < trunk_size(f"timm/{name}") <= n_values


# -- the numbers that a network expects ---------------------------------------------------------


def test_pixels_are_normalised_as_the_network_expects():
    backbone, network = both("test_vit")
    assert network.pretrained_cfg["mean"] == (0.5, 0.5, 0.5)
    assert backbone.mean.flatten().tolist() == [0.5] * 3
    torch.testing.assert_close(
        backbone._normalized(some_images(8, 8)), some_images(8, 8) / 127.5 - 1
    )


@torch.no_grad()
def test_more_channels():
    """The fourth is normalised as the first, because timm makes its weights of those."""
    backbone, network = both("test_resnet", n_inputs=5)
    config = network.pretrained_cfg
    mean, std = ([*values, *values[:2]] for values in (config["mean"], config["std"]))
    images = some_images(64, 64, n_channels=5)
    expected = own_features(network, images, mean, std)
    torch.testing.assert_close(backbone(images), expected, atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="have 3 channels, but the backbone was made for 5"):
        backbone(some_images(64, 64))


# -- evaluation ---------------------------------------------------------------------------------


def with_other_statistics(backbone):
    torch.manual_seed(1)
    for part in backbone.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.2, 0.2)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
            nn.init.uniform_(part.weight, 0.5, 1.5)
    return backbone


def n_norms(backbone):
    return sum(isinstance(part, nn.BatchNorm2d) for part in backbone.modules())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "name, folds",
    [
        ("test_resnet", 1.0),
        ("test_efficientnet", 1.0),
        ("mobilenetv3_small_050", 1.0),
        ("test_byobnet", 1.0),
        ("swin_tiny_patch4_window7_224", 0.0),
        ("test_vit", 0.0),
        ("test_nfnet", 0.0),
    ],
)
@torch.no_grad()
def test_for_evaluation_computes_the_same(name, folds, dtype):
    backbone = with_other_statistics(make_backbone(f"timm/{name}", None)).eval()
    images = some_images(64, 64)
    expected = backbone(images)
    fast = backbone.for_evaluation(dtype)
    scale = expected.abs().max().item()
    torch.testing.assert_close(fast(images), expected, atol=1e-5 * scale, rtol=1e-4)
    assert n_norms(fast) == (1 - folds) * n_norms(backbone)
    torch.testing.assert_close(backbone(images), expected)


class OwnConvolution(nn.Conv2d):
    def forward(self, x):
        return super().forward(x) + x.mean()


class OwnNorm(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x).relu()


@pytest.mark.parametrize(
    "pair", [(nn.Conv2d(3, 4, 3), OwnNorm(4)), (OwnConvolution(3, 4, 3), nn.BatchNorm2d(4))]
)
def test_subclasses_may_compute_anything_and_are_not_folded(pair):
    network = nn.Sequential(*pair).eval()
    fold_batch_norm(network, torch.zeros(1, 3, 8, 8))
    assert list(network) == list(pair)


def test_folding_that_changes_features_is_undone(monkeypatch):
    backbone = with_other_statistics(make_backbone("timm/test_resnet", None))

    def wrong(network, images):
        nn.init.zeros_(next(network.parameters()))

    monkeypatch.setattr("sklearn_ctran.modules.timm_networks.fold_batch_norm", wrong)
    images = some_images(64, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            backbone.for_evaluation()(images), backbone.eval()(images), rtol=0, atol=0
        )


def test_frozen_statistics_stay_put():
    backbone = make_backbone("timm/test_resnet", None).freeze()
    before = [value.clone() for value in backbone.buffers()]
    backbone.train()(some_images(64, 64))
    assert all(map(torch.equal, before, backbone.buffers()))


# -- digests ------------------------------------------------------------------------------------

DIGEST = """
import torch
from sklearn_ctran.modules.backbone import make_backbone
for name in "test_resnet", "test_vit", "eva02_tiny_patch14_224":
    torch.manual_seed(0)
    print(make_backbone(f"timm/{name}", None).fingerprint())
"""


def test_equal_networks_have_equal_digests_in_every_process():
    """Else nobody would find cached tokens again."""
    found = subprocess.run(
        [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True
    ).stdout.split()
    for name, digest in zip(
        ("test_resnet", "test_vit", "eva02_tiny_patch14_224"), found, strict=True
    ):
        torch.manual_seed(0)
        backbone = make_backbone(f"timm/{name}", None)
        assert backbone.fingerprint() == digest
        other = make_backbone(f"timm/{name}", None)
        assert other.fingerprint() != digest
    assert len(set(found)) == 3


def test_timm_is_imported_only_for_its_networks():
    code = (
        "import sys\n"
        "from sklearn_ctran.modules.backbone import make_backbone\n"
        "make_backbone('resnet18', None)\n"
        "assert 'timm' not in sys.modules\n"
        "assert 'huggingface_hub' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_a_backbone():
    assert isinstance(make_backbone("timm/test_vit", None), Backbone)
