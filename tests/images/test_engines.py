"""What computes a backbone's features."""

import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran._images import engines
from sklearn_ctran._images.engines import TorchEngine, choose_engine, engine_version, make_engine
from sklearn_ctran.baselines import LinearHead
from sklearn_ctran.modules.backbone import make_backbone


@pytest.fixture(params=["openvino", "onnxruntime"])
def library(request):
    """An engine beside torch that is installed."""
    for package in engines._LIBRARIES[request.param].PACKAGES:
        pytest.importorskip(package)
    return request.param


class FakeEngine:
    """Stands in for an engine that is not installed: what `compiled` is gives its features."""

    TITLE, PACKAGES = "Fake", ("torch",)

    def __init__(self, change=lambda features: features, error=None):
        self.change, self.error, self.precisions = change, error, []

    def convert(self, network, images):
        def compiled(precision):
            if self.error:
                raise self.error
            self.precisions.append(precision)
            return network

        return compiled

    @torch.inference_mode()
    def Engine(self, network):  # noqa: N802, because it is a class elsewhere
        return lambda images: self.change(network(images).float())


@pytest.fixture
def fake(monkeypatch):
    def install(*args, **kwargs):
        monkeypatch.setitem(engines._LIBRARIES, "openvino", fake := FakeEngine(*args, **kwargs))
        monkeypatch.setattr(engines, "installed_version", lambda name: "1.0")
        return fake

    return install


@pytest.fixture(autouse=True)
def _nothing_kept():
    engines._converted.clear()


def uint8_images(n=5, side=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (n, 3, side, side), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "vit_b_16", "efficientnet_b0"])
def test_features_are_torchs(library, name):
    torch.manual_seed(0)
    backbone, images = make_backbone(name, None).freeze(), uint8_images()
    expected = make_engine("torch", backbone, "cpu", "float32", (64, 64))(images)
    engine = make_engine(library, backbone, "cpu", "float32", (64, 64))
    assert isinstance(engine, engines._LIBRARIES[library].Engine)
    features = engine(images)
    assert features.dtype == torch.float32
    scale = expected.abs().max()
    torch.testing.assert_close(features / scale, expected / scale, atol=1e-4, rtol=0)
    # Any number of images, and earlier results stay as they are.
    torch.testing.assert_close(engine(images[:1]), features[:1], atol=1e-4 * scale, rtol=0)
    assert torch.equal(engine(images), features)


