"""The parameters of CTranClassifier that concern images and the backbone."""

import pickle

import numpy as np
import pytest
import torch
from made_images import noise
from sklearn.base import clone
from skorch.callbacks import Callback
from small_models import net_made_by, quick
from torch import nn
from torchvision import models

from sklearn_ctran import CTranClassifier, ImageTokens, load
from sklearn_ctran._images.reader import ImageReader
from sklearn_ctran.baselines import LinearHead
from sklearn_ctran.modules.small_cnn import SmallCNN

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


class Seeing(nn.Module):
    """A backbone that keeps the images that it sees in training and in evaluation."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 4, stride=4)
        self.trained, self.evaluated = [], []

    def forward(self, x):
        pixels = (x * STD + MEAN).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1)
        (self.trained if self.training else self.evaluated).extend(pixels.numpy())
        return self.conv(x)


def seen(X, **params):
    """The images of two epochs of training, and of a prediction, as the backbone saw them."""
    Y = np.arange(2 * len(X)).reshape(-1, 2) % 3 % 2
    model = quick(Seeing(), train_backbone=True, precision="float32", **params).fit(X, Y)
    backbone = model.net_.module_.backbone.trunk
    trained = np.array(backbone.trained)
    backbone.evaluated.clear()
    model.predict(X)
    return trained.reshape(2, len(X), *trained.shape[1:]), np.array(backbone.evaluated)


def is_among(image, others):
    return any(np.array_equal(image, other) for other in others)


@pytest.mark.parametrize(
    "image_size, shape", [(8, (8, 8)), ((16, 8), (8, 8)), (None, (12, 20)), (4, (4, 4))]
)
def test_image_size(image_size, shape):
    trained, predicted = seen(noise(10, 12, 20), image_size=image_size)
    assert trained.shape == (2, 10, *shape, 3)
    assert predicted.shape == (10, *shape, 3)


def test_no_augmentation():
    X = noise(10, 12, 12)
    trained, predicted = seen(X, image_size=None, augment=None)
    np.testing.assert_array_equal(predicted, X)
    for epoch in trained:
        assert all(is_among(image, epoch) for image in X)


@pytest.mark.parametrize("augment", ["flip", "auto"])
def test_flips(augment):
    X = noise(16, 12, 12)
    trained, predicted = seen(X, image_size=None, augment=augment)
    np.testing.assert_array_equal(predicted, X)
    mirrored = X[:, :, ::-1]
    n_flipped = sum(is_among(image, mirrored) for image in trained.reshape(-1, 12, 12, 3))
    n_kept = sum(is_among(image, X) for image in trained.reshape(-1, 12, 12, 3))
    assert n_flipped + n_kept == 32
    assert 6 < n_flipped < 26


@pytest.mark.parametrize("augment, flips", [("crop", False), ("flip+crop", True), ("auto", True)])
def test_crops(augment, flips):
    y, x = np.mgrid[:12, :12].astype(np.uint8)
    X = np.repeat(np.stack([y, x, 20 * x], axis=-1)[None], 20, axis=0)
    trained, predicted = seen(X, image_size=(12, 8), augment=augment)
    np.testing.assert_array_equal(predicted, X[:, 2:10, 2:10])
    trained = trained.reshape(-1, 8, 8, 3).astype(int)
    is_flipped = trained[:, 0, 0, 1] > trained[:, 0, -1, 1]
    assert is_flipped.any() == flips
    assert not is_flipped.all()
    upright = np.where(is_flipped[:, None, None, None], trained[:, :, ::-1], trained)
    top, left = upright[:, 0, 0, 0], upright[:, 0, 0, 1]
    assert set(top.tolist()) == set(left.tolist()) == set(range(5))
    expected = [X[0, i : i + 8, j : j + 8] for i, j in zip(top, left, strict=True)]
    np.testing.assert_array_equal(upright, expected)


def test_an_augmentation_of_ones_own_is_for_training_only():
    X = noise(10, 12, 12)
    trained, predicted = seen(X, image_size=None, augment=lambda batch: 255 - batch)
    np.testing.assert_array_equal(predicted, X)
    for epoch in trained:
        assert all(is_among(255 - image, epoch) for image in X)


@pytest.mark.parametrize(
    "params, rate",
    [
        ({"backbone": "small"}, 1e-3),
        ({"weights": None}, 1e-3),
        ({"weights": "DEFAULT", "train_backbone": True}, 1e-4),
        ({"weights": "DEFAULT", "train_backbone": True, "backbone_lr": 0.5}, 0.5),
        ({"backbone": "small", "backbone_lr": 1e-6}, 1e-6),
    ],
    ids=str,
)
def test_backbone_lr(pictures, params, rate):
    X, Y = (a[:12] for a in pictures)
    params = {"backbone": nn.Conv2d(3, 8, 3), "lr": 1e-3, "image_size": 12} | params
    net = net_made_by(quick(**params, lr_schedule=None), X, Y)
    backbone = {id(weight) for weight in net.module_.backbone.parameters()}
    (group,) = (
        group
        for group in net.optimizer_.param_groups
        if backbone & {id(weight) for weight in group["params"]}
    )
    assert {id(weight) for weight in group["params"]} == backbone
    assert group["lr"] == pytest.approx(rate)


def test_backbone_trains_or_stays(pictures):
    X, Y = (a[:24] for a in pictures)
    backbone = nn.Sequential(nn.Conv2d(3, 8, 3, stride=4), nn.BatchNorm2d(8))
    before = {k: v.clone() for k, v in backbone.state_dict().items()}

    def is_moved(**params):
        model = quick(backbone=backbone, image_size=12, **params).fit(X, Y)
        after = model.net_.module_.backbone.trunk.state_dict()
        return [not torch.equal(before[k], after[k]) for k in before]

    assert not any(is_moved())  # a module's weights are taken for pretrained ones
    assert not any(is_moved(train_backbone=False, weights=None))
    assert not any(is_moved(augment="flip"))  # frozen, though it sees every batch
    assert all(is_moved(weights=None))
    assert all(is_moved(train_backbone=True))
    assert all(torch.equal(before[k], v) for k, v in backbone.state_dict().items())


@pytest.mark.parametrize("params", [{"train_backbone": True}, {"weights": None}])
def test_two_views_need_a_frozen_backbone(pictures, params):
    model = quick(backbone=nn.Conv2d(3, 8, 3), image_size=12, n_views=2, **params)
    with pytest.raises(ValueError, match="n_views=2 needs a frozen backbone"):
        model.fit(*pictures)


@pytest.mark.parametrize("n_views", [1, 2])
def test_predictions_are_of_the_views_of_fit(pictures, n_views, tmp_path):
    X, Y = pictures
    settings = {"backbone": "resnet18", "weights": None, "image_size": 32, "train_backbone": False}
    model = quick(**settings, n_views=n_views, cache=None, max_epochs=1).fit(X[:12], Y[:12])
    before = model.predict_proba(X[:4])
    flops = model.summary(n_steps=1).backbone_flops
    model.save(tmp_path / "model")
    for each in (model, load(tmp_path / "model")):
        each.set_params(n_views=3 - n_views)
        np.testing.assert_array_equal(each.predict_proba(X[:4]), before)
        assert each.summary(n_steps=1).backbone_flops == flops
    after = model.fit(X[:12], Y[:12]).predict_proba(X[:4])
    assert not np.array_equal(after, before)


@pytest.mark.parametrize("params", [{"n_views": True}, {"memory": True}])
def test_a_number_is_no_boolean(pictures, params):
    (name,) = params
    with pytest.raises(ValueError, match=f"The '{name}' parameter .* Got True instead"):
        quick(backbone="small", image_size=12, **params).fit(*pictures)


def test_frozen_backbone_sees_each_image_once(pictures):
    X, Y = (a[:24] for a in pictures)
    seen = []

    class Counting(nn.Conv2d):
        def forward(self, x):
            seen.append(len(x))
            return super().forward(x)

    model = quick(backbone=Counting(3, 8, 3), image_size=12, batch_size=10, max_epochs=3)
    model.fit(X, Y)
    assert sum(n for n in seen if n > 1) == 24  # besides a black image to learn its width


def test_warm_start_may_begin_to_train_the_backbone(pictures):
    X, Y = (a[:24] for a in pictures)
    backbone = nn.Sequential(nn.Conv2d(3, 8, 3, stride=4), nn.BatchNorm2d(8))

    def weight(model):
        return model.net_.module_.backbone.trunk[0].weight

    model = quick(backbone=backbone, image_size=12, warm_start=True).fit(X, Y)
    assert torch.equal(weight(model), backbone[0].weight)
    model.set_params(train_backbone=True).fit(X, Y)
    trained = weight(model).clone()
    assert not torch.equal(trained, backbone[0].weight)
    model.set_params(train_backbone=False).fit(X, Y)
    assert torch.equal(weight(model), trained)


def test_augmented_images_of_a_frozen_backbone_are_standardised_too(pictures):
    X, Y = (a[:24] for a in pictures)
    params = {"backbone": "small", "image_size": 12, "train_backbone": False}
    plain, flipped = (quick(augment=a, **params).fit(X, Y).net_.module_ for a in (None, "flip"))
    assert torch.equal(plain.feature_mean, flipped.feature_mean)
    assert plain.feature_mean.any()


def test_weights_from_a_file(pictures, tmp_path):
    X, Y = (a[:12] for a in pictures)
    torch.save(SmallCNN().state_dict(), tmp_path / "cnn.pth")
    model = quick(backbone="small", weights=tmp_path / "cnn.pth", image_size=12).fit(X, Y)
    trunk = model.net_.module_.backbone.trunk
    saved = torch.load(tmp_path / "cnn.pth", weights_only=True)
    assert all(torch.equal(value, saved[name]) for name, value in trunk.state_dict().items())
    with pytest.raises(FileNotFoundError, match="nowhere"):
        model.set_params(weights="nowhere.pth").fit(X, Y)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"weights": "gone/cnn.pth"}, FileNotFoundError, "no file 'gone/cnn.pth'. .* also a clone"),
        ({"backbone": "resnet18", "weights": "IMAGENET"}, ValueError, "nor a name of weights of"),
        ({"backbone": "resnet-18"}, ValueError, "Did you mean 'resnet18'"),
    ],
)
@pytest.mark.parametrize("make", [quick, LinearHead, ImageTokens])
def test_weights_are_looked_for_before_images_are_read(make, params, error, message):
    model = make(**{"backbone": "small"} | params)
    paths = ["no image.png"] * 4
    with pytest.raises(error, match=message):
        model.fit(paths, np.eye(4, 2))
    if make is not ImageTokens:  # A table needs no backbone.
        model.set_params(max_epochs=1).fit(np.eye(4), [[0, 1], [1, 0]] * 2)


def test_a_loaded_model_without_its_weights_file(pictures, tmp_path):
    """It predicts, and a clone says that it cannot be fitted before it reads an image."""
    X, Y = (a[:12] for a in pictures)
    path = tmp_path / "cnn.pth"
    torch.save(SmallCNN().state_dict(), path)
    model = quick(backbone="small", weights=path, image_size=12).fit(X, Y)
    expected = model.predict_proba(X)
    loaded = pickle.loads(pickle.dumps(model))
    path.unlink()
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    with pytest.raises(FileNotFoundError, match="no file '.*cnn.pth'"):
        clone(loaded).fit(["no image.png"] * 12, Y)
    loaded.set_params(warm_start=True, max_epochs=1).fit(X, Y)  # starts from its own


def test_weights_of_another_network_are_recognised_in_a_fit(pictures, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(models.mobilenet_v2(weights=None).state_dict(), path)
    model = quick("mobilenet_v3_small", weights=path)
    with pytest.raises(ValueError, match="These are the weights of 'mobilenet_v2'"):
        model.fit(*pictures)


@pytest.mark.parametrize(
    "params, tolerance",
    [
        ({"precision": "float32"}, 1e-4),
        ({"precision": "float64", "regions": 3}, 1e-4),
        ({"precision": "bfloat16"}, 0.1),
    ],
)
def test_predictions_of_a_trained_backbone_are_folded(params, tolerance, monkeypatch):
    """The normalisation is folded for many images, with the same result, and stays in the model."""
    rng = np.random.RandomState(0)
    X, Y = rng.randint(256, size=(36, 40, 40, 3), dtype=np.uint8), rng.randint(2, size=(36, 3))
    params = {"weights": None, "train_backbone": True, "image_size": 40, "memory": None, **params}
    model = quick("resnet18", device="cpu", max_epochs=1, **params).fit(X[:8], Y[:8])
    module = model.net_.module_
    before = {key: value.clone() for key, value in module.state_dict().items()}
    fast = model.decision_function(X, known_labels={0: 1})
    with monkeypatch.context() as patch:
        patch.setattr(ImageReader, "encode_anew", lambda self, images, *args: images)
        plain = model.decision_function(X, known_labels={0: 1})
    assert not np.array_equal(fast, plain)
    np.testing.assert_allclose(fast, plain, atol=tolerance * np.abs(plain).max())
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    module.backbone.trunk.conv1.weight.data.fill_(torch.nan)
    with pytest.raises(ValueError, match="output for row 0 is not finite.*weights are damaged"):
        model.decision_function(X)


@pytest.mark.parametrize("regions", [None, 3])
def test_augmented_images_of_a_frozen_backbone(regions, monkeypatch):
    """They pass through the folded backbone that encodes images, with the same result."""
    rng = np.random.RandomState(0)
    X, Y = rng.randint(256, size=(12, 64, 64, 3), dtype=np.uint8), rng.randint(2, size=(12, 3))
    shapes = []

    class Watch(Callback):
        def on_batch_begin(self, net, batch=None, training=False, **kwargs):
            shapes.append(batch[0]["X"].shape)

    def fit(**params):
        model = CTranClassifier(
            "mobilenet_v2", weights=None, train_backbone=False, image_size=64, augment="flip",
            regions=regions, precision="float32", callbacks=[Watch()], cache=None, **params,
            max_epochs=2, batch_size=6, d_model=16, random_state=0, device="cpu",
        )  # fmt: skip
        return model.fit(X, Y).predict_proba(X)

    ours = fit()
    n_tokens = 4 if regions is None else 5
    assert shapes == [(6, n_tokens, 1280)] * 4
    shapes.clear()
    monkeypatch.setattr(ImageReader, "encode_anew", lambda self, images, *args: images)
    through_the_module = fit()
    assert shapes == [(6, 3, 64, 64)] * 4
    np.testing.assert_allclose(ours, through_the_module, atol=1e-3)
