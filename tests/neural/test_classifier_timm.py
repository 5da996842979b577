"""Estimators on timm's networks: preprocessing as timm's, saved models, engines, fine-tuning."""

import numpy as np
import pytest
import torch
from PIL import Image
from small_models import quick

from sklearn_ctran import ImageTokens, TokenCache, load

timm = pytest.importorskip("timm")

#: For a network of each: the side of the images that it was evaluated on.
NETWORKS = {
    "test_resnet": 160,
    "mobilenetv3_small_050": 224,
    "test_vit": 160,
    "test_convnext": 160,
    "swin_tiny_patch4_window7_224": 224,
    "eva02_tiny_patch14_224": 224,
}


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.RandomState(0)
    return rng.randint(256, size=(12, 36, 48, 3), dtype=np.uint8), rng.randint(2, size=(12, 3))


@pytest.fixture(scope="module")
def photo():
    """A picture with structure, 150 x 210 pixels."""
    noise = np.random.RandomState(0).randint(256, size=(10, 14, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((210, 150), Image.Resampling.BICUBIC)


def n_cached(cache):
    return sum(space["images"] for space in cache.info().spaces)


@pytest.mark.parametrize("name", NETWORKS)
def test_tokens_with_timms_own_preprocessing(name, photo, tmp_path):
    """``image_size="auto"`` resizes, crops and normalises as timm does; but for rounding."""
    network = timm.create_model(name).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(network))
    pixels = transform(photo)
    assert pixels.shape[1:] == (NETWORKS[name],) * 2
    with torch.no_grad():
        expected = network.forward_features(pixels[None])
    if name.startswith("swin"):
        expected = expected.permute(0, 3, 1, 2)
    if expected.ndim == 4:
        expected = expected.flatten(2).transpose(1, 2)
    else:
        expected = expected[:, network.num_prefix_tokens :]
    settings = {"weights": tmp_path / "weights.pth", "cache": None, "precision": "float32"}
    tokens = ImageTokens(f"timm/{name}", image_size="auto", **settings).fit_transform([photo])
    difference = np.abs(tokens - expected.numpy()).mean()
    assert difference < 0.01 * expected.std()
    # What other ways to make the images would give is farther away.
    other = ImageTokens(f"timm/{name}", image_size=NETWORKS[name], **settings)
    assert np.abs(other.fit_transform([photo]) - expected.numpy()).mean() > 5 * difference


def test_what_auto_came_to(scenes, tmp_path):
    X, y = scenes
    model = quick("timm/test_vit", weights=None, train_backbone=False, image_size="auto")
    model.fit(X, y)
    assert model.chosen_["image_size"] == (168, 160, "center", "bicubic")
    other = quick("timm/test_vit", weights=None, train_backbone=False)
    other.set_params(image_size=model.chosen_["image_size"]).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))
    model.save(tmp_path / "model.ctran")
    loaded = load(tmp_path / "model.ctran")
    assert (
        loaded.image_size == "auto" and loaded.chosen_["image_size"] == model.chosen_["image_size"]
    )
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    tokens = ImageTokens("timm/test_vit", weights=None, image_size="auto", random_state=0).fit(X)
    tokens.save(tmp_path / "tokens.ctran")
    np.testing.assert_array_equal(load(tmp_path / "tokens.ctran").transform(X), tokens.transform(X))


def test_auto_is_not_asked_for_features():
    X, y = np.random.RandomState(0).rand(20, 5), np.arange(40).reshape(20, 2) % 3 == 0
    model = quick("small", image_size="auto").fit(X, y)
    assert model.chosen_["image_size"] is None
    with pytest.raises(ValueError, match="image_size='auto': 'small'"):
        quick("small", image_size="auto").fit(np.zeros((20, 8, 8, 3), np.uint8) + 99, y)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_mambaout"])
@pytest.mark.parametrize("trains", [False, True])
def test_saved_models(name, trains, scenes, tmp_path):
    X, y = scenes
    model = quick(f"timm/{name}", weights=None, train_backbone=trains, image_size=64, augment=None)
    proba = model.fit(X, y).predict_proba(X)
    model.save(tmp_path / "model.ctran")
    loaded = load(tmp_path / "model.ctran")
    np.testing.assert_array_equal(loaded.predict_proba(X), proba)
    assert loaded.net_.module_.backbone.frozen is not trains
    assert f"timm/{name}" in repr(loaded.summary(n_steps=1))


def test_saved_without_the_backbone(scenes, tmp_path):
    X, y = scenes
    torch.save(timm.create_model("test_vit").state_dict(), tmp_path / "weights.pth")
    model = quick("timm/test_vit", weights=tmp_path / "weights.pth", image_size=64).fit(X, y)
    model.save(tmp_path / "model.ctran", backbone=False)
    np.testing.assert_array_equal(
        load(tmp_path / "model.ctran").predict_proba(X), model.predict_proba(X)
    )
    torch.save(timm.create_model("test_vit").state_dict(), tmp_path / "weights.pth")
    with pytest.raises(ValueError, match="has other weights of 'timm/test_vit'"):
        load(tmp_path / "model.ctran")


def test_fine_tuning_moves_the_backbone(scenes):
    X, y = scenes
    settings = {"weights": None, "image_size": 64, "max_epochs": 1}
    tuned = quick("timm/test_vit", train_backbone=True, **settings).fit(X, y)
    frozen = quick("timm/test_vit", train_backbone=False, **settings).fit(X, y)
    weights = [model.net_.module_.backbone.state_dict() for model in (tuned, frozen)]
    assert not any(
        torch.equal(weights[0][key], weights[1][key])
        for key in weights[0]
        if key.endswith("qkv.weight")
    )


def test_tokens_are_found_again(scenes, tmp_path):
    X, y = scenes
    cache = TokenCache(tmp_path)
    settings = {"weights": None, "image_size": 64, "cache": cache, "random_state": 0}
    ImageTokens("timm/test_resnet", **settings).fit_transform(X)
    assert n_cached(cache) == len(X)
    quick("timm/test_resnet", train_backbone=False, **settings).fit(X, y)
    assert n_cached(cache) == len(X)
    ImageTokens(
        "timm/test_resnet", **settings | {"image_size": (64, 64, "center", "bicubic")}
    ).fit_transform(X)
    assert n_cached(cache) == 2 * len(X)


@pytest.mark.parametrize(
    "name",
    ["test_resnet", "test_efficientnet", "test_vit", "test_convnext", "vit_small_patch16_dinov3"],
)
def test_engines_compute_the_same(name, scenes):
    pytest.importorskip("onnxruntime")
    X, _ = scenes
    settings = {"weights": None, "image_size": 64, "cache": None, "precision": "float32"}
    tokens = {
        engine: ImageTokens(
            f"timm/{name}", encoder_engine=engine, random_state=0, **settings
        ).fit_transform(X)
        for engine in ("torch", "auto", "onnxruntime")
    }
    np.testing.assert_array_equal(tokens["auto"], tokens["torch"])
    scale = np.abs(tokens["torch"]).max()
    np.testing.assert_allclose(tokens["onnxruntime"], tokens["torch"], atol=1e-4 * scale)


def test_bfloat16(scenes, fast_bfloat16):
    """Weights stay in float32, and autocast chooses what is computed in bfloat16."""
    X, _ = scenes
    settings = {"weights": None, "image_size": 64, "cache": None, "random_state": 0}
    tokens, other = (
        ImageTokens("timm/test_vit", precision=precision, **settings).fit_transform(X)
        for precision in ("float32", "bfloat16")
    )
    assert 0 < np.abs(tokens - other).max() < 0.05 * np.abs(tokens).max()
