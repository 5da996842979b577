"""What every neural estimator shares: precision, devices, batches of predictions.

Also ``choices.py``, what parameters come to, and ``reading.py``, from `X` to a network's input.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from small_models import QUICK, Counting, n_seen

from sklearn_ctran import CTranClassifier


def test_going_on_with_a_broken_photo_is_told_before_training(photos, tmp_path):
    paths, Y = photos
    backbone = Counting(tmp_path / "log")
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
    model = CTranClassifier(Counting(tmp_path / "log"), image_size=12, **QUICK)
    expected = model.fit(paths, Y).predict_proba(paths)
    model.set_params(device="no such device", cache=None)
    np.testing.assert_allclose(model.predict_proba(paths), expected, atol=1e-6)


@pytest.mark.parametrize(
    "params, n_labels, expected",
    [
        ({"d_model": 128}, 16, "bfloat16"),
        ({"d_model": 128}, 15, "float32"),
        ({"d_model": 128, "precision": "float32"}, 16, "float32"),
        ({"d_model": 8, "precision": "bfloat16"}, 3, "bfloat16"),
    ],
)
@pytest.mark.parametrize("is_fast", [True, False])
def test_precision_of_the_transformer(fast_bfloat16, params, n_labels, expected, is_fast):
    fast_bfloat16(is_fast)
    if not is_fast and "precision" not in params:
        expected = "float32"
    rng = np.random.RandomState(0)
    X, Y = rng.randn(8, 3), rng.randint(2, size=(8, n_labels))
    dtypes = set()

    class Dtypes(Callback):
        def on_train_begin(self, net, **kwargs):
            net.module_.layers[0].linear1.register_forward_hook(self.record)

        @staticmethod
        def record(layer, inputs, output):
            dtypes.add(output.dtype)

    model = CTranClassifier(**QUICK | params, device="cpu", callbacks=[Dtypes()]).fit(X, Y)
    assert model.net_.precision == expected
    assert dtypes == {getattr(torch, expected)}
    assert model.predict_proba(X).dtype == np.float32
    assert dtypes == {getattr(torch, expected)}


@pytest.mark.parametrize("train_backbone", [False, True])
def test_float64_of_all_but_the_backbone(photos, train_backbone):
    paths, Y = photos
    params = {"image_size": 12, "cache": None, "train_backbone": train_backbone, "memory": None}
    params |= QUICK
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
    empty = torch.empty

    def with_mps(*args, device="cpu", **kwargs):
        return SimpleNamespace(device="mps:0") if device == "mps" else empty(*args, **kwargs)

    monkeypatch.setattr(torch, "empty", with_mps)
    with pytest.raises(ValueError, match="'float64' .* 'mps'.* device='cpu'"):
        CTranClassifier("small", precision="float64", device="mps", **QUICK).fit(*photos)


def prediction_batches(model, X):
    """The sizes of the batches in which a fitted model predicts."""
    sizes, step = [], model.net_.evaluation_step

    def watched(batch, training=False):
        sizes.append(len(batch[0]["X"]))
        return step(batch, training)

    model.net_.evaluation_step = watched
    proba = model.predict_proba(X)
    del model.net_.evaluation_step
    return sizes, proba


def test_prediction_in_batches_by_memory():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(80, 5), rng.randint(2, size=(80, 63))
    # 1 + 63 tokens of 512 numbers, 64 bytes for each: 2 MiB an image, of 32 for each thread.
    params = QUICK | {"d_model": 512, "max_epochs": 1, "precision": "float32"}
    model = CTranClassifier(**params).fit(X, Y)
    sizes, proba = prediction_batches(model, X)
    assert sizes[0] == min(80, 16 * torch.get_num_threads())
    assert sum(sizes) == 80
    one_by_one = np.concatenate([model.predict_proba(x[None]) for x in X[:5]])
    np.testing.assert_allclose(proba[:5], one_by_one, atol=1e-5)
    # However large an image is, there is one in a batch.
    X, Y = rng.randn(3, 70_000, 1), rng.randint(2, size=(3, 2))
    Y[:2] = [[0, 1], [1, 0]]
    model = CTranClassifier(None, regions=None, **QUICK | {"max_epochs": 1}).fit(X, Y)
    assert prediction_batches(model, X)[0] == [1, 1, 1]
