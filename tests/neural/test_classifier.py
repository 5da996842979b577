"""CTranClassifier: each parameter, each kind of target, errors that leave nothing behind."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.metrics import mean_average_precision
from sklearn_ctran.modules.losses import asymmetric

QUICK = {"d_model": 16, "n_layers": 1, "n_heads": 2, "max_epochs": 2, "random_state": 0}


def quick(**params):
    """A small estimator that trains in a moment."""
    return CTranClassifier(**QUICK | params)


@pytest.fixture(scope="module")
def table():
    """Features, labels: label 0 from the features, label 1 the same as label 2."""
    rng = np.random.RandomState(0)
    X = rng.randn(160, 6).astype(np.float32)
    coin = rng.randint(2, size=160)
    Y = np.stack([X[:, 0] > 0, coin, coin], axis=1).astype(int)
    return X, Y


@pytest.fixture(scope="module")
def pictures():
    """Small colour images whose labels are their dominant channels."""
    rng = np.random.RandomState(0)
    Y = rng.randint(2, size=(96, 3))
    X = rng.randint(60, size=(96, 12, 12, 3)) + 150 * Y[:, None, None, :]
    return X.astype(np.uint8), Y


# ------------------------------------------------------------------ what it learns


def test_learns_labels_and_what_known_labels_say(table):
    X, Y = table
    model = quick(max_epochs=60, lr=3e-3).fit(X[:120], Y[:120])
    proba = model.predict_proba(X[120:])
    assert proba.shape == (40, 3)
    assert mean_average_precision(Y[120:, :1], proba[:, :1]) > 0.9
    known = np.full((40, 3), -1)
    known[:, 2] = Y[120:, 2]
    told = model.predict_proba(X[120:], known_labels=known)
    assert mean_average_precision(Y[120:, 1:2], told[:, 1:2]) > 0.95
    np.testing.assert_array_equal(told[:, 2], Y[120:, 2])
    assert model.score(X[120:], Y[120:], known_labels=known) > model.score(X[120:], Y[120:])


def test_no_label_mask_training_learns_nothing_from_known_labels(table):
    X, Y = table
    model = quick(max_epochs=40, lr=3e-3, unknown_fraction=None).fit(X[:120], Y[:120])
    told = model.predict_proba(X[120:], known_labels={2: Y[120:, 2]})
    assert mean_average_precision(Y[120:, 1:2], told[:, 1:2]) < 0.85


def test_no_image_sees_labels_only(pictures):
    X, Y = pictures
    model = quick(use_image=False).fit(X, Y)
    proba = model.predict_proba(X)
    assert (proba == proba[0]).all()
    assert model.net_.module_.backbone is None
    assert not np.array_equal(model.predict_proba(X, {0: 1}), model.predict_proba(X, {0: 0}))


def test_learns_from_images_from_scratch(pictures):
    X, Y = pictures
    model = quick(backbone="small", image_size=None, augment=None, max_epochs=15, batch_size=16)
    assert model.fit(X[:64], Y[:64]).score(X[64:], Y[64:]) > 0.95


def test_missing_labels_are_as_if_not_there(table):
    """A label's wrong values may be anything where they are marked missing."""
    X, Y = table
    partly = Y.astype(float)
    partly[::2, 1] = np.nan
    as_minus_one = np.where(np.isnan(partly), -1, partly)
    first, second = (quick().fit(X, y).predict_proba(X) for y in (partly, as_minus_one))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, quick().fit(X, Y).predict_proba(X))


