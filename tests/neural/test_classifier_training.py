"""The parameters of CTranClassifier that concern training (`_neural/training.py`)."""

import threading
import time

import numpy as np
import pytest
import torch
from PIL import Image
from skorch.callbacks import Callback
from small_models import Watch, net_made_by, quick
from torch import nn


def test_callbacks_see_the_net(table):
    X, Y = table
    epochs = []

    class Listen(Callback):
        def on_epoch_end(self, net, **kwargs):
            epochs.append(net.history[-1, "train_loss"])

    model = quick(callbacks=[Listen()]).fit(X, Y)
    assert epochs == [epoch["train_loss"] for epoch in model.history_]
    assert len(model.history_) == 2


@pytest.mark.parametrize("patience_ends", [True, False])
def test_early_stopping_keeps_the_best_epoch(table, patience_ends):
    X, Y = table
    weights = []

    class Remember(Callback):
        def on_epoch_end(self, net, **kwargs):
            weights.append(net.module_.readout.weight.detach().clone())

    noise = np.random.RandomState(1).randint(2, size=Y.shape)
    labels, n_epochs = (noise, 60) if patience_ends else (Y, 3)
    model = quick(max_epochs=n_epochs, lr=0.03, early_stopping=True, validation_fraction=0.3)
    model.set_params(callbacks=[Remember()]).fit(X, labels)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    best = int(np.argmin(losses))
    if patience_ends:
        assert len(losses) == best + 1 + 5 < n_epochs
    else:
        assert len(losses) == n_epochs
    assert torch.equal(model.net_.module_.readout.weight, weights[best])


def test_warm_start_goes_on(table):
    X, Y = table
    model = quick(warm_start=True, max_epochs=5).fit(X, Y)
    first = model.history_[-1]["train_loss"]
    assert model.fit(X, Y).history_[0]["train_loss"] < first + 0.05
    fresh = quick(max_epochs=5).fit(X, Y)
    assert model.history_[0]["train_loss"] < fresh.history_[0]["train_loss"]
    with pytest.raises(ValueError, match="warm_start"):
        model.fit(X, Y[:, :2])
    with pytest.raises(ValueError, match="X has 5 features"):
        model.fit(X[:, :5], Y)
    assert model.n_features_in_ == 6
    with pytest.raises(ValueError, match="n_layers was 1 then and is 2 now"):
        model.set_params(n_layers=2).fit(X, Y)


def test_a_loss_of_ones_own_sees_one_path_at_a_time(table):
    X, Y = table
    shapes = set()

    def loss(logits, targets):
        shapes.add((logits.shape[1:], targets.shape[1:], logits.ndim))
        return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")

    own = quick(loss=loss).fit(X, Y).predict_proba(X)
    assert shapes == {((3,), (3,), 2)}
    np.testing.assert_array_equal(own, quick().fit(X, Y).predict_proba(X))


def test_learning_rates_and_decays_of_the_parts(pictures):
    X, Y = (a[:12] for a in pictures)
    model = quick(backbone="small", image_size=12, lr=1e-3, weight_decay=0.2, lr_schedule=None)
    optimizer = model.fit(X, Y).net_.optimizer_
    module = model.net_.module_
    expected = {
        module.backbone.trunk[0][0].weight: (1e-3, 0.2),
        module.shortcut.linear.weight: (1.5e-3, 0.6),
        module.attention_biases[0].pair: (2e-2, 0.01),
        module.readout.weight: (1e-3, 0.2),
    }
    for weight, rates in expected.items():
        (group,) = (g for g in optimizer.param_groups if any(w is weight for w in g["params"]))
        assert (group["lr"], group["weight_decay"]) == pytest.approx(rates)


@pytest.mark.parametrize("fraction, n_valid", [(0.25, 40), (0.1, 16)])
@pytest.mark.parametrize("of_classes", [True, False])
def test_validation_fraction(table, fraction, n_valid, of_classes):
    X, Y = table
    rows = {}

    class Rows(Callback):
        def on_train_begin(self, net, X, **kwargs):
            valid = net.train_split(X)[1]
            rows["train"], rows["valid"] = X.rows, valid.rows

    model = quick(early_stopping=True, validation_fraction=fraction, callbacks=[Rows()])
    model.fit(X, Y[:, 0] if of_classes else Y)
    assert len(rows["valid"]) == n_valid
    assert sorted([*rows["train"], *rows["valid"]]) == list(range(160))
    assert "valid_loss" in model.history_[0]
    if of_classes:  # each class has its share
        assert abs(Y[rows["valid"], 0].sum() - fraction * Y[:, 0].sum()) < 1


def test_without_early_stopping_all_samples_are_learned_from(table):
    model = quick(batch_size=50).fit(*table)
    assert "valid_loss" not in model.history_[0]
    sizes = model.net_.history[0, "batches", :, "train_batch_size"]
    assert sizes == [50, 50, 50, 10]


