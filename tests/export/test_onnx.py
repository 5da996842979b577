"""Exported models predict in onnxruntime what they predict here, for any number of images."""

import importlib.util
import json
from collections import OrderedDict

import numpy as np
import onnx
import pytest
import torch
from small_models import quick
from torch import nn
from torchvision import models
from torchvision.models import convnext
from torchvision.models import swin_transformer as swin

from sklearn_ctran import CTranClassifier, export_onnx
from sklearn_ctran._images.images import check_images
from sklearn_ctran.baselines import (
    BinaryRelevance,
    ConceptBottleneck,
    FeedbackProp,
    LinearHead,
    MultiTask,
    StandardMLP,
)
from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds

onnxruntime = pytest.importorskip("onnxruntime")

#: A small one of each family, with the side of its images.
BACKBONES = {
    "small": 32,
    "resnet18": 64,
    "mobilenet_v3_small": 64,
    "efficientnet_b0": 64,
    "convnext_tiny": 64,
    "densenet121": 64,
    "inception_v3": 96,
    "vit_b_32": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "regnet_y_400mf": 64,
    "vgg11": 64,
    "timm/test_resnet": 64,
    "timm/test_efficientnet": 64,
    "timm/test_convnext": 64,
    "timm/test_vit": 64,
    "timm/test_vit3": 64,
    "timm/swin_tiny_patch4_window7_224": 64,
    "timm/eva02_tiny_patch14_224": 56,
    "timm/vit_small_patch14_reg4_dinov2": 56,
    "timm/vit_small_patch16_dinov3": 64,
}


def some_data(n=24, n_labels=5, n_channels=3):
    rng = np.random.RandomState(0)
    X = rng.randint(256, size=(n, 40, 48, n_channels), dtype=np.uint8)
    Y = rng.randint(2, size=(n, n_labels))
    Y[0], Y[1] = 0, 1
    return X, Y


def some_states(n, n_labels, seed=1):
    return np.random.RandomState(seed).randint(-1, 2, size=(n, n_labels)).astype(np.int8)


def final_pixels(model, X):
    """Images as an exported model wants them, (n, H, W, K)."""
    batch = check_images(X).batch(range(len(X)), model._input.preprocessing)
    return np.ascontiguousarray(batch.permute(0, 2, 3, 1).numpy())


def run(path, **inputs):
    session = onnxruntime.InferenceSession(path)
    assert {each.name for each in session.get_inputs()} == set(inputs)
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def check(model, path, X, inputs, states=None, atol=1e-4):
    """Compare a file with the model that it was made of, for 1, 3 and all images."""
    n_labels = model.n_labels_
    states = some_states(len(X), model.task_.n_all_labels) if states is None else states
    known = np.where(states < 0, np.nan, states.astype(float))
    known, extra = known[:, :n_labels], known[:, n_labels:] if model.task_.n_extra else None
    for n in (1, 3, len(X)):
        given = {name: values[:n] for name, values in inputs.items()}
        found = run(path, states=states[:n], **given)
        of = X[:n], known[:n], None if extra is None else extra[:n]
        np.testing.assert_allclose(found["probabilities"], model.predict_proba(*of), atol=atol)
        logits = model.decision_function(*of)
        if logits.ndim == 2:
            np.testing.assert_allclose(found["logits"], logits, atol=1e-3, rtol=1e-4)
        if model.task_.n_extra:
            np.testing.assert_allclose(
                found["extra_probabilities"], model.predict_extra_proba(*of), atol=atol
            )
    return found


def metadata(path):
    (entry,) = onnx.load(path).metadata_props
    assert entry.key == "sklearn_ctran"
    return json.loads(entry.value)


#: What makes large networks of torchvision's shallow, and narrow, with the same operations.
SHALLOW = {
    "vit_b_32": lambda: models.VisionTransformer(64, 32, 2, 4, 32, 64),
    "swin_t": lambda: models.SwinTransformer([4, 4], 24, [1, 2, 1, 1], [2, 2, 2, 4], [7, 7]),
    "swin_v2_t": lambda: models.SwinTransformer(
        [4, 4],
        24,
        [1, 2, 1, 1],
        [2, 2, 2, 4],
        [8, 8],
        block=swin.SwinTransformerBlockV2,
        downsample_layer=swin.PatchMergingV2,
    ),
    "convnext_tiny": lambda: models.ConvNeXt(
        [convnext.CNBlockConfig(24, 48, 1), convnext.CNBlockConfig(48, None, 1)]
    ),
    "vgg11": lambda: nn.Sequential(
        OrderedDict(
            features=nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(8)),
            avgpool=nn.Identity(),
            classifier=nn.Identity(),
        )
    ),
}
#: The same of timm's.
DEPTHS = {"swin": (2, 1, 1, 1), "vit": 2, "eva02": 2}