def test_multiclass_probabilities_and_known_classes(table):
    X, _ = table
    names = np.array(["owl", "tit", "wren"])
    y = names[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
    model = quick(max_epochs=40, lr=3e-3).fit(X, y)
    np.testing.assert_array_equal(model.classes_, names)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert model.score(X, y) > 0.8
    without = model.predict_proba(X, {"tit": 0})
    assert (without[:, 1] == 0).all()
    np.testing.assert_allclose(without.sum(axis=1), 1, rtol=1e-6)
    assert (model.predict(X, {"wren": 1}) == "wren").all()
    known = pd.DataFrame({"tit": np.where(np.arange(160) < 100, 1, -1)})
    expected = np.mean(model.predict(X[100:]) == y[100:])
    assert model.score(X, y, known_labels=known) == pytest.approx(expected)


def test_decision_function_orders_like_probabilities(table):
    X, Y = table
    model = quick().fit(X, Y)
    known = {1: np.where(np.arange(160) % 2, 1, 0)}
    logits, proba = model.decision_function(X, known), model.predict_proba(X, known)
    assert logits.dtype == proba.dtype == np.float32
    assert np.isfinite(logits).all()
    np.testing.assert_array_equal(proba > 0.5, logits > 0)
    np.testing.assert_array_equal(model.predict(X, known), (proba > 0.5).astype(int))


# ------------------------------------------------------------------ parameters


@pytest.mark.parametrize(
    "params",
    [
        {"d_model": 8},
        {"d_model": None, "n_heads": 2},
        {"n_layers": 2},
        {"n_heads": 4},
        {"dropout": 0.5},
        {"position": "sine"},
        {"position": "learned"},
        {"unknown_fraction": (0.5, 0.5)},
        {"unknown_fraction": None},
        {"use_image": False},
        {"standardize": False},
        {"input_dropout": 0.5},
        {"channel_dropout": False},
        {"attention_bias": False},
        {"shortcut": False},
        {"loss": "focal"},
        {"loss": "asymmetric"},
        {"loss": nn.SoftMarginLoss(reduction="none")},
        {"loss": partial(asymmetric, gamma_negative=2)},
        {"pos_weight": "balanced"},
        {"pos_weight": [1, 2, 1]},
        {"lr": 1e-4},
        {"weight_decay": 0.9},
        {"lr_schedule": None},
        {"batch_size": 32},
        {"max_epochs": 3},
        {"early_stopping": True, "validation_fraction": 0.5},
        {"precision": "bfloat16"},
        {"precision": "float64"},
        {"net_params": {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9}},
        {"net_params": {"iterator_train__shuffle": False}},
        {"n_masks": 2},
        {"random_state": 1},
    ],
    ids=str,
)
def test_parameters_make_a_difference(table, params):
    X, Y = table
    tokens = X.reshape(160, 3, 2)
    same, changed = (
        quick(backbone=None, **p).fit(tokens, Y).predict_proba(tokens) for p in ({}, params)
    )
    assert changed.shape == same.shape
    assert np.isfinite(changed).all()
    assert not np.array_equal(same, changed)


@pytest.mark.parametrize(
    "params",
    [
        {"backbone": "mobilenet_v3_small", "image_size": 32},
        {"image_size": 8},
        {"image_size": (12, 8)},
        {"augment": None},
        {"augment": "flip+crop", "image_size": (12, 8)},
        {"augment": lambda batch: 255 - batch},
        {"train_backbone": False},
        {"backbone_lr": 1e-6},
    ],
    ids=str,
)
def test_image_parameters_make_a_difference(pictures, params):
    X, Y = (a[:24] for a in pictures)
    base = {"backbone": "small", "weights": None, "image_size": 12}
    same, changed = (quick(**base | p).fit(X, Y).predict_proba(X) for p in ({}, params))
    assert not np.array_equal(same, changed)


@pytest.mark.parametrize("n_labels, has_bias", [(256, True), (257, False)])
def test_attention_bias_is_for_a_moderate_number_of_labels(n_labels, has_bias):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(8, 3), rng.randint(2, size=(8, n_labels))
    module = quick(max_epochs=1).fit(X, Y).net_.module_
    assert bool(module.attention_biases) == has_bias
    module = quick(max_epochs=1, attention_bias=not has_bias).fit(X, Y).net_.module_
    assert bool(module.attention_biases) != has_bias


@pytest.mark.parametrize(
    "n, params, n_epochs",
    [
        (30, {}, 60),
        (280, {"batch_size": 4}, 14),  # 980 steps rather than 1,050
        (300, {"batch_size": 4}, 13),
        (320, {"batch_size": 1}, 5),
        (320, {"max_epochs": 2}, 2),
    ],
)
def test_number_of_epochs(n, params, n_epochs):
    assert CTranClassifier(**params)._n_epochs(n) == n_epochs


def test_regions_make_a_difference():
    rng = np.random.RandomState(0)
    tokens, Y = rng.randn(30, 25, 50), rng.randint(2, size=(30, 3))
    outputs = [
        quick(backbone=None, regions=r).fit(tokens, Y).predict_proba(tokens) for r in (2, 3, None)
    ]
    assert not np.array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[1], outputs[2])


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


