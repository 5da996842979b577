"""Shards in fits, searches, the cache and worker processes: as paths, and no more in memory.

They are those of ``load_shards`` (_shards.py).
"""

import tracemalloc

import joblib
import numpy as np
import pytest
import torch
from made_images import load, noise
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from small_models import Counting, n_seen, quick
from tars import encoded, write_shards, write_tar

from sklearn_ctran import ImageTokens
from sklearn_ctran._images import tar_members
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran.datasets import load_shards


@pytest.fixture
def shards(tmp_path):
    return load_shards(write_shards(tmp_path)[0])


@pytest.fixture
def paths(shards, tmp_path):
    """The same images as files."""
    paths = [tmp_path / f"{key}.png" for key in shards.images.keys]
    for path, image in zip(paths, shards.images, strict=True):
        path.write_bytes(image.read())
    return paths


class PowerCut(Exception):
    """Ends a fit."""


class CutAt(Callback):
    """Ends a fit before a training step."""

    def __init__(self, step):
        self.step = step

    def on_train_begin(self, net, **kwargs):
        self.n_steps = 0

    def on_batch_begin(self, net, training=False, **kwargs):
        self.n_steps += training
        if self.n_steps == self.step:
            raise PowerCut


def small(**params):
    params = {"train_backbone": True, "augment": "flip", "batch_size": 20, "max_epochs": 3} | params
    return quick("small", image_size=None, **params)


def test_a_fit_is_that_on_the_files(shards, paths):
    model, expected = small().fit(shards.images, shards.Y), small().fit(paths, shards.Y)
    answers = model.predict_proba(shards.images)
    np.testing.assert_array_equal(answers, expected.predict_proba(paths))
    part = model.predict_proba(shards.images[[7, 50]])
    np.testing.assert_allclose(part, answers[[7, 50]], atol=1e-6)


def test_batches_mix_shards(shards, monkeypatch):
    read = []
    raw = tar_members.TarMember.raw
    monkeypatch.setattr(
        tar_members.TarMember, "raw", lambda self: read.append(self.shard.path) or raw(self)
    )
    batches = []

    class Watch(Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            batches.append({*read})
            read.clear()

    small(max_epochs=2, callbacks=[Watch()]).fit(shards.images, shards.Y)
    # The first one has what was read before the training, too.
    assert [len(paths) for paths in batches[1:]] == [3] * 5


def test_a_fit_goes_on_to_the_same_model(shards, tmp_path):
    X, Y = shards.images, shards.Y
    expected = small().fit(X, Y)
    for step in (5, 2):
        with pytest.raises(PowerCut):
            small(callbacks=[CutAt(step)], checkpoint=tmp_path / "fit").fit(X, Y)
    # Another process would look through the shards anew.
    again = load_shards(str(tmp_path / "*.tar"))
    model = small(callbacks=[CutAt(None)], checkpoint=tmp_path / "fit").fit(again.images, again.Y)
    for name, value in model.net_.module_.state_dict().items():
        assert torch.equal(value, expected.net_.module_.state_dict()[name]), name
    with pytest.raises(ValueError, match="the images"):
        small(checkpoint=tmp_path / "fit").fit(X[::-1], Y[::-1])


def test_tokens_are_made_once_and_shared_with_files(shards, paths, tmp_path):
    log = tmp_path / "log"
    settings = {"backbone": Counting(str(log)), "image_size": 12, "cache": tmp_path / "cache"}
    tokens = ImageTokens(**settings).fit_transform(shards.images)
    assert n_seen(log) == 60
    np.testing.assert_array_equal(ImageTokens(**settings).fit_transform(paths), tokens)
    search = GridSearchCV(quick(**settings, train_backbone=False), {"lr": [1e-3, 1e-2]}, cv=2)
    search.fit(shards.images, shards.Y)
    search.predict_proba(shards.images[10:20])
    assert n_seen(log) == 60


def test_workers_read_them(shards):
    """A process gets places, not pictures."""
    model = small(max_epochs=1).fit(shards.images, shards.Y)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        parts = joblib.Parallel()(
            joblib.delayed(model.predict_proba)(shards.images[rows])
            for rows in np.split(np.arange(60), 2)
        )
    expected = model.predict_proba(shards.images)
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-6)


def test_broken_images_are_skipped(tmp_path):
    files = {f"{i}.png": encoded(pixels) for i, pixels in enumerate(noise(12, seed=1))}
    files["5.png"] = files["5.png"][:70]
    files |= {f"{i}.txt": ["a", "b", "a,b"][i % 3].encode() for i in range(12)}
    shards = load_shards(write_tar(tmp_path / "a.tar", files))
    model = small(on_error="skip").fit(shards.images, shards.Y)
    assert list(model.skipped_) == [5] and "a.tar/5.png" in model.skipped_[5]


def test_memory_is_that_of_a_batch(tmp_path):
    pattern = f"{tmp_path}/*.tar"
    for shard in range(3):
        pixels = noise(20, 300, 300, shard)  # 16 MB in all
        write_tar(
            tmp_path / f"{shard}.tar", {f"{i}.png": encoded(each) for i, each in enumerate(pixels)}
        )
    load(noise(1, 300, 300), 8)  # torch imports much when it is first used.
    tracemalloc.start()
    try:
        images = check_images(load_shards(pattern, labels=None).images)
        assert len(set(images.keys())) == 60
        images.batch(range(60), Preprocessing(8))
        assert tracemalloc.get_traced_memory()[1] < 6e6
    finally:
        tracemalloc.stop()
