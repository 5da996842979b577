"""Stages of training: when each begins, and what of a fit knows of them."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sklearn_ctran._neural import progress
from sklearn_ctran._neural.stages import StagedNet
from sklearn_ctran.baselines import SRN, ConceptBottleneck

RNG = np.random.RandomState(0)
X, Y = RNG.randn(30, 4), RNG.randint(2, size=(30, 3))
SMALL = {"backbone": None, "batch_size": 10, "n_hidden": 4, "random_state": 0}


class Watch(Callback):
    """Keeps learning rates and stages, step by step; the second step of an epoch may fail."""

    def __init__(self, breaks_in=None):
        self.rates, self.stages, self.breaks_in = [], [], breaks_in

    def on_batch_begin(self, net, training=False, **kwargs):
        if training and len(net.history) == self.breaks_in and len(net.history[-1, "batches"]) == 2:
            raise RuntimeError("power cut")
        if training:
            self.rates.append(net.optimizer_.param_groups[0]["lr"])
            self.stages.append(net.module_.stage)


@pytest.mark.parametrize(("n_epochs", "stages"), [(2, [1, 2]), (5, [1, 1, 2, 2, 2])])
def test_each_stage_has_its_epochs(monkeypatch, n_epochs, stages):
    begun = []
    module_class = ConceptBottleneck._module_class
    original = module_class.set_stage
    monkeypatch.setattr(
        module_class, "set_stage", lambda self, stage: begun.append(stage) or original(self, stage)
    )
    model = ConceptBottleneck(mode="sequential", two_stages=True, max_epochs=n_epochs)
    model.fit(X, Y[:, :1], extra_labels=Y[:, 1:])
    assert begun == [*stages, None]
    assert model.net_.module_.stage is None


@pytest.mark.parametrize(
    ("shares", "n_epochs", "lengths"),
    [
        ((0.5, 0.5), 7, [4, 3]),
        ((0.5, 0.2, 0.1, 0.2), 20, [10, 4, 2, 4]),
        ((0.5, 0.2, 0.1, 0.2), 4, [1, 1, 1, 1]),
        ((0.97, 0.01, 0.01, 0.01), 6, [3, 1, 1, 1]),
        ((0.01, 0.01, 0.01, 0.97), 6, [1, 1, 1, 3]),
    ],
)
def test_lengths_of_stages(shares, n_epochs, lengths):
    net = StagedNet(torch.nn.Linear, criterion=torch.nn.MSELoss, max_epochs=n_epochs)
    net.stage_shares = shares
    assert net.stage_lengths == lengths
    assert net.cycle_lengths == [n_epochs]


def test_the_learning_rate_goes_through_a_cycle_in_each_stage():
    watch = Watch()
    SRN(**SMALL, max_epochs=20, lr=0.01, callbacks=[watch]).fit(X, Y)
    rates, stages = np.array(watch.rates), np.array(watch.stages)
    assert np.unique(stages, return_counts=True)[1].tolist() == [30, 9, 9, 12]
    for stage in (1, 2, 3, 4):
        of_stage = rates[stages == stage]
        assert of_stage.max() == pytest.approx(0.01, rel=0.15)
        assert of_stage[0] == pytest.approx(0.01 / 25)
        assert of_stage[-1] < 0.002
    # Two stages in one cycle: no rate but the highest is there twice in a row of rising ones.
    watch = Watch()
    model = ConceptBottleneck(mode="sequential", two_stages=True, max_epochs=10, batch_size=10)
    model.set_params(callbacks=[watch]).fit(X, Y[:, :1], extra_labels=Y[:, 1:])
    peak = int(np.argmax(watch.rates))
    assert (np.diff(watch.rates[: peak + 1]) > 0).all()
    assert (np.diff(watch.rates[peak:]) < 0).all()


def test_early_stopping_is_for_the_last_stage():
    watch = Watch()
    params = {"early_stopping": True, "validation_fraction": 0.3, "lr": 0.05, "max_epochs": 60}
    model = SRN(**SMALL | {"n_hidden": 16}, **params, callbacks=[watch]).fit(X, Y)
    lengths = np.cumsum([30, 10, 8])
    assert lengths[-1] + 5 < len(model.history_) < 60
    best = min(epoch["valid_loss"] for epoch in model.history_[lengths[-1] :])
    assert model.net_.history[-1, "valid_loss"] > best


@pytest.mark.parametrize("epoch", [5, 11, 17])
def test_a_fit_that_was_broken_off_goes_on_within_a_stage(monkeypatch, tmp_path, epoch):
    """Epochs 1 to 10 are stage 1, to 13 stage 2, to 16 stage 3, to 20 stage 4."""
    monkeypatch.setattr(progress, "_SECONDS", 0.0)  # Keeps every step.

    params = SMALL | {"max_epochs": 20, "dropout": 0.0}
    whole = SRN(**params).fit(X, Y)
    model = SRN(**params, checkpoint=tmp_path / "fit")
    model.set_params(callbacks=[Watch(breaks_in=epoch)])
    with pytest.raises(RuntimeError, match="power cut"):
        model.fit(X, Y)
    watch = Watch()
    model.set_params(callbacks=[watch]).fit(X, Y)
    np.testing.assert_array_equal(model.decision_function(X), whole.decision_function(X))
    assert len(watch.stages) == 3 * (21 - epoch) - 1