def test_callbacks_see_the_net(table):
    X, Y = table
    epochs = []

    class Listen(Callback):
        def on_epoch_end(self, net, **kwargs):
            epochs.append(net.history[-1, "train_loss"])

    model = quick(callbacks=[Listen()]).fit(X, Y)
    assert epochs == [epoch["train_loss"] for epoch in model.history_]
    assert len(model.history_) == 2


def test_early_stopping_keeps_the_best_epoch(table):
    X, Y = table
    weights = []

    class Watch(Callback):
        def on_epoch_end(self, net, **kwargs):
            weights.append(net.module_.readout.weight.detach().clone())

    noise = np.random.RandomState(1).randint(2, size=Y.shape)
    model = quick(max_epochs=60, lr=0.03, early_stopping=True, validation_fraction=0.3)
    model.set_params(callbacks=[Watch()]).fit(X, noise)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert len(losses) < 60
    best = len(losses) - 1 - 5
    assert np.argmin(losses[: best + 1]) == best
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


def test_breaking_off_leaves_the_estimator_as_it_was(table):
    X, Y = table
    model = quick().fit(X, Y)
    before = model.predict_proba(X)

    def interrupted(logits, targets):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.set_params(loss=interrupted).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    fresh = quick(loss=interrupted)
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(X, Y)
    assert vars(fresh) == vars(clone(fresh))


def test_infinite_weights_after_the_last_step_are_an_error(table):
    X, Y = table
    with pytest.raises(ValueError, match="Lower `lr`"):
        quick(lr=1e38, weight_decay=10.0, max_epochs=1, lr_schedule=None, batch_size=160).fit(X, Y)


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


@pytest.mark.parametrize(
    "params, rate",
    [
        ({"backbone": "small"}, 1e-3),
        ({"weights": None}, 1e-3),
        ({"weights": "DEFAULT"}, 1e-4),
        ({"weights": "DEFAULT", "backbone_lr": 0.5}, 0.5),
    ],
    ids=str,
)
def test_backbone_lr(params, rate):
    params = {"backbone": nn.Conv2d(3, 8, 3), "lr": 1e-3} | params
    (pattern, options), *_ = CTranClassifier(**params)._parameter_groups()
    assert pattern == "backbone.*"
    assert options["lr"] == pytest.approx(rate)


def test_input_dropout_goes_by_the_features(pictures, table):
    rng = np.random.RandomState(0)
    Y = table[1][:24]

    def rate(X, **params):
        return quick(max_epochs=1, **params).fit(X, Y).net_.module_.input_dropout.p

    assert rate(rng.randn(24, 63)) == 0.1
    assert rate(rng.randn(24, 64)) == 0.5
    assert rate(pictures[0][:24], backbone="small", image_size=12) == 0
    assert rate(pictures[0][:24], backbone="small", image_size=12, train_backbone=False) == 0.5
    assert rate(rng.randn(24, 64), input_dropout=0.3) == 0.3


def test_augmented_images_of_a_frozen_backbone_are_standardised_too(pictures):
    X, Y = (a[:24] for a in pictures)
    params = {"backbone": "small", "image_size": 12, "train_backbone": False}
    plain, flipped = (quick(augment=a, **params).fit(X, Y).net_.module_ for a in (None, "flip"))
    assert torch.equal(plain.feature_mean, flipped.feature_mean)
    assert plain.feature_mean.any()


def test_weights_from_a_file(pictures, tmp_path):
    X, Y = (a[:12] for a in pictures)
    from sklearn_ctran.modules.small_cnn import SmallCNN

    torch.save(SmallCNN().state_dict(), tmp_path / "cnn.pth")
    model = quick(backbone="small", weights=tmp_path / "cnn.pth", image_size=12).fit(X, Y)
    trunk = model.net_.module_.backbone.trunk
    saved = torch.load(tmp_path / "cnn.pth", weights_only=True)
    assert all(torch.equal(value, saved[name]) for name, value in trunk.state_dict().items())
    with pytest.raises(FileNotFoundError, match="nowhere"):
        model.set_params(weights="nowhere.pth").fit(X, Y)