@pytest.fixture
def shallow(monkeypatch):
    """Networks are made with few layers."""

    def get_model(name, real=models.get_model, **kwargs):
        return SHALLOW[name]() if name in SHALLOW else real(name, **kwargs)

    monkeypatch.setattr(models, "get_model", get_model)
    if importlib.util.find_spec("timm"):
        import timm

        def create_model(name, real=timm.create_model, **kwargs):
            depth = DEPTHS.get(name.split("_")[0])
            key = "depths" if isinstance(depth, tuple) else "depth"
            return real(name, **kwargs | ({key: depth} if depth else {}))

        monkeypatch.setattr(timm, "create_model", create_model)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_family_of_backbones(backbone, shallow, tmp_path):
    if backbone.startswith("timm/"):
        pytest.importorskip("timm")
    X, Y = some_data()
    model = quick(
        backbone,
        weights="DEFAULT" if backbone == "small" else None,
        train_backbone=False,
        image_size=BACKBONES[backbone],
        precision="float32",
    ).fit(X, Y)
    path = tmp_path / "model.onnx"
    export_onnx(model, path)
    found = check(model, path, X, {"images": final_pixels(model, X)})
    assert found["probabilities"].dtype == np.float32
    assert np.ptp(found["probabilities"]) > 0


@pytest.mark.parametrize(
    "params",
    [
        {"memory": None},
        {"regions": None},
        {"regions": None, "position": "sine", "memory": None},
        {"regions": 2, "position": "learned"},
        {"shortcut": False, "attention_bias": False},
        {"d_model": None, "n_heads": 4},
        {"n_views": 2},
        {"use_image": False},
        {"use_image": False, "memory": None},
        {"train_backbone": True},
        {"image_size": (36, 32)},
        {"image_size": None},
        {"image_size": (36, 32, "center", "bicubic")},
        {"precision": "float64"},
        {"n_layers": 3},
        {"loss": "asymmetric"},
    ],
    ids=str,
)
def test_every_form_of_the_network(params, tmp_path):
    X, Y = some_data()
    settings = {"image_size": 32, "precision": "float32", "augment": None, "weights": "DEFAULT"}
    settings |= {"train_backbone": False}
    model = quick("small", **settings | params).fit(X, Y)
    path = tmp_path / "model.onnx"
    export_onnx(model, path)
    reads_image = params.get("use_image", True)
    check(model, path, X, {"images": final_pixels(model, X)} if reads_image else {})
    assert metadata(path)["input"] == ("images" if reads_image else "nothing")


@pytest.mark.parametrize("n_tokens", [1, 4, 100])
def test_tokens(n_tokens, tmp_path):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(30, n_tokens, 24).astype(np.float32), some_data(30)[1]
    model = quick(None, precision="float32").fit(X, Y)
    export_onnx(model, tmp_path / "model.onnx")
    check(model, tmp_path / "model.onnx", X, {"tokens": X})


@pytest.mark.parametrize("n_features", [7, 1500])
def test_features_with_extra_labels(n_features, tmp_path):
    rng = np.random.RandomState(0)
    X, Y = (10 + rng.randn(40, n_features)).astype(np.float32), some_data(40)[1]
    extra = rng.randint(2, size=(40, 2))
    model = quick(precision="float32").fit(X, Y, extra_labels={"city": extra[:, 0], 7: extra[:, 1]})
    export_onnx(model, tmp_path / "model.onnx")
    found = check(model, tmp_path / "model.onnx", X, {"features": X})
    assert found["extra_logits"].shape == (40, 2)
    told = metadata(tmp_path / "model.onnx")
    assert told["extra_labels"] == ["city", 7]
    assert told["labels"] == [0, 1, 2, 3, 4]
    assert told["input"] == "features" and "images" not in told


@pytest.mark.parametrize("kind", [LinearHead, StandardMLP, MultiTask, ConceptBottleneck])
def test_baselines(kind, tmp_path):
    X, Y = some_data()
    params = {"groups": [[0, 1], [2, 3, 4]]} if kind is MultiTask else {}
    try:
        model = kind("small", image_size=32, max_epochs=2, precision="float32", random_state=0)
        model.fit(X, Y)
    except TypeError:
        pytest.skip(f"{kind.__name__} needs {params}")
    export_onnx(model, tmp_path / "model.onnx")
    check(model, tmp_path / "model.onnx", X, {"images": final_pixels(model, X)})


