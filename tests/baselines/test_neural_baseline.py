"""What the networks among the baselines share: their parameters."""

import numpy as np
import pytest
import torch
from rivals import NEURAL, made
from scipy.special import expit, log_expit
from sklearn.utils import get_tags
from small_models import Watch, net_made_by

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import (
    CNNRNN,
    ConceptBottleneck,
    LinearHead,
    MultiTask,
    OrderFreeRNN,
    StandardMLP,
)
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline

KINDS = [each for each in NEURAL if issubclass(each, NeuralBaseline)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "n_channels, given, rate", [(63, "auto", 0.1), (64, "auto", 0.5), (64, 0.3, 0.3)]
)
def test_dropout(kind, n_channels, given, rate):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, n_channels), rng.randint(2, size=(20, 3))
    module = net_made_by(made(kind, dropout=given), X, Y).module_.train()
    assert (module.dropout(torch.ones(99, 99)) == 0).float().mean() == pytest.approx(rate, abs=0.03)
    seen = []
    module.dropout.register_forward_hook(lambda _, args, out: seen.append((args[0], out)))
    features = torch.as_tensor(X, dtype=torch.float32)[:, None].expand(-1, 5, -1)
    module(module.pool(features), torch.full((20, 3), -1))
    (dropped,) = [out for given, out in seen if given.shape[-1] == n_channels][:1]
    if dropped.ndim == 3:  # What is dropped in one cell is not there in the others either.
        gone = dropped == 0
        assert torch.equal(gone, gone[:, :1].expand_as(gone))


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


def test_which_make_use_of_known_labels():
    uses = {kind for kind in (*KINDS, CTranClassifier) if get_tags(kind()).uses_known_labels}
    assert uses == {CNNRNN, ConceptBottleneck, OrderFreeRNN, CTranClassifier}