@pytest.mark.parametrize("batch_size", [32, 64])
def test_batch_size(table, batch_size):
    history = quick(batch_size=batch_size).fit(*table).net_.history
    for sizes in history[:, "batches", :, "train_batch_size"]:
        assert sizes == [batch_size] * (160 // batch_size) + [32] * (batch_size == 64)


@pytest.mark.parametrize(
    "n, params, n_epochs",
    [
        (30, {}, 60),
        (280, {"batch_size": 4}, 14),  # 980 steps rather than 1,050
        (300, {"batch_size": 4}, 13),
        (300, {"batch_size": 2, "net_params": {"accumulate": 2}}, 13),
        (320, {"batch_size": 1}, 5),
        (320, {"max_epochs": 2}, 2),
    ],
)
@pytest.mark.filterwarnings("ignore:There is no positive")
def test_number_of_epochs(n, params, n_epochs):
    rng = np.random.RandomState(0)
    model = quick(**{"max_epochs": "auto"} | params)
    assert net_made_by(model, rng.randn(n, 2), rng.randint(2, size=(n, 2))).max_epochs == n_epochs
    short = quick(max_epochs=3).fit(rng.randn(9, 2), np.arange(18).reshape(9, 2) % 2)
    assert len(short.history_) == 3


@pytest.mark.parametrize("lr", [1e-3, 0.02])
def test_learning_rates_go_up_and_down_or_stay(table, lr):
    usual, constant = Watch(), Watch()
    params = {"lr": lr, "max_epochs": 10}
    quick(callbacks=[usual], **params).fit(*table)
    quick(callbacks=[constant], lr_schedule=None, **params).fit(*table)
    assert np.shape(usual.rates) == np.shape(constant.rates) == (30, 3)
    shortcut, attention_bias, rest = np.transpose(constant.rates)
    np.testing.assert_allclose(rest, lr)
    np.testing.assert_allclose(shortcut, 1.5 * lr)
    np.testing.assert_allclose(attention_bias, 20 * lr)
    peaks = np.max(usual.rates, axis=0)
    np.testing.assert_allclose(peaks, constant.rates[0], rtol=0.05)
    assert 5 <= np.argmax(usual.rates, axis=0)[2] < 15
    assert (usual.rates[0] < peaks / 20).all()
    assert (usual.rates[-1] < peaks / 20).all()


def test_net_params(table):
    sgd = {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9, "max_epochs": 1}
    in_order, watch = {"iterator_train__shuffle": False}, Watch()
    X, Y = table
    # A schedule would change the momentum too.
    model = quick(net_params=sgd | in_order, callbacks=[watch], lr_schedule=None).fit(X, Y)
    assert type(model.net_.optimizer_) is torch.optim.SGD
    assert {group["momentum"] for group in model.net_.optimizer_.param_groups} == {0.9}
    assert len(model.history_) == 1
    np.testing.assert_array_equal(torch.cat([step.X[:, 0] for step in watch.steps]), X)
    shuffled = Watch()
    quick(callbacks=[shuffled]).fit(X, Y)
    assert not np.array_equal(torch.cat([step.X[:, 0] for step in shuffled.steps[:3]]), X)


def test_the_usual_optimizer(table):
    optimizer = quick(weight_decay=0.9).fit(*table).net_.optimizer_
    assert type(optimizer) is torch.optim.AdamW
    decays = [group["weight_decay"] for group in optimizer.param_groups if group["params"]]
    assert decays == pytest.approx([2.7, 0.045, 0.9])


def test_n_jobs_are_threads_that_decode(pictures, tmp_path, monkeypatch):
    X, Y = (a[:24] for a in pictures)
    paths = [tmp_path / f"{i}.png" for i in range(24)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    threads = set()
    opened = Image.open

    def spy(*args, **kwargs):
        threads.add(threading.current_thread())
        time.sleep(1e-3)
        return opened(*args, **kwargs)

    monkeypatch.setattr(Image, "open", spy)
    params = {"image_size": 12, "cache": None, "train_backbone": False}
    expected = quick("small", n_jobs=1, **params).fit(paths, Y).predict_proba(paths)
    assert threads == {threading.main_thread()}
    threads.clear()
    model = quick("small", n_jobs=2, **params).fit(paths, Y)
    assert len(threads) > 1
    np.testing.assert_array_equal(model.predict_proba(paths), expected)


def test_verbose_shows_progress(table, capsys):
    quick(verbose=1).fit(*table)
    out = capsys.readouterr()
    assert ", loss=" in out.err and out.out == ""
    quick(net_params={"verbose": 1}).fit(*table)
    out = capsys.readouterr()
    assert "train_loss" in out.out and out.err == ""  # skorch's table
    quick().fit(*table)
    out = capsys.readouterr()
    assert out.out == out.err == ""


def test_device(table):
    X, Y = table
    assert quick(device="cpu").fit(X, Y).net_.device == "cpu"
    for device in ("gpu7", "cuda:99"):
        with pytest.raises(ValueError, match=f"device='{device}' is not available"):
            quick(device=device).fit(X, Y)
