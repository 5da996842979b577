"""KGGR: messages between classifiers, and labels of few examples in a second stage."""

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback

from sklearn_ctran.baselines import KGGR, SSGRL

QUICK = {"max_epochs": 3, "random_state": 0, "d_model": 8, "n_attention": 6, "lr": 0.02}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(120, 5).astype(np.float32)
    Y = (X[:, :3] + 0.5 * rng.randn(120, 3) > 0).astype(int)
    return X, pd.DataFrame(Y, columns=["cat", "dog", "rare"])


class Weights(Callback):
    """Keeps the weights after each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.epochs = []

    def on_epoch_end(self, net, **kwargs):
        state = net.module_.state_dict()
        self.epochs.append({name: value.clone() for name, value in state.items()})


def test_labels_of_few_examples_are_learned_last_and_by_classifiers_only(table):
    watch = Weights()
    model = KGGR(few_shot_labels=["rare"], callbacks=[watch], weight_decay=0.0, **QUICK)
    module = model.fit(*table).net_.module_
    first, second, third = watch.epochs
    # Two epochs are the first stage.
    assert first["bias"][2] == second["bias"][2] != third["bias"][2]
    assert first["bias"][0] != second["bias"][0] != third["bias"][0]
    for name in ("reduce.weight", "propagate.new_own.weight", "combine.weight"):
        assert torch.equal(second[name], third[name])
        assert not torch.equal(first[name], second[name])
    for name in ("classifiers", "relate.new_own.weight", "settle.weight"):
        assert not torch.equal(second[name], third[name])
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_one_stage_learns_all_labels(table):
    X, Y = table
    model = KGGR(**QUICK | {"max_epochs": 40}).fit(X, Y)
    assert model.score(X, Y) > 0.9
    few = KGGR(few_shot_labels=["rare"], **QUICK | {"max_epochs": 60}).fit(X, Y)
    assert few.score(X, Y) > 0.8


@pytest.mark.parametrize("params", [{"n_classifier_steps": 0}, {"gates": "published"}])
def test_parameters_make_a_difference(table, params):
    X, Y = table
    usual = KGGR(**QUICK).fit(X, Y).predict_proba(X)
    assert abs(usual - KGGR(**QUICK | params).fit(X, Y).predict_proba(X)).max() > 1e-6
    assert abs(usual - SSGRL(**QUICK).fit(X, Y).predict_proba(X)).max() > 1e-4


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"few_shot_labels": ["rar"]}, "names 'rar', which is no label. Did you mean 'rare'?"),
        ({"few_shot_labels": ["cat", "dog", "rare"]}, "names all labels"),
        ({"few_shot_labels": ["cat"], "distributed": "accelerate"}, "distributed='accelerate'"),
        ({"few_shot_labels": ["cat"], "max_epochs": 1}, "max_epochs must be 2 or more"),
    ],
)
def test_what_cannot_be_learned_in_two_stages(table, params, message):
    with pytest.raises(ValueError, match=message):
        KGGR(**QUICK | params).fit(*table)


def test_classes_are_learned_together(table):
    X, Y = table
    with pytest.raises(ValueError, match="needs a table of labels"):
        KGGR(few_shot_labels=[1], **QUICK).fit(X, Y["cat"])
