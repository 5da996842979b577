"""A fitted net as plain values, and back; whole estimators are in tests/persistence."""

import numpy as np
import pytest
import torch
from small_models import quick

from sklearn_ctran._neural.saved import restored_net, saved_net
from sklearn_ctran._persistence.savable import Storage


@pytest.fixture(scope="module")
def model(table):
    X, Y = table
    return quick(None, pos_weight=[1.0, 2.0, 3.0]).fit(X, Y)


@pytest.fixture
def saved(model):
    return saved_net(model, Storage())


def test_a_net_comes_back(model, saved):
    net = restored_net(model, saved)
    before, after = model.net_.module_.state_dict(), net.module_.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(net.criterion_.pos_weight, torch.tensor([1.0, 2.0, 3.0]))
    assert (net.precision, net.device) == (model.net_.precision, model.net_.device)


def test_global_generators(model, saved, global_generators_stay):
    restored_net(model, saved)


def test_dropout_and_chosen_parameters(pictures):
    """What "auto" meant follows from how the backbone was trained, not from today's parameters."""
    model = quick("small", image_size=32, train_backbone=True, max_epochs=1).fit(*pictures)
    saved = saved_net(model, Storage())
    net = restored_net(model.set_params(train_backbone=False), saved)
    assert net.module_.input_dropout.p == model.net_.module_.input_dropout.p == 0.0
    assert not net.module_.backbone.frozen


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": 1}, "other entries"),
        ({"loss": "mine"}, "loss"),
        ({"loss": abs}, "loss is not one of those with a name"),
        ({"precision": "float8"}, "precision"),
        ({"grid": (1, 2**20)}, "grid"),
        ({"grid": (1,)}, "grid"),
        ({"pos_weight": torch.ones(2)}, "positive labels"),
        ({"pos_weight": torch.zeros(3)}, "positive labels"),
        ({"pos_weight": torch.full((3,), np.nan)}, "positive labels"),
        ({"weights": {"feature_mean": [1]}}, "no tensors"),
        ({"weights": {"feature_mean": torch.ones(6)}}, "is missing"),
        ({"weights": {"feature_mean": torch.ones(6, dtype=torch.int8)}}, "computes in torch.int8"),
    ],
)
def test_nets_of_others(model, saved, change, message):
    with pytest.raises(ValueError, match=message):
        restored_net(model, saved | change)


def test_a_backbone_too_many(model, saved, pictures):
    other = saved_net(quick("small", image_size=32, max_epochs=1).fit(*pictures), Storage())
    with pytest.raises(ValueError):
        restored_net(model, saved | {"backbone": other["backbone"]})
