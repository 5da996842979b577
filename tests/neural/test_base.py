"""What every neural estimator shares: the cache of tokens, encoded images, precision, batches."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.model_selection import GridSearchCV, KFold
from torch import nn

from sklearn_ctran import CTranClassifier, TokenCache
from sklearn_ctran._images.tokens import Tokens
from sklearn_ctran._neural import base as _neural

QUICK = {"d_model": 16, "n_layers": 1, "n_heads": 2, "max_epochs": 1, "random_state": 0}


def counting_backbone(log):
    """A frozen backbone that notes how many images it sees, in whatever process."""

    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.conv = nn.Conv2d(3, 8, 4, stride=4)

        def forward(self, x):
            # One line a pass, in one write: other processes append too.
            with open(log, "a") as file:
                file.write(f"{len(x)} {bool(x.std(dim=(2, 3)).max() > 1e-3)}\n")
            return self.conv(x)

    return Counting()


def n_seen(log):
    """Images that went through, besides the black ones that find out about shapes."""
    rows = [line.split() for line in log.read_text().splitlines()]
    return sum(int(n) for n, is_photo in rows if is_photo == "True")


@pytest.fixture
def photos(tmp_path):
    """Thirty files with a picture each, no two alike, and their labels."""
    rng = np.random.RandomState(int.from_bytes(os.urandom(4), "little"))
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = [str(folder / f"{i}.png") for i in range(30)]
    for path in paths:
        Image.fromarray(rng.randint(256, size=(10, 14, 3), dtype=np.uint8)).save(path)
    return paths, np.random.RandomState(0).randint(2, size=(30, 4))


def search(backbone, **params):
    """Twelve candidates in three folds."""
    model = CTranClassifier(backbone, image_size=12, batch_size=8, **QUICK, **params)
    grid = {"lr": [1e-3, 3e-3, 1e-2], "dropout": [0.0, 0.3], "regions": [None, 2]}
    return GridSearchCV(model, grid, cv=KFold(3), error_score="raise")


@pytest.mark.parametrize("where", ["memory", "path"])
def test_a_search_passes_each_image_through_the_backbone_once(photos, tmp_path, where):
    paths, Y = photos
    log = tmp_path / "log"
    cache = "memory" if where == "memory" else tmp_path / "cache"
    found = search(counting_backbone(log), cache=cache).fit(paths, Y)
    found.best_estimator_.predict_proba(paths[::-1], known_labels={0: 1})
    assert n_seen(log) == 30
    # Another estimator, and images in another form, which have other keys.
    CTranClassifier(counting_backbone(log), image_size=12, cache=cache, **QUICK).fit(paths, Y)
    assert n_seen(log) == 30


@pytest.mark.parametrize("where", ["memory", "path"])
def test_so_does_a_search_in_two_processes(photos, tmp_path, where):
    paths, Y = photos
    log = tmp_path / "log"
    cache = "memory" if where == "memory" else tmp_path / "cache"
    searching = search(counting_backbone(log), cache=cache).set_params(n_jobs=2)
    searching.fit(paths, Y)
    assert n_seen(log) == 30


def test_what_tokens_depend_on_keeps_them_apart(photos, tmp_path):
    paths, Y = photos
    log, cache = tmp_path / "log", TokenCache(tmp_path / "cache")

    def fit(**params):
        params = {"image_size": 12, "precision": "float32", "cache": cache} | params
        params = {"backbone": counting_backbone(log)} | params
        return CTranClassifier(**QUICK | params).fit(paths, Y)

    fit()
    for n, params in enumerate(
        [{"image_size": 8}, {"image_size": (16, 12)}, {"precision": "bfloat16"}], start=2
    ):
        fit(**params)
        fit(**params)
        assert n_seen(log) == n * 30
    other = counting_backbone(log)
    nn.init.zeros_(other.conv.bias)
    fit(backbone=other)
    assert n_seen(log) == 5 * 30
    assert sum(space["images"] for space in cache.info().spaces) == 5 * 30
    assert cache.info().spaces[0]["label"].startswith("Counting, image_size=")
    fit(cache=None)
    fit(cache=None)
    assert n_seen(log) == 7 * 30


def test_cached_and_uncached_tokens_give_the_same_model(photos, tmp_path):
    paths, Y = photos
    log = tmp_path / "log"
    proba = [
        CTranClassifier(counting_backbone(log), image_size=12, cache=cache, **QUICK)
        .fit(paths, Y)
        .predict_proba(paths)
        for cache in (None, "memory", tmp_path / "cache", tmp_path / "cache")
    ]
    for other in proba[1:]:
        np.testing.assert_allclose(other, proba[0], atol=1e-6)


def test_a_changed_photo_is_looked_at_again(photos, tmp_path):
    paths, Y = photos
    log = tmp_path / "log"
    model = CTranClassifier(counting_backbone(log), image_size=12, **QUICK).fit(paths, Y)
    before = model.predict_proba(paths)
    turned = Image.open(paths[3]).rotate(180)
    turned.save(paths[3])
    after = model.predict_proba(paths)
    assert n_seen(log) == 31
    changed = (before != after).any(axis=1)
    assert changed[3]
    assert changed.sum() == 1


def test_a_broken_photo_is_named_and_leaves_nothing(photos, tmp_path):
    paths, Y = photos
    broken = Path(paths[20])
    broken.write_bytes(broken.read_bytes()[:200])
    model = CTranClassifier(counting_backbone(tmp_path / "log"), image_size=12, **QUICK)
    with pytest.raises(ValueError, match="row 20: .*20.png: cannot be read as an image"):
        model.fit(paths, Y)
    assert not hasattr(model, "classes_")


def test_cache_must_be_a_place(photos):
    paths, Y = photos
    with pytest.raises(ValueError, match="'cache' parameter of CTranClassifier must be"):
        CTranClassifier(cache=3).fit(paths, Y)


# ------------------------------------------------------------------ encoded images


@pytest.mark.parametrize("train_backbone", [False, True])
def test_encoded_images_stand_for_images(photos, tmp_path, train_backbone):
    paths, Y = photos
    log = tmp_path / "log"
    model = CTranClassifier(
        counting_backbone(log), image_size=12, train_backbone=train_backbone, cache=None, **QUICK
    ).fit(paths, Y)
    known = {0: Y[:, 0]}
    expected = model.predict_proba(paths, known_labels=known)
    encoded = model.encode(paths)
    seen = n_seen(log)
    for path in paths:
        os.unlink(path)  # never looked at again
    proba = model.predict_proba(encoded, known_labels=known)
    np.testing.assert_allclose(proba, expected, atol=1e-5)
    assert model.score(encoded, Y) > 0
    rows = [7, 3]
    some = model.predict_proba(encoded[rows], known_labels={0: Y[rows, 0]})
    np.testing.assert_allclose(some, expected[rows], atol=1e-5)
    assert len(encoded[5:]) == 25
    assert len(encoded[np.arange(30) < 4]) == 4
    assert model.encode(encoded) is encoded
    assert n_seen(log) == seen
    assert repr(encoded) == "EncodedImages(30 images, 9 x 8)"


def test_encoded_images_of_another_estimator(photos, tmp_path):
    paths, Y = photos

    def make(**params):
        backbone = counting_backbone(tmp_path / "log")
        return CTranClassifier(backbone, **{"image_size": 12} | QUICK | params).fit(paths, Y)

    model, same = make(), make(n_layers=2, random_state=1)
    encoded = model.encode(paths)
    np.testing.assert_allclose(same.predict_proba(encoded), same.predict_proba(paths), atol=1e-5)
    for other in (make(image_size=8), make(train_backbone=True)):
        with pytest.raises(ValueError, match="encoded by an estimator with another backbone"):
            other.predict_proba(encoded)
    with pytest.raises(TypeError, match="fit takes images or features, not what encode"):
        model.fit(encoded, Y)


def test_encoded_images_are_not_trained_on(photos, tmp_path):
    paths, Y = photos
    backbone = counting_backbone(tmp_path / "log")
    model = CTranClassifier(backbone, image_size=12, warm_start=True, **QUICK).fit(paths, Y)
    with pytest.raises(TypeError, match="fit takes images or features"):
        model.fit(model.encode(paths), Y)


def test_encoded_tokens_of_another_number():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, 3, 5), rng.randint(2, size=(20, 3))
    model = CTranClassifier(None, position="learned", regions=None, **QUICK).fit(X, Y)
    other = CTranClassifier(None, regions=None, **QUICK).fit(X[:, :2], Y)
    with pytest.raises(ValueError, match="has 2 tokens an image, .* fitted with 3"):
        model.predict_proba(other.encode(X[:, :2]))


def test_tokens_of_another_number_with_learned_positions_of_regions():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(12, 25, 50), rng.randint(2, size=(12, 3))
    model = CTranClassifier(None, position="learned", regions=2, **QUICK).fit(X, Y)
    encoded = model.encode(X)
    assert encoded.shape == (12, 5, 50)
    np.testing.assert_allclose(model.predict_proba(encoded), model.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match="has 16 tokens an image, .* fitted with 25"):
        model.predict_proba(X[:, :16])


def test_going_on_with_images_of_another_size(photos):
    """The regions of larger images go by their own grid."""
    paths, Y = photos
    backbone = nn.Conv2d(3, 128, 4, stride=4)
    params = QUICK | {"regions": 2, "warm_start": True}
    model = CTranClassifier(backbone, image_size=12, **params).fit(paths, Y)
    model.set_params(image_size=20).fit(paths, Y)
    module = model.net_.module_
    assert module.grid == (3, 3)
    images, _ = model._read_X(paths, fitted=True)
    features = model._encode_images(images, module.backbone, "cpu").batch(np.arange(30))
    assert features.shape == (30, 25, 128)
    expected = module.pool(features, (5, 5))
    torch.testing.assert_close(model.encode(paths).batch(np.arange(30)), expected)
    assert np.isfinite(model.predict_proba(paths)).all()


def test_going_on_with_a_broken_photo_is_told_before_training(photos, tmp_path):
    paths, Y = photos
    backbone = counting_backbone(tmp_path / "log")
    params = QUICK | {"image_size": 12, "train_backbone": True, "warm_start": True}
    model = CTranClassifier(backbone, **params).fit(paths, Y)
    broken = Path(paths[20])
    broken.write_bytes(broken.read_bytes()[:200])
    before = n_seen(tmp_path / "log")
    with pytest.raises(ValueError, match="row 20: .*20.png: cannot be read as an image"):
        model.fit(paths, Y)
    assert n_seen(tmp_path / "log") == before


def test_a_fitted_model_stays_where_it_is(photos, tmp_path):
    """A model from another machine predicts here, whatever its parameter says."""
    paths, Y = photos
    model = CTranClassifier(counting_backbone(tmp_path / "log"), image_size=12, **QUICK)
    expected = model.fit(paths, Y).predict_proba(paths)
    model.set_params(device="no such device", cache=None)
    np.testing.assert_allclose(model.predict_proba(paths), expected, atol=1e-6)


def test_encoded_features():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, 5), rng.randint(2, size=(20, 3))
    model = CTranClassifier(**QUICK).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(model.encode(X)), model.predict_proba(X))


def test_grids_of_images_that_are_not_resized(tmp_path):
    """Regions go by each set's own grid: 2 x 6 cells are not 6 x 2."""
    rng = np.random.RandomState(0)
    X, Y = rng.randint(256, size=(12, 8, 24, 3), dtype=np.uint8), rng.randint(2, size=(12, 3))
    backbone = counting_backbone(tmp_path / "log")
    model = CTranClassifier(backbone, image_size=None, regions=2, shortcut=False, **QUICK)
    model.fit(X, Y)
    upright = X.transpose(0, 2, 1, 3)
    images, _ = model._read_X(upright, fitted=True)
    features = model._encode_images(images, model.net_.module_.backbone, "cpu")
    expected = model.net_.module_.pool(features.batch(np.arange(12)), (6, 2))
    torch.testing.assert_close(model.encode(upright).batch(np.arange(12)), expected)


