"""Backbones by name and by module; what is said about those that will not do."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torchvision import models

from sklearn_ctran.modules.backbone import Backbone, PatchTokens, make_backbone
from sklearn_ctran.modules.fingerprint import describe

# One small member of each family: channels, size of the feature map of 96 x 128 pixels, and what
# torchvision's network does with the map's mean (None: something else comes between).
NETWORKS = {
    "resnet18": (512, (3, 4), "fc"),
    "mobilenet_v2": (1280, (3, 4), "classifier"),
    "mobilenet_v3_small": (576, (3, 4), "classifier"),
    "efficientnet_b0": (1280, (3, 4), "classifier"),
    "convnext_tiny": (768, (3, 4), None),
    "densenet121": (1024, (3, 4), "classifier"),
    "inception_v3": (2048, (1, 2), "fc"),
    "vit_b_32": (768, (3, 4), None),
    "swin_t": (768, (3, 4), "head"),
    "swin_v2_t": (768, (3, 4), "head"),
    "regnet_y_400mf": (440, (3, 4), "fc"),
    "vgg11": (512, (3, 4), None),
}


def some_images(height=32, width=32, n=2):
    generator = torch.Generator().manual_seed(0)
    shape = (n, 3, height, width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


# -- feature maps ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_feature_maps(name, monkeypatch):
    n_channels, grid, head = NETWORKS[name]
    built = []

    def get_model(*args, real=models.get_model, **kwargs):
        model = real(*args, **kwargs)
        built.append(copy.deepcopy(model).eval())
        return model

    monkeypatch.setattr(models, "get_model", get_model)
    backbone = make_backbone(name, weights=None)
    assert backbone.training
    images = some_images(96, 128)
    with torch.no_grad():
        features = backbone.eval()(images)
    assert backbone.n_channels == n_channels
    assert features.shape == (2, n_channels, *grid)
    assert features.dtype == torch.float32
    assert features.isfinite().all()
    assert features.std() > 0
    if head is None:
        return
    built[0].transform_input = True  # Inception: as with torchvision's weights
    with torch.no_grad():
        logits = built[0](normalised(images))
        ours = getattr(built[0], head)(features.mean((2, 3)))
    torch.testing.assert_close(ours, logits, rtol=1e-3, atol=1e-4)


def normalised(images):
    """What torchvision's networks expect."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    return (images.float() / 255 - mean) / std


def tiny_vit(image_size):
    vit = models.VisionTransformer(image_size, 8, 2, 2, 16, 32)
    nn.init.normal_(vit.encoder.pos_embedding)
    return vit.eval()


def test_vit_tokens_are_patches_of_the_encoder():
    vit = tiny_vit(32)
    vit.heads, outputs = nn.Identity(), []
    vit.encoder.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        vit(images)
        features = PatchTokens(vit)(images)
    expected = outputs[0][:, 1:].transpose(1, 2).reshape(2, 16, 4, 4)
    torch.testing.assert_close(features, expected)


def test_vit_positions_follow_the_image():
    vit = tiny_vit(32)
    wide = models.vision_transformer.interpolate_embeddings(48, 8, vit.state_dict())
    expected = tiny_vit(48)
    expected.load_state_dict(wide)
    images = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        features = PatchTokens(vit)(images)
        torch.testing.assert_close(features, PatchTokens(expected)(images))
        assert PatchTokens(vit)(images[..., :32, :]).shape == (2, 16, 4, 6)


def test_vit_weights_of_another_image_size():
    trunk, other = PatchTokens(tiny_vit(32)), PatchTokens(tiny_vit(48))
    trunk.load_state_dict(other.state_dict())
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(trunk(images), other(images))


def test_images_below_the_least_size():
    with pytest.raises(ValueError, match="64 x 80 pixels are too small .* 75 x 75: set a larger"):
        make_backbone("inception_v3", weights=None)(some_images(64, 80))


# -- freezing ----------------------------------------------------------------------------------


def test_frozen_statistics_stay_put():
    backbone = make_backbone("small")
    parent = nn.Sequential(backbone.freeze())
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    parent.train()
    assert parent.training
    assert not any(module.training for module in backbone.modules())
    assert not backbone(some_images()).requires_grad
    assert all(torch.equal(before[key], value) for key, value in backbone.state_dict().items())
    assert pickle.loads(pickle.dumps(backbone)).train().training is False


def test_unfrozen_statistics_move():
    backbone = make_backbone("small")
    before = backbone.trunk[0][1].running_mean.clone()
    assert backbone(some_images()).requires_grad
    assert not torch.equal(backbone.trunk[0][1].running_mean, before)


# -- modules -----------------------------------------------------------------------------------


def test_a_module_is_copied():
    module = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5))
    before = {key: value.clone() for key, value in module.state_dict().items()}
    backbone = make_backbone(module.eval())
    backbone.train()(some_images())
    backbone.freeze()
    assert backbone.n_channels == 5
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert not module.training
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_building_does_not_move_statistics():
    module = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5))
    assert make_backbone(module).trunk[1].num_batches_tracked == 0