def test_validation_fraction_and_classes(table):
    X, Y = table
    sizes = {}

    class Sizes(Callback):
        def on_train_begin(self, net, X, **kwargs):
            sizes["train"], sizes["valid"] = len(X), len(net.train_split(X)[1])

    model = quick(early_stopping=True, validation_fraction=0.25, callbacks=[Sizes()])
    model.fit(X, Y[:, 0])
    assert sizes == {"train": 120, "valid": 40}
    assert "valid_loss" in model.history_[0]


def test_features_and_images_in_turn(pictures, table):
    model = quick(backbone="small", image_size=12).fit(*table)
    assert model.n_features_in_ == 6
    model.fit(*(a[:12] for a in pictures))
    assert not hasattr(model, "n_features_in_")


def test_verbose_prints_progress(table, capsys):
    quick(verbose=1).fit(*table)
    assert "train_loss" in capsys.readouterr().out
    quick().fit(*table)
    out = capsys.readouterr()
    assert out.out == out.err == ""


def test_device(table):
    X, Y = table
    assert quick(device="cpu").fit(X, Y).net_.device == "cpu"
    for device in ("gpu7", "cuda:99"):
        with pytest.raises(ValueError, match=f"device='{device}' is not available"):
            quick(device=device).fit(X, Y)


# ------------------------------------------------------------------ randomness


def test_same_seed_same_model_and_global_generators_are_left_alone(pictures):
    X, Y = (a[:24] for a in pictures)
    model = quick(backbone="small", image_size=12)
    torch.manual_seed(5)
    np.random.seed(5)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = model.fit(X, Y).predict_proba(X)
    assert torch.equal(states[0], torch.get_rng_state())
    np.testing.assert_array_equal(states[1], np.random.get_state()[1])
    assert torch.initial_seed() == 5
    torch.manual_seed(6)
    np.testing.assert_array_equal(first, clone(model).fit(X, Y).predict_proba(X))
    other = clone(model).set_params(random_state=1).fit(X, Y).predict_proba(X)
    assert not np.array_equal(first, other)


# ------------------------------------------------------------------ inputs


def test_y_forms_give_the_same_model(table):
    X, Y = table
    frame = pd.DataFrame(Y, columns=["a", "b", "c"])
    expected = quick().fit(X, Y).predict_proba(X)
    for y in (frame, sparse.csr_matrix(Y), Y.tolist(), Y.astype(bool)):
        np.testing.assert_array_equal(quick().fit(X, y).predict_proba(X), expected)
    model = quick().fit(X, frame)
    assert model.label_names_.tolist() == ["a", "b", "c"]
    assert model.score(X, frame) == model.score(X, sparse.csr_matrix(Y)) == model.score(X, Y)
    with pytest.raises(ValueError, match="labels in its order: column 0"):
        model.score(X, frame[["b", "a", "c"]])


def test_feature_names(table):
    X, Y = table
    frame = pd.DataFrame(X, columns=list("uvwxyz"))
    model = quick().fit(frame, Y)
    assert model.feature_names_in_.tolist() == list("uvwxyz")
    assert model.n_features_in_ == 6
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("vuwxyz")])


def test_images_in_every_form_give_the_same_probabilities(pictures, tmp_path):
    X, Y = (a[:16] for a in pictures)
    files = []
    for i, image in enumerate(X):
        files.append(tmp_path / f"{i}.png")
        Image.fromarray(image).save(files[-1])
    model = quick(backbone="small", image_size=12, n_jobs=2).fit(files, Y)
    expected = model.predict_proba(X)
    forms = {
        "strings": [str(f) for f in files],
        "array of strings": np.array([str(f) for f in files]),
        "series": pd.Series(files),
        "frame": pd.DataFrame({"path": files}),
        "column": np.array([[str(f)] for f in files], dtype=object),
        "PIL": [Image.open(f) for f in files],
        "arrays": list(X),
        "floats": X / 255.0,
    }
    for form in forms.values():
        np.testing.assert_array_equal(model.predict_proba(form), expected)
    assert not hasattr(model, "n_features_in_")