# ----------------------------------------------------------- precision and batches


@pytest.mark.parametrize(
    "params, n_labels, expected",
    [
        ({"d_model": 128}, 16, "bfloat16"),
        ({"d_model": 128}, 15, "float32"),
        ({"d_model": 128, "precision": "float32"}, 16, "float32"),
        ({"d_model": 8, "precision": "bfloat16"}, 3, "bfloat16"),
    ],
)
def test_precision_of_the_transformer(monkeypatch, params, n_labels, expected):
    monkeypatch.setattr("sklearn_ctran._images.reader.has_bfloat16", lambda device: True)
    rng = np.random.RandomState(0)
    X, Y = rng.randn(8, 3), rng.randint(2, size=(8, n_labels))
    model = CTranClassifier(**QUICK | params, device="cpu").fit(X, Y)
    assert model.net_.precision == expected
    assert model.predict_proba(X).dtype == np.float32
    monkeypatch.setattr("sklearn_ctran._images.reader.has_bfloat16", lambda device: False)
    is_asked_for = params.get("precision") == "bfloat16"
    assert (model.fit(X, Y).net_.precision == "bfloat16") == is_asked_for


@pytest.mark.parametrize("train_backbone", [False, True])
def test_float64_of_all_but_the_backbone(photos, train_backbone):
    paths, Y = photos
    params = {"image_size": 12, "cache": None, "train_backbone": train_backbone} | QUICK
    model, usual = (
        CTranClassifier("small", **params, precision=precision).fit(paths, Y)
        for precision in ("float64", "float32")
    )
    dtypes = {
        name.startswith("backbone."): weight.dtype
        for name, weight in model.net_.module_.named_parameters()
    }
    assert dtypes == {True: torch.float32, False: torch.float64}
    proba = model.predict_proba(paths)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba, usual.predict_proba(paths), atol=1e-4)
    # Back again, with the same weights.
    model.set_params(warm_start=True, precision="float32", lr=1e-12, weight_decay=0).fit(paths, Y)
    assert {weight.dtype for weight in model.net_.module_.parameters()} == {torch.float32}
    if not train_backbone:
        np.testing.assert_allclose(model.predict_proba(paths), proba, atol=1e-5)