def test_bands(tmp_path):
    X, Y = some_data(n_channels=6)
    model = quick(nn.Conv2d(6, 8, 8, 8), image_size=32, precision="float32").fit(X, Y)
    export_onnx(model, tmp_path / "model.onnx")
    check(model, tmp_path / "model.onnx", X, {"images": final_pixels(model, X)})
    told = metadata(tmp_path / "model.onnx")["images"]
    assert (told["channels"], told["colours"]) == (6, None)


def test_metadata(tmp_path):
    X, Y = some_data()
    names = ["sun", "rain", "Straße", "d", "e"]
    pandas = pytest.importorskip("pandas")
    model = quick("small", image_size=(36, 32), augment=None).fit(
        X, pandas.DataFrame(Y, columns=names)
    )
    export_onnx(model, tmp_path / "model.onnx")
    told = metadata(tmp_path / "model.onnx")
    assert told.pop("sklearn_ctran")
    assert told == {
        "labels": names,
        "extra_labels": [],
        "one_class": False,
        "thresholds": None,
        "input": "images",
        "images": {
            "height": 32,
            "width": 32,
            "channels": 3,
            "colours": "RGB",
            "resize": 36,
            "crop": 32,
            "mode": "squash",
            "interpolation": "bilinear",
        },
    }


def test_thresholds_go_into_the_metadata(tmp_path):
    X, Y = some_data(40)
    tuned = TunedThresholds(
        quick("small", image_size=32, precision="float32"), cv=2, random_state=0
    )
    tuned.fit(X, Y)
    export_onnx(tuned, tmp_path / "model.onnx")
    assert metadata(tmp_path / "model.onnx")["thresholds"] == tuned.thresholds_.tolist()
    inner = tuned.estimator_
    found = check(inner, tmp_path / "model.onnx", X, {"images": final_pixels(inner, X)})
    states = some_states(len(X), 5)
    known = np.where(states < 0, np.nan, states.astype(float))
    np.testing.assert_array_equal(
        (found["probabilities"] > tuned.thresholds_).astype(int), tuned.predict(X, known)
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda X, Y: MultilabelCalibrator(quick(), cv=2).fit(X, Y), "export what it calibrates"),
        (lambda X, Y: BinaryRelevance().fit(X, Y), "A BinaryRelevance cannot be exported"),
        (
            lambda X, Y: FeedbackProp(LinearHead(max_epochs=1)).fit(X, Y),
            "A FeedbackProp cannot be exported",
        ),
        (lambda X, Y: "model", "."),
    ],
)
def test_what_cannot_be_exported(make, message, tmp_path):
    X, Y = np.random.RandomState(0).rand(40, 6).astype(np.float32), some_data(40)[1]
    with pytest.raises(TypeError, match=message):
        export_onnx(make(X, Y), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_not_fitted(tmp_path):
    with pytest.raises(ValueError, match="not fitted"):
        export_onnx(CTranClassifier(), tmp_path / "model.onnx")


class Fourier(nn.Module):
    """A backbone with an operation that cannot be exported."""

    def forward(self, images):
        return torch.linalg.svdvals(images).mean(dim=2)[:, :, None, None].expand(-1, -1, 2, 2)


class OfTwo(nn.Module):
    """A backbone whose features depend on the number of images."""

    def forward(self, images):
        return nn.functional.avg_pool2d(images, 8) * float(len(images))


@pytest.mark.parametrize("backbone", [Fourier(), OfTwo()])
def test_backbones_that_cannot_be_exported(backbone, tmp_path):
    X, Y = some_data()
    model = quick(backbone, image_size=32, memory=None).fit(X, Y)
    (tmp_path / "model.onnx").write_text("before")
    with pytest.raises(RuntimeError, match="export the model with backbone=None, of tokens"):
        export_onnx(model, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_text() == "before"


def test_packages_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ImportError, match=r"needs onnx and onnxruntime, .*sklearn-ctran\[onnxruntime"
    ):
        export_onnx(quick(), tmp_path / "model.onnx")


def test_no_such_directory(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no directory"):
        export_onnx(quick(), tmp_path / "nowhere" / "model.onnx")


def test_the_model_stays_as_it_is(tmp_path, global_generators_stay):
    X, Y = some_data()
    model = quick("resnet18", weights=None, image_size=32, precision="float32").fit(X, Y)
    before = model.predict_proba(X)
    export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.net_.module_.backbone is not None
