"""What LinearHead, StandardMLP, MultiTask and ConceptBottleneck share: parameters and pooling."""

import numpy as np
import pytest
import torch
from scipy.special import expit, log_expit
from sklearn.utils import get_tags
from small_models import Watch, net_made_by

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran.baselines import ConceptBottleneck, LinearHead, MultiTask, StandardMLP

KINDS = [LinearHead, StandardMLP, MultiTask, ConceptBottleneck]


@pytest.mark.parametrize("pool", ["mean", "max", "gem"])
@pytest.mark.parametrize("kind", KINDS)
def test_images_are_those_of_image_tokens(pictures, kind, pool):
    images, Y = pictures
    where = {"image_size": None, "random_state": 0, "pool": pool}
    model = kind("small", train_backbone=False, max_epochs=1, **where).fit(images, Y)
    pooled = ImageTokens("small", **where).fit_transform(images)
    encoded = model.encode(images)
    assert encoded.shape == (48, 1, pooled.shape[1])
    np.testing.assert_allclose(encoded.batch(np.arange(48))[:, 0], pooled, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.predict_proba(encoded), model.predict_proba(images))
    module = model.net_.module_
    np.testing.assert_allclose(module.feature_mean, pooled.mean(axis=0), rtol=1e-4, atol=1e-5)


def test_tokens_are_pooled(noisy_table):
    tokens = np.random.RandomState(0).randn(150, 4, 5).astype(np.float32)
    model = LinearHead(None, pool="max", max_epochs=1).fit(tokens, noisy_table[1])
    read = model.encode(tokens).batch(np.arange(150))
    np.testing.assert_array_equal(read[:, 0], tokens.max(axis=1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "n_channels, given, rate", [(63, "auto", 0.1), (64, "auto", 0.5), (64, 0.3, 0.3)]
)
def test_dropout(kind, n_channels, given, rate):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, n_channels), rng.randint(2, size=(20, 3))
    module = net_made_by(kind(dropout=given), X, Y).module_.train()
    assert (module.dropout(torch.ones(99, 99)) == 0).float().mean() == pytest.approx(rate, abs=0.03)


@pytest.mark.parametrize(
    "params, net_params",
    [
        ({"batch_size": 32}, {"batch_size": 32}),
        ({"max_epochs": 3}, {"max_epochs": 3}),
        ({"lr": 0.1}, {"lr": 0.1}),
        ({"weight_decay": 5.0}, {"optimizer__weight_decay": 5.0}),
        ({"precision": "float64"}, {"precision": "float64"}),
        ({"net_params": {"optimizer": torch.optim.SGD}}, {"optimizer": torch.optim.SGD}),
    ],
    ids=str,
)
def test_parameters_of_training(noisy_table, params, net_params):
    net = net_made_by(LinearHead(**params), *noisy_table)
    usual = net_made_by(LinearHead(), *noisy_table)
    for name, value in net_params.items():
        assert net.get_params()[name] == value != usual.get_params()[name]


def test_learning_rate_and_decay_reach_the_optimizer(noisy_table):
    watch = Watch()
    model = LinearHead(lr=0.1, weight_decay=5.0, lr_schedule=None, max_epochs=2, callbacks=[watch])
    optimizer = model.fit(*noisy_table).net_.optimizer_
    assert {rate for rates in watch.rates for rate in rates} == {0.1}
    assert {group["weight_decay"] for group in optimizer.param_groups} == {5.0}
    usual = Watch()
    LinearHead(lr=0.1, max_epochs=9, callbacks=[usual]).fit(*noisy_table)
    assert max(usual.rates) == pytest.approx([0.1], rel=0.05)
    assert usual.rates[0][0] < 0.01 > usual.rates[-1][0]


def test_early_stopping(noisy_table):
    X, Y = noisy_table
    model = LinearHead(early_stopping=True, validation_fraction=0.2, max_epochs=2, batch_size=200)
    history = model.fit(X, Y).net_.history
    assert history[:, "batches", :, "train_batch_size"] == [[120], [120]]
    assert history[:, "batches", :, "valid_batch_size"] == [[30], [30]]


@pytest.mark.parametrize("kind", [LinearHead, StandardMLP, MultiTask])
def test_all_labels_are_hidden_and_the_loss_begins_at_the_log_odds(noisy_table, kind):
    X, Y = noisy_table
    watch = Watch()
    params = {"loss": "focal", "pos_weight": [1, 2, 3], "max_epochs": 1, "batch_size": 150}
    model = kind(precision="float64", callbacks=[watch], **params).fit(X, Y)
    (step,) = watch.steps
    assert (step.states == -1).all()
    log_odds = np.log((Y.sum(axis=0) + 1) / ((1 - Y).sum(axis=0) + 1)) + np.log([1, 2, 3])
    np.testing.assert_allclose(step.logits[0], np.tile(log_odds, (150, 1)), rtol=1e-5)
    signed = np.where(Y, log_odds, -log_odds)
    losses = -((1 - expit(signed)) ** 2) * log_expit(signed) * np.where(Y, [1, 2, 3], 1)
    assert model.history_[0]["train_loss"] == pytest.approx(losses.mean(), rel=1e-5)


@pytest.mark.parametrize(
    "n, params, n_epochs",
    [
        (640, {"batch_size": 6}, 37),  # 4,000 steps
        (640, {"batch_size": 6, "train_backbone": True}, 9),
        (10, {}, 500),
        (900, {"batch_size": 1}, 5),
        (640, {"max_epochs": 3}, 3),
    ],
)
def test_number_of_epochs(n, params, n_epochs):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(n, 2), rng.randint(2, size=(n, 2))
    assert net_made_by(LinearHead(**params), X, Y).max_epochs == n_epochs


def test_going_on_with_another_structure_is_refused(noisy_table):
    X, Y = noisy_table
    model = LinearHead(max_epochs=1, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="pool was 'mean' then and is 'max' now"):
        model.set_params(pool="max").fit(X, Y)
    model.set_params(pool="mean").fit(X, Y)


def test_shares_the_training_loop_with_c_tran(noisy_table):
    nets = [net_made_by(kind(), *noisy_table) for kind in (LinearHead, CTranClassifier)]
    assert type(nets[0]) is type(nets[1])


def test_only_a_bottleneck_makes_use_of_known_labels():
    uses = [get_tags(kind()).uses_known_labels for kind in (*KINDS, CTranClassifier)]
    assert uses == [False, False, False, True, True]
