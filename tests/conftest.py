"""Settings and fixtures for all tests."""

import itertools
import os
import random
import sys
from pathlib import Path

# One thread per process, set before numpy and torch read it: tests with n_jobs=2 then use two
# threads in all, and small tensors are no slower for it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import BaseEstimator

# What several test files share is a module of tests/helpers.
sys.path.append(str(Path(__file__).parent / "helpers"))


@pytest.fixture(scope="session")
def shared():
    """Folder with reference data that is too large, or not ours, to ship; skip without it."""
    folder = os.environ.get("SKLEARN_CTRAN_SHARED")
    if not folder:
        pytest.skip("SKLEARN_CTRAN_SHARED does not name a folder with reference data")
    return Path(folder)


@pytest.fixture(autouse=True)
def no_figures_left():
    """No test leaves figures to the next one, in whatever file and process it runs."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture
def fast_bfloat16(monkeypatch):
    """A function that sets whether this machine's CPU is fast in bfloat16."""

    def set_to(is_fast):
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
            monkeypatch.setattr(torch.cpu, name, lambda: is_fast, raising=False)

    return set_to


@pytest.fixture
def global_generators_stay():
    """The global generators of torch, numpy and Python are as before after a test."""
    torch_state, numpy_state, state = (
        torch.get_rng_state(),
        np.random.get_state(),
        random.getstate(),
    )
    yield
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert all(
        np.array_equal(*pair) for pair in zip(np.random.get_state(), numpy_state, strict=True)
    )
    assert random.getstate() == state


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


class ExactModel(BaseEstimator):
    """Speaks the protocol, and knows the joint distribution of some labels on some "images".

    `X` holds the numbers of the images. Targets are 0, 1, ..., extra labels "extra0", ...
    """

    def __init__(self, n_images=3, n_targets=4, n_extra=0, seed=0, sharpness=1.5):
        self.n_images, self.n_targets, self.n_extra = n_images, n_targets, n_extra
        self.seed, self.sharpness = seed, sharpness
        self.label_names_ = np.arange(n_targets)
        self.extra_label_names_ = np.array([f"extra{i}" for i in range(n_extra)])
        self.sets = np.array(list(itertools.product([0, 1], repeat=n_targets + n_extra)))
        logits = sharpness * np.random.RandomState(seed).randn(n_images, len(self.sets))
        self.joint = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        self.n_asked = self.n_encoded = 0

    def fit(self, X, y):
        raise AssertionError("What it knows is not learned.")

    def encode(self, X):
        self.n_encoded += len(X)
        return np.asarray(X)

    def predict_proba(self, X, known_labels=None, extra_labels=None):
        self.n_asked += 1
        return self._marginals(X, known_labels, extra_labels)[:, : self.n_targets]

    def predict_extra_proba(self, X, known_labels=None, extra_labels=None):
        return self._marginals(X, known_labels, extra_labels)[:, self.n_targets :]

    def _marginals(self, X, known_labels, extra_labels):
        known = [np.full((len(X), n), -1) for n in (self.n_targets, self.n_extra)]
        for i, told in enumerate((known_labels, extra_labels)):
            known[i] = known[i] if told is None else np.asarray(told)
        known = np.concatenate(known, axis=1)
        agrees = ((known[:, None] == self.sets) | (known[:, None] < 0)).all(axis=2)
        weights = self.joint[X] * agrees
        return (weights @ self.sets / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def exact_model():
    """The class :class:`ExactModel`."""
    return ExactModel