def test_modules_see_normalised_images():
    backbone = Backbone(nn.Identity(), mean=(0.5, 0.5, 0.0), std=(0.5, 0.25, 1.0))
    images = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    images[..., 1] = 255
    expected = torch.tensor([[-1.0, 1.0], [-2.0, 2.0], [0.0, 1.0]])
    torch.testing.assert_close(backbone(images)[0, :, 0], expected)
    assert images[0, 0, 0].tolist() == [0, 255]


def test_modules_of_one_fixed_size():
    class Fixed(nn.Module):
        def forward(self, images):
            return images.reshape(-1, 3 * 32 * 32, 7, 7)

    assert make_backbone(Fixed()).n_channels == 3 * 32 * 32


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Flatten(), r"must return feature maps .* returned \(1, 12288\)"),
        (nn.Conv2d(4, 5, 3), r"cannot process .*4 channels"),
    ],
)
def test_modules_that_will_not_do(module, message):
    with pytest.raises(ValueError, match=message):
        make_backbone(module)


@pytest.mark.parametrize("backbone", ["small", nn.Sequential(nn.Conv2d(3, 4, 3))])
def test_weights_of_modules(backbone, tmp_path):
    trained = make_backbone(backbone, weights=None)
    torch.save(trained.trunk.state_dict(), tmp_path / "w.pt")
    again = make_backbone(backbone, tmp_path / "w.pt")
    images = some_images()
    assert torch.equal(again.eval()(images), trained.eval()(images))
    with pytest.raises(ValueError, match=r"The names are: 'DEFAULT'\."):
        make_backbone(backbone, "IMAGENET1K_V1")


# -- wrong names -------------------------------------------------------------------------------


def test_unknown_names():
    with pytest.raises(ValueError, match="Did you mean 'resnet50'.* ViT; Swin"):
        make_backbone("resnet-50")
    with pytest.raises(ValueError, match="Unknown backbone 'alexnet'"):
        make_backbone("alexnet")


def test_wrong_types():
    with pytest.raises(TypeError, match="backbone must be a name or an nn.Module"):
        make_backbone(18)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "densenet121", "vit_b_32"])
def test_for_evaluation_computes_the_same(name):
    torch.manual_seed(0)
    backbone = make_backbone(name, None).freeze()
    for part in backbone.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean, std=0.1)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
    images = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    with torch.no_grad():
        expected = backbone(images)
        fast = backbone.for_evaluation()
        error = (fast(images) - expected).abs().max() / expected.abs().max()
        assert error < 1e-5
        rounded = backbone.for_evaluation(torch.bfloat16)(images)
    assert rounded.dtype == torch.bfloat16
    assert (rounded.float() - expected).abs().max() / expected.abs().max() < 0.05
    assert all(torch.equal(before[key], value) for key, value in backbone.state_dict().items())
    if name in ("resnet18", "mobilenet_v2"):
        assert not any(isinstance(part, nn.BatchNorm2d) for part in fast.modules())


def test_for_evaluation_leaves_modules_of_ones_own_alone():
    backbone = make_backbone(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)))
    assert backbone.train().for_evaluation() is backbone
    assert not backbone.training


def test_normalisation_is_the_formula():
    backbone = make_backbone(nn.Identity())
    images = torch.randint(256, (2, 3, 5, 7), dtype=torch.uint8)
    expected = (images / 255 - backbone.mean) / backbone.std
    torch.testing.assert_close(backbone(images), expected)
    assert backbone(images).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("shape", [(1, 50, 32), (2, 65, 768), (1, 63, 768), (768,)])
def test_positions_that_no_square_image_has(shape, tmp_path):
    state = models.vit_b_32(weights=None).state_dict()
    state["encoder.pos_embedding"] = torch.zeros(shape)
    torch.save(state, tmp_path / "vit.pth")
    with pytest.raises(ValueError, match=r"vit.pth does not fit.*pos_embedding"):
        make_backbone("vit_b_32", tmp_path / "vit.pth")


def test_a_part_that_trains_is_held_for_a_while():
    backbone = make_backbone(nn.Sequential(nn.Conv2d(3, 4, 2, 2), nn.Conv2d(4, 4, 2, 2)), None)

    def training():
        return [each.requires_grad for each in backbone.parameters()]

    backbone.unfreeze(1)
    before = describe(backbone)
    for _ in range(2):
        backbone.hold(True)
    assert training() == [False] * 4
    for _ in range(2):
        backbone.hold(False)
        assert training() == [False, False, True, True]
    assert describe(backbone) == before
    backbone.hold(True)
    assert backbone.unfreeze() is backbone and training() == [True] * 4
    backbone.hold(True)
    backbone.freeze()
    backbone.hold(False)
    assert training() == [False] * 4