def test_photos_of_different_sizes_and_grey_arrays(pictures):
    rng = np.random.RandomState(0)
    sizes = [(9, 14), (20, 8), (12, 12), (30, 10)]
    X = [rng.randint(256, size=(*size, 3), dtype=np.uint8) for size in sizes]
    Y = np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    assert quick(backbone="small", image_size=12).fit(X, Y).predict_proba(X).shape == (4, 2)
    grey = rng.rand(4, 12, 12)
    model = quick(backbone="small", image_size=None).fit(grey, Y)
    assert model.predict_proba(grey).shape == (4, 2)
    assert model._input_kind == "images"


def test_parameters_set_after_fit_wait_for_the_next_fit(pictures, table):
    X, Y = (a[:24] for a in pictures)
    model = quick(backbone="small", image_size=12).fit(X, Y)
    before = model.predict_proba(X)
    model.set_params(image_size=(8, 4), backbone=None, augment=None, use_image=False, loss="focal")
    np.testing.assert_array_equal(model.predict_proba(X), before)
    grey = X[..., 0]
    assert model.predict(grey).shape == Y.shape
    tokens = table[0].reshape(160, 3, 2)
    model = quick(backbone=None).fit(tokens, table[1])
    before = model.predict_proba(tokens)
    model.set_params(backbone="small")
    np.testing.assert_array_equal(model.predict_proba(tokens), before)


