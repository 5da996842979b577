"""What computes a backbone's features."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran._images import engines
from sklearn_ctran._images.engines import choose_engine, make_engine
from sklearn_ctran.baselines import LinearHead
from sklearn_ctran.modules.backbone import make_backbone


@pytest.fixture
def openvino():
    return pytest.importorskip("openvino")


@pytest.fixture(autouse=True)
def _nothing_kept():
    engines._converted.clear()


def uint8_images(n=5, side=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (n, 3, side, side), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "vit_b_16", "efficientnet_b0"])
def test_features_are_torchs(openvino, name):
    torch.manual_seed(0)
    backbone, images = make_backbone(name, None).freeze(), uint8_images()
    expected = make_engine("torch", backbone, "cpu", "float32", (64, 64))(images)
    engine = make_engine("openvino", backbone, "cpu", "float32", (64, 64))
    assert isinstance(engine, engines.OpenVinoEngine)
    features = engine(images)
    assert features.dtype == torch.float32
    scale = expected.abs().max()
    torch.testing.assert_close(features / scale, expected / scale, atol=1e-4, rtol=0)
    # Any number of images, and earlier results stay as they are.
    torch.testing.assert_close(engine(images[:1]), features[:1], atol=1e-4 * scale, rtol=0)
    assert torch.equal(engine(images), features)


def test_bfloat16_is_as_exact_as_torchs(openvino):
    torch.manual_seed(0)
    backbone, images = make_backbone("resnet18", None).freeze(), uint8_images()
    exact, rounded, own = (
        make_engine(engine, backbone, "cpu", precision, (64, 64))(images)
        for engine, precision in (
            ("torch", "float32"),
            ("torch", "bfloat16"),
            ("openvino", "bfloat16"),
        )
    )
    assert not torch.equal(own, exact)  # On a processor without bfloat16 too.
    assert (own - exact).abs().mean() < 1.5 * (rounded - exact).abs().mean()


def test_auto(openvino):
    backbone = make_backbone("resnet18", None).freeze()
    assert choose_engine("auto", backbone, "cpu") == "openvino"
    assert choose_engine("auto", backbone, "cuda:0") == "torch"
    assert choose_engine("auto", backbone.unfreeze(), "cpu") == "torch"
    assert choose_engine("auto", make_backbone("small").freeze(), "cpu") == "torch"
    assert choose_engine("torch", backbone, "cpu") == "torch"
    with pytest.raises(ValueError, match="needs device='cpu', not 'cuda'"):
        choose_engine("openvino", backbone, "cuda")


def test_without_openvino(monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    backbone = make_backbone("resnet18", None).freeze()
    assert choose_engine("auto", backbone, "cpu") == "torch"
    images = uint8_images().movedim(1, -1).numpy()
    model = ImageTokens("resnet18", weights=None, image_size=64, encoder_engine="openvino")
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[openvino\]'"):
        model.fit_transform(images)


class Wild(nn.Module):
    """Its features depend on the images in a way that no recording of one run has."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 8, stride=8)

    def forward(self, x):
        return self.conv(x) * (1 if float(x[0, 0, 0, 0]) > 0 else -1) * len(x)


def test_a_backbone_that_cannot_be_converted_stays_on_torch(openvino):
    images = uint8_images().movedim(1, -1).numpy()
    params = {"image_size": 64, "cache": None, "device": "cpu", "precision": "float32"}
    with pytest.warns(UserWarning, match="stays on torch .* encoder_engine='torch'"):
        found = ImageTokens(wild := Wild(), encoder_engine="openvino", **params).fit_transform(
            images
        )
    expected = ImageTokens(wild, encoder_engine="torch", **params).fit_transform(images)
    np.testing.assert_array_equal(found, expected)


def test_a_users_module_is_converted_if_that_is_wanted(openvino):
    trunk = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.ReLU())
    images = uint8_images().movedim(1, -1).numpy()
    params = {"image_size": 64, "cache": None, "device": "cpu", "precision": "float32"}
    tokens = {
        engine: ImageTokens(trunk, encoder_engine=engine, **params).fit_transform(images)
        for engine in ("torch", "openvino")
    }
    np.testing.assert_allclose(tokens["openvino"], tokens["torch"], atol=1e-5)
    assert len(engines._converted) == 1


@pytest.mark.parametrize("estimator", [CTranClassifier, LinearHead])
def test_an_estimator_uses_its_engine(openvino, estimator, tmp_path):
    images = uint8_images(12).movedim(1, -1).numpy()
    Y = np.random.RandomState(0).randint(2, size=(12, 3))
    params = {"weights": None, "train_backbone": False, "image_size": 64, "max_epochs": 1}
    probas = {}
    for engine in ("torch", "openvino"):
        model = estimator(
            "resnet18",
            encoder_engine=engine,
            cache=tmp_path,
            device="cpu",
            random_state=0,
            precision="float32",
            **params,
        ).fit(images, Y)
        probas[engine] = model.predict_proba(images)
    assert len(engines._converted) == 1
    np.testing.assert_allclose(probas["openvino"], probas["torch"], atol=1e-3)
    # Tokens of one engine are not those of another.
    assert len(list(model.cache.glob("*.tokens"))) == 2
    # A trained backbone is torch's, unless OpenVINO is wanted.
    model.set_params(train_backbone=True, encoder_engine="auto").fit(images, Y)
    engines._converted.clear()
    model.encode(images)
    assert not engines._converted


def test_few_converted_backbones_are_kept(openvino):
    torch.manual_seed(0)
    backbone = make_backbone("resnet18", None).freeze()
    for side in (64, 96, 64, 128):
        make_engine("openvino", backbone, "cpu", "float32", (side, side))
    assert [size for _, _, size, _ in engines._converted] == [(64, 64), (128, 128)]


def test_threads_share_a_converted_backbone(openvino):
    torch.manual_seed(0)
    backbone = make_backbone("resnet18", None).freeze()
    sets = [uint8_images(3, seed=seed) for seed in range(4)]
    alone = [make_engine("openvino", backbone, "cpu", "float32", (64, 64))(x) for x in sets]
    engines._converted.clear()
    barrier = threading.Barrier(4)

    def features(images):
        barrier.wait()
        return make_engine("openvino", backbone, "cpu", "float32", (64, 64))(images)

    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(features, sets), alone, strict=True):
            assert torch.equal(found, expected)


def test_images_that_are_too_small_are_an_error(openvino):
    backbone = make_backbone("inception_v3", None).freeze()
    with pytest.raises(ValueError, match="too small for this backbone"):
        make_engine("openvino", backbone, "cpu", "float32", (64, 64))