def test_no_float64_on_mps(monkeypatch, photos):
    monkeypatch.setattr(_neural, "resolve_device", lambda device: "mps:0")
    with pytest.raises(ValueError, match="'float64' is not to be had on 'mps'"):
        CTranClassifier("small", precision="float64", **QUICK).fit(*photos)


def test_precision_of_a_backbone(monkeypatch, photos, tmp_path):
    monkeypatch.setattr("sklearn_ctran._images.reader.has_bfloat16", lambda device: True)
    paths, _ = photos
    Y = np.random.RandomState(0).randint(2, size=(30, 16))
    params = QUICK | {"d_model": 128, "image_size": 12, "device": "cpu"}
    backbone = counting_backbone(tmp_path / "log")
    for trains, of_net, of_backbone in [
        (False, "bfloat16", "bfloat16"),
        (True, "float32", "float32"),
    ]:
        model = CTranClassifier(backbone, train_backbone=trains, **params).fit(paths, Y)
        assert model.net_.precision == of_net
        assert model._encoder(model.net_.module_.backbone, "cpu").precision == of_backbone


def test_prediction_in_batches_by_memory(monkeypatch):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(40, 5), rng.randint(2, size=(40, 3))
    model = CTranClassifier(**QUICK).fit(X, Y)
    expected = model.predict_proba(X)
    sizes = []

    step = model.net_.evaluation_step

    def watched(batch, training=False):
        sizes.append(len(batch[0]))
        return step(batch, training)

    model.net_.evaluation_step = watched
    model.predict_proba(X)
    assert sizes == [40]
    sizes.clear()
    # 1 + 3 tokens of 16 numbers, 64 bytes for each: 4,096 bytes an image.
    monkeypatch.setattr(_neural, "_CPU_BYTES", 12 * 4096)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-6)
    assert sizes == [12, 12, 12, 4]
    monkeypatch.setattr(_neural, "_CPU_BYTES", 1)
    assert model._prediction_batch_size(Tokens(np.zeros((5, 1, 5), np.float32))) == 1
