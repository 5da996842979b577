"""LinearHead, StandardMLP, MultiTask: what defines each."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran.baselines import LinearHead, MultiTask, StandardMLP

EXACT = {"dropout": 0.0, "precision": "float64", "batch_size": 1000, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(150, 6).astype(np.float32)
    Y = (X[:, :3] + rng.randn(150, 3) > 0).astype(int)
    return X, Y


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.RandomState(0)
    Y = rng.randint(2, size=(48, 2))
    images = rng.randint(80, size=(48, 16, 16, 3))
    images[..., 0] += 120 * Y[:, 0, None, None]
    images[..., 2] += 120 * Y[:, 1, None, None]
    return images.astype(np.uint8), Y


def test_without_decay_it_is_logistic_regression_per_label(table):
    X, Y = table
    model = LinearHead(weight_decay=0, lr=0.05, max_epochs=500, **EXACT).fit(X, Y)
    for label in range(3):
        logistic = LogisticRegression(C=np.inf).fit(X, Y[:, label])
        expected = logistic.predict_proba(X)[:, 1]
        np.testing.assert_allclose(model.predict_proba(X)[:, label], expected, atol=2e-3)


@pytest.mark.parametrize("kind", [LinearHead, StandardMLP, MultiTask])
def test_images_are_those_of_image_tokens(pictures, kind):
    images, Y = pictures
    where = {"image_size": None, "random_state": 0}
    head = kind("small", train_backbone=False, max_epochs=5, pool="max", **where).fit(images, Y)
    pooled = ImageTokens("small", pool="max", **where).fit_transform(images)
    on_features = kind(None, max_epochs=5, random_state=0).fit(pooled, Y)
    assert abs(head.predict_proba(images) - on_features.predict_proba(pooled)).max() < 0.02
    assert head.encode(images).shape == (48, 1, pooled.shape[1])
    np.testing.assert_array_equal(
        head.predict_proba(head.encode(images)), head.predict_proba(images)
    )


def test_end_to_end(pictures):
    images, Y = pictures
    model = LinearHead("small", image_size=None, augment="flip", max_epochs=12, lr=0.01)
    model.set_params(random_state=0, batch_size=16).fit(images, Y)
    assert not model.net_.module_.backbone.frozen
    assert model.score(images, Y) > 0.9


@pytest.mark.parametrize("pool", ["mean", "max", "gem"])
def test_pools_differ(pictures, pool):
    images, Y = pictures
    model = LinearHead("small", image_size=None, train_backbone=False, pool=pool, max_epochs=2)
    model.set_params(random_state=0).fit(images, Y)
    mean = LinearHead("small", image_size=None, train_backbone=False, max_epochs=2, random_state=0)
    same = np.array_equal(model.predict_proba(images), mean.fit(images, Y).predict_proba(images))
    assert same == (pool == "mean")


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.5},
        {"loss": "focal"},
        {"pos_weight": "balanced"},
        {"lr": 0.1},
        {"weight_decay": 5.0},
        {"lr_schedule": None},
        {"batch_size": 32},
        {"max_epochs": 3},
        {"early_stopping": True},
        {"precision": "float64"},
        {"net_params": {"optimizer": torch.optim.SGD}},
    ],
    ids=str,
)
def test_parameters_make_a_difference(table, params):
    X, Y = table
    usual = {"max_epochs": 5, "lr": 0.02, "random_state": 0}
    same, other = (LinearHead(**usual | each).fit(X, Y).predict_proba(X) for each in ({}, params))
    assert not np.array_equal(same, other)


def test_hidden_units(table):
    X, Y = table
    model = StandardMLP(n_hidden=7, max_epochs=2).fit(X, Y)
    assert model.net_.module_.hidden.weight.shape == (7, 6)


def test_a_perceptron_learns_what_is_not_linear():
    rng = np.random.RandomState(0)
    X = rng.randn(400, 2).astype(np.float32)
    Y = np.column_stack([X[:, 0] * X[:, 1] > 0, X[:, 0] > 0]).astype(int)
    params = {"max_epochs": 100, "lr": 0.01, "dropout": 0.0, "random_state": 0}
    assert StandardMLP(**params).fit(X, Y).score(X, Y) > 0.95
    assert LinearHead(**params).fit(X, Y).score(X, Y) < 0.85


def test_only_multi_task_learns_from_extra_labels(table):
    X, Y = table
    extra = Y[:, ::-1]
    params = {"max_epochs": 10, "lr": 0.02, "random_state": 0, "precision": "float64"}
    for kind, is_taught in ((StandardMLP, False), (MultiTask, True)):
        alone = kind(**params).fit(X, Y)
        taught = kind(**params).fit(X, Y, extra_labels=extra)
        hidden = [model.net_.module_.hidden.weight for model in (alone, taught)]
        assert torch.allclose(*hidden, atol=1e-4) != is_taught


def test_going_on_with_another_structure_is_refused(table):
    X, Y = table
    model = LinearHead(max_epochs=1, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="pool was 'mean' then and is 'max' now"):
        model.set_params(pool="max").fit(X, Y)
    model.set_params(pool="mean").fit(X, Y)


def test_shares_the_training_loop_with_c_tran(table):
    nets = [kind(max_epochs=1).fit(*table).net_ for kind in (LinearHead, CTranClassifier)]
    assert type(nets[0]) is type(nets[1])


@pytest.mark.parametrize(
    "n, params, n_epochs",
    [
        (6400, {}, 40),  # 4,000 steps
        (6400, {"train_backbone": True}, 10),
        (10, {}, 500),
        (64 * 4000, {}, 5),
        (6400, {"max_epochs": 3}, 3),
    ],
)
def test_number_of_epochs(n, params, n_epochs):
    assert LinearHead(**params)._n_epochs(n) == n_epochs