def test_auto(fake, monkeypatch):
    fake()
    monkeypatch.setattr(engines, "find_spec", lambda name: True)
    backbone = make_backbone("resnet18", None).freeze()
    assert choose_engine("auto", backbone, "cpu") == "openvino"
    assert choose_engine("auto", backbone, "cuda:0") == "torch"
    assert choose_engine("auto", backbone.unfreeze(), "cpu") == "torch"
    assert choose_engine("auto", make_backbone("small").freeze(), "cpu") == "torch"
    assert choose_engine("torch", backbone, "cpu") == "torch"
    with pytest.raises(ValueError, match="needs device='cpu', not 'cuda'"):
        choose_engine("openvino", backbone, "cuda")


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_without_the_library(monkeypatch, engine):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    backbone = make_backbone("resnet18", None).freeze()
    assert choose_engine("auto", backbone, "cpu") == "torch"
    images = uint8_images().movedim(1, -1).numpy()
    model = ImageTokens("resnet18", weights=None, image_size=64, encoder_engine=engine)
    with pytest.raises(ImportError, match=rf"pip install 'sklearn-ctran\[{engine}\]'"):
        model.fit_transform(images)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"change": lambda features: features * 1.01}, "differ from torch's by"),
        ({"change": lambda features: features[:, 1:]}, "differ from torch's by inf"),
        ({"change": lambda features: features * torch.nan}, "differ from torch's by nan"),
        ({"error": RuntimeError("no such operation\nat line 3")}, r"\(no such operation\)"),
        ({"error": ValueError("unsupported rank")}, r"\(unsupported rank\)"),
        ({"error": KeyError()}, r"\(KeyError\)"),
    ],
)
def test_what_a_library_cannot_do_stays_on_torch(fake, behaviour, reason):
    fake(**behaviour)
    backbone, images = make_backbone("resnet18", None).freeze(), uint8_images()
    with pytest.warns(UserWarning, match=f"Fake cannot compute .* torch .*{reason}"):
        engine = make_engine("openvino", backbone, "cpu", "float32", (64, 64))
    assert isinstance(engine, TorchEngine)
    expected = make_engine("torch", backbone, "cpu", "float32", (64, 64))(images)
    assert torch.equal(engine(images), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # It is tried, and warned of, once.
        make_engine("openvino", backbone, "cpu", "float32", (64, 64))


def test_a_precision_is_compiled_after_the_check_in_float32(fake):
    backbone, stand_in = make_backbone("resnet18", None).freeze(), fake()
    make_engine("openvino", backbone, "cpu", "bfloat16", (64, 64))
    make_engine("openvino", backbone, "cpu", "bfloat16", (64, 64))
    assert stand_in.precisions == ["float32", "bfloat16"]


class Wild(nn.Module):
    """Its features depend on the images in a way that no recording of one run has."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 8, stride=8)

    def forward(self, x):
        return self.conv(x) * (1 if float(x[0, 0, 0, 0]) > 0 else -1) * len(x)


def test_a_backbone_that_cannot_be_converted_stays_on_torch(library):
    images = uint8_images().movedim(1, -1).numpy()
    params = {"image_size": 64, "cache": None, "device": "cpu", "precision": "float32"}
    with pytest.warns(UserWarning, match="stays on torch .* encoder_engine='torch'"):
        found = ImageTokens(wild := Wild(), encoder_engine=library, **params).fit_transform(images)
    expected = ImageTokens(wild, encoder_engine="torch", **params).fit_transform(images)
    np.testing.assert_array_equal(found, expected)


def test_a_users_module_is_converted_if_that_is_wanted(library):
    trunk = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.ReLU())
    images = uint8_images().movedim(1, -1).numpy()
    params = {"image_size": 64, "cache": None, "device": "cpu", "precision": "float32"}
    tokens = {
        engine: ImageTokens(trunk, encoder_engine=engine, **params).fit_transform(images)
        for engine in ("torch", library)
    }
    np.testing.assert_allclose(tokens[library], tokens["torch"], atol=1e-5)
    assert len(engines._converted) == 1


@pytest.mark.parametrize("estimator", [CTranClassifier, LinearHead])
def test_an_estimator_uses_its_engine(fake, estimator, tmp_path):
    stand_in, images = fake(), uint8_images(12).movedim(1, -1).numpy()
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
    assert stand_in.precisions == ["float32"]
    np.testing.assert_allclose(probas["openvino"], probas["torch"], atol=1e-3)
    # Tokens of one engine are not those of another.
    assert len(list(model.cache.glob("*.tokens"))) == 2
    # A trained backbone is torch's, unless a library is wanted.
    model.set_params(train_backbone=True, encoder_engine="auto").fit(images, Y)
    engines._converted.clear()
    model.encode(images)
    assert not engines._converted


def test_few_converted_backbones_are_kept(fake):
    fake()
    backbone = make_backbone("resnet18", None).freeze()
    for side in (64, 96, 64, 128):
        make_engine("openvino", backbone, "cpu", "float32", (side, side))
    assert [key[3] for key in engines._converted] == [(64, 64), (128, 128)]


def test_threads_share_a_converted_backbone(library):
    torch.manual_seed(0)
    backbone = make_backbone("resnet18", None).freeze()
    sets = [uint8_images(3, seed=seed) for seed in range(4)]
    alone = [make_engine(library, backbone, "cpu", "float32", (64, 64))(x) for x in sets]
    engines._converted.clear()
    barrier = threading.Barrier(4)

    def features(images):
        barrier.wait()
        return make_engine(library, backbone, "cpu", "float32", (64, 64))(images)

    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(features, sets), alone, strict=True):
            assert torch.equal(found, expected)


def test_images_that_are_too_small_are_an_error(fake):
    fake()
    backbone = make_backbone("inception_v3", None).freeze()
    with pytest.raises(ValueError, match="too small for this backbone"):
        make_engine("openvino", backbone, "cpu", "float32", (64, 64))


def test_torch_fuses_after_many_images_in_float32(monkeypatch):
    monkeypatch.setattr(engines, "_N_WORTH_FUSING", 10)
    torch.manual_seed(0)
    backbone, images = make_backbone("mobilenet_v2", None).freeze(), uint8_images()
    engine = make_engine("torch", backbone, "cpu", "float32", (64, 64))
    plain = engine(images)
    assert not engines._converted
    fused = engine(images)
    assert list(engines._converted.values()) != [None]
    torch.testing.assert_close(fused, plain, rtol=0, atol=float(1e-5 * plain.abs().max()))


def test_torch_fuses_each_image_in_bfloat16():
    torch.manual_seed(0)
    backbone, images = make_backbone("mobilenet_v2", None).freeze(), uint8_images()
    engine = make_engine("torch", backbone, "cpu", "bfloat16", (64, 64))
    features = engine(images)
    assert len(engines._converted) == 1
    alone = torch.cat([engine(image[None]) for image in images])
    torch.testing.assert_close(alone, features, rtol=0, atol=0)
    # A worker process makes its own graph.
    torch.testing.assert_close(pickle.loads(pickle.dumps(engine))(images), features)
    # Tokens without fusion, of earlier versions, are rounded otherwise.
    assert engine_version("torch", "bfloat16") != engine_version("torch", "float32") == ""


def test_a_network_that_cannot_be_fused_stays_plain(monkeypatch):
    monkeypatch.setattr(engines, "fused_graph", lambda *args: None)
    backbone, images = make_backbone("mobilenet_v2", None).freeze(), uint8_images()
    engine = make_engine("torch", backbone, "cpu", "bfloat16", (64, 64))
    assert torch.equal(engine(images), engine(images))
    assert list(engines._converted.values()) == [None]


def test_threads_share_a_fused_graph():
    torch.manual_seed(0)
    backbone = make_backbone("mobilenet_v2", None).freeze()
    sets = [uint8_images(5, seed=seed) for seed in range(4)]
    alone = [make_engine("torch", backbone, "cpu", "bfloat16", (64, 64))(x) for x in sets]
    engines._converted.clear()
    barrier = threading.Barrier(4)

    def features(images):
        engine = make_engine("torch", backbone, "cpu", "bfloat16", (64, 64))
        barrier.wait()
        return engine(images)

    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(features, sets), alone, strict=True):
            assert torch.equal(found, expected)
    assert len(engines._converted) == 1