def test_tokens(table):
    X, Y = table
    tokens = X.reshape(160, 3, 2)
    model = quick(backbone=None).fit(tokens, Y)
    assert model.predict(tokens).shape == Y.shape
    np.testing.assert_array_equal(model.predict(list(tokens)), model.predict(tokens))
    with pytest.raises(ValueError, match="has 3 channels"):
        model.predict(X.reshape(160, 2, 3))
    with pytest.raises(ValueError, match="holds features, but .* fitted on tokens"):
        model.predict(X)
    with pytest.raises(ValueError, match="has 2 tokens .* fitted with 3"):
        model.predict(tokens[:, :2])
    any_number = quick(backbone=None, shortcut=False).fit(tokens, Y)
    assert any_number.predict(tokens[:, :2]).shape == Y.shape
    with pytest.raises(ValueError, match="has 2 tokens .* fitted with 3"):
        any_number.set_params(position="learned").fit(tokens, Y).predict(tokens[:, :2])


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    "params, message",
    [
        ({"d_model": 10, "n_heads": 4}, "multiple of n_heads"),
        ({"d_model": 0}, "d_model"),
        ({"n_layers": 0}, "n_layers"),
        ({"dropout": 1.0}, "dropout"),
        ({"position": "cosine"}, "position"),
        ({"unknown_fraction": (0.5, 0.25)}, "unknown_fraction"),
        ({"unknown_fraction": (0.5,)}, "unknown_fraction"),
        ({"unknown_fraction": ("a", "b")}, "unknown_fraction"),
        ({"unknown_fraction": (0.0, 1.5)}, "unknown_fraction"),
        ({"loss": "hinge"}, "loss"),
        ({"loss": nn.BCEWithLogitsLoss()}, "reduction='none'"),
        ({"lr": 0}, "lr"),
        ({"precision": "float16"}, "precision"),
        ({"net_params": {"unheard_of": 1}}, "unheard_of"),
        ({"net_params": {"callbacks": []}}, "pass them in callbacks"),
        ({"use_image": False, "d_model": None}, "set d_model"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"train_backbone": "never"}, "train_backbone"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(table, params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        quick(**params).fit(*table)


def test_nan_loss_is_an_error_and_leaves_the_estimator_as_it_was(table):
    X, Y = table
    model = quick().fit(X, Y)
    before, state = model.predict_proba(X), dict(vars(model))
    model.set_params(lr=1e30, lr_schedule=None, max_epochs=20)
    with pytest.raises(ValueError, match="loss became .* Lower `lr`"):
        model.fit(X, Y)
    model.set_params(**{key: state[key] for key in ("lr", "lr_schedule", "max_epochs")})
    assert vars(model) == state
    np.testing.assert_array_equal(model.predict_proba(X), before)
    model.set_params(warm_start=True, lr=1e30, lr_schedule=None, max_epochs=20)
    with pytest.raises(ValueError, match="loss became"):
        model.fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    "break_it, error, message",
    [
        (lambda X, Y: (X[:0], Y[:0]), ValueError, "empty"),
        (lambda X, Y: (X[:-1], Y), ValueError, "inconsistent"),
        (lambda X, Y: (np.where(X[3, 2] == X, np.nan, X), Y), ValueError, "NaN"),
        (lambda X, Y: (X, Y + 1), ValueError, "holds 2"),
        (lambda X, Y: (X, np.where([1, 0, 1], Y, -1)), ValueError, "No sample .* label.* 1"),
        (lambda X, Y: (np.full(X.shape, "a"), Y), ValueError, "could not convert"),
        (lambda X, Y: (sparse.csr_matrix(X), Y), TypeError, "[Ss]parse"),
    ],
)
def test_bad_data_leaves_nothing_half_fitted(table, break_it, error, message):
    model = quick()
    with pytest.raises(error, match=message):
        model.fit(*break_it(*table))
    assert vars(model) == vars(clone(model))
    with pytest.raises(NotFittedError):
        model.predict(table[0])


def test_broken_file_is_named_before_anything_changes(pictures, tmp_path):
    X, Y = (a[:6] for a in pictures)
    files = [tmp_path / f"{i}.png" for i in range(6)]
    for file, image in zip(files, X, strict=True):
        Image.fromarray(image).save(file)
    model = quick(backbone="small", image_size=12).fit(files, Y)
    before = model.net_
    files[4].write_bytes(files[4].read_bytes()[:60])
    with pytest.raises(ValueError, match=r"(?s)row 4.*4\.png"):
        model.fit(files, Y)
    with pytest.raises(ValueError, match=r"(?s)row 4.*4\.png"):
        model.predict(files)
    files[2].unlink()
    with pytest.raises(FileNotFoundError, match=r"(?s)row 2.*2\.png"):
        model.fit(files, Y)
    assert model.net_ is before


def test_images_without_a_backbone(pictures):
    with pytest.raises(ValueError, match="backbone=None takes features"):
        quick(backbone=None).fit(*pictures)


def test_images_of_another_size_than_promised(pictures):
    X = [*pictures[0][:3], np.zeros((5, 5, 3), np.uint8)]
    with pytest.raises(ValueError, match="image_size=None"):
        quick(backbone="small", image_size=None).fit(X, pictures[1][:4])


def test_scores_of_other_lengths(table):
    X, Y = table
    for y in (Y, Y[:, 0]):
        model = quick().fit(X, y)
        with pytest.raises(ValueError, match="inconsistent|has shape"):
            model.score(X, y[:-1])
    with pytest.raises(ValueError, match="one column for each of 3 labels"):
        quick().fit(X, Y).score(X, np.full((160, 4), 2))


def test_images_of_another_size_in_prediction():
    rng = np.random.RandomState(0)
    X = rng.randint(256, size=(12, 8, 8, 3), dtype=np.uint8)
    model = quick(backbone=nn.Conv2d(3, 8, 4, stride=4), image_size=None)
    model.fit(X, rng.randint(2, size=(12, 3)))
    with pytest.raises(ValueError, match=r"grid of \(3, 3\) features, .* trained with \(2, 2\)"):
        model.predict(np.zeros((2, 12, 12, 3), np.uint8))


def test_read_only_features(table):
    X, Y = (a.copy() for a in table)
    X.flags.writeable = Y.flags.writeable = False
    np.testing.assert_array_equal(
        quick().fit(X, Y).predict_proba(X), quick().fit(*table).predict_proba(table[0])
    )
    tokens = X.reshape(160, 3, 2)
    model = quick(backbone=None, regions=None).fit(tokens, Y)
    assert np.isfinite(model.predict_proba(tokens)).all()


def test_not_fitted(table):
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(quick(), method)(table[0])


# ------------------------------------------------------------------ pickle


def test_pickle_of_a_fitted_estimator(pictures, tmp_path):
    X, Y = (a[:24] for a in pictures)
    model = quick(backbone="small", image_size=12, early_stopping=True, validation_fraction=0.4)
    model.fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert again.history_ == model.history_
    assert again.net_.module is again.net_.module_
    # Weights are written once, without the optimiser's moments.
    n_bytes = sum(w.nbytes for w in model.net_.module_.state_dict().values())
    assert len(pickle.dumps(model)) < 1.3 * n_bytes + 60_000
    # The training images do not travel along.
    twice = np.concatenate([X] * 8), np.concatenate([Y] * 8)
    assert len(pickle.dumps(clone(model).fit(*twice))) < len(pickle.dumps(model)) + X.nbytes
