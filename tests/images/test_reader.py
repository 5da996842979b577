"""Reading images: the cache of tokens, and the precision of the backbone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.model_selection import GridSearchCV, KFold
from small_models import QUICK, Counting, n_seen
from torch import nn

from sklearn_ctran import CTranClassifier, ImageTokens, TokenCache


def search(backbone, **params):
    """Four candidates in two folds."""
    model = CTranClassifier(backbone, image_size=12, batch_size=8, **QUICK, **params)
    grid = {"dropout": [0.0, 0.3], "regions": [None, 2]}
    return GridSearchCV(model, grid, cv=KFold(2), error_score="raise")


@pytest.mark.parametrize("where", ["memory", "path"])
def test_a_search_passes_each_image_through_the_backbone_once(photos, tmp_path, where):
    paths, Y = photos
    log = tmp_path / "log"
    cache = "memory" if where == "memory" else tmp_path / "cache"
    found = search(Counting(log), cache=cache).fit(paths, Y)
    found.best_estimator_.predict_proba(paths[::-1], known_labels={0: 1})
    assert n_seen(log) == 30
    # Another estimator, and images in another form, which have other keys.
    CTranClassifier(Counting(log), image_size=12, cache=cache, **QUICK).fit(paths, Y)
    assert n_seen(log) == 30


@pytest.mark.parametrize("where", ["memory", "path"])
def test_so_does_a_search_in_two_processes(photos, tmp_path, where):
    paths, Y = photos
    log = tmp_path / "log"
    cache = "memory" if where == "memory" else tmp_path / "cache"
    searching = search(Counting(log), cache=cache).set_params(n_jobs=2)
    searching.fit(paths, Y)
    assert n_seen(log) == 30


def test_what_tokens_depend_on_keeps_them_apart(photos, tmp_path):
    paths, Y = photos
    log, cache = tmp_path / "log", TokenCache(tmp_path / "cache")

    def fit(**params):
        params = {"image_size": 12, "precision": "float32", "cache": cache} | params
        params = {"backbone": Counting(log)} | params
        return CTranClassifier(**QUICK | params).fit(paths, Y)

    fit()
    for n, params in enumerate(
        [{"image_size": 8}, {"image_size": (16, 12)}, {"precision": "bfloat16"}], start=2
    ):
        fit(**params)
        fit(**params)
        assert n_seen(log) == n * 30
    other = Counting(log)
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
        CTranClassifier(Counting(log), image_size=12, cache=cache, **QUICK)
        .fit(paths, Y)
        .predict_proba(paths)
        for cache in (None, "memory", tmp_path / "cache", tmp_path / "cache")
    ]
    for other in proba[1:]:
        np.testing.assert_allclose(other, proba[0], atol=1e-6)


def test_a_changed_photo_is_looked_at_again(photos, tmp_path):
    paths, Y = photos
    log = tmp_path / "log"
    model = CTranClassifier(Counting(log), image_size=12, **QUICK).fit(paths, Y)
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
    model = CTranClassifier(Counting(tmp_path / "log"), image_size=12, **QUICK)
    with pytest.raises(ValueError, match="row 20: .*20.png: cannot be read as an image"):
        model.fit(paths, Y)
    assert not hasattr(model, "classes_")


def test_cache_must_be_a_place(photos):
    paths, Y = photos
    with pytest.raises(ValueError, match="'cache' parameter of CTranClassifier must be"):
        CTranClassifier(cache=3).fit(paths, Y)


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
@pytest.mark.parametrize("trains", [False, True])
def test_precision_of_the_backbone(fast_bfloat16, photos, precision, trains):
    fast_bfloat16(True)
    paths, Y = photos
    dtypes = set()

    class Dtypes(nn.Conv2d):
        def forward(self, x):
            features = super().forward(x)
            if len(x) > 1:  # no black image that tells shapes
                dtypes.add(features.dtype)
            return features

    backbone = Dtypes(3, 8, 4, stride=4)
    params = {"image_size": 12, "device": "cpu", "precision": precision, "cache": None}
    model = CTranClassifier(backbone, train_backbone=trains, **params, **QUICK).fit(paths, Y)
    model.predict(paths)
    # A CPU does not train convolutions faster in bfloat16.
    is_rounded = precision == "bfloat16" or (precision == "auto" and not trains)
    assert dtypes == {torch.bfloat16 if is_rounded else torch.float32}
    if not trains:
        dtypes.clear()
        ImageTokens(backbone, **params).fit_transform(paths)
        assert dtypes == {torch.bfloat16 if is_rounded else torch.float32}
