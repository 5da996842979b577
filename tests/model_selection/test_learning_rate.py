"""find_lr: rates and losses of the range test, and what it leaves as it was.

Tests of _range_test.py too.
"""

import copy

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from skorch.callbacks import Callback

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import ConceptBottleneck, LinearHead, MultiTask, StandardMLP
from sklearn_ctran.model_selection import LearningRates, find_lr
from sklearn_ctran.model_selection._learning_rate import _steepest

QUICK = {"backbone": None, "random_state": 0, "device": "cpu", "batch_size": 16}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(120, 6).astype(np.float32)
    return X, (X[:, :3] + 0.3 * rng.randn(120, 3) > 0).astype(int)


def test_rates_grow_exponentially(table):
    found = find_lr(LinearHead(**QUICK), *table, lowest=1e-4, highest=1e-2, n_steps=21)
    assert isinstance(found, LearningRates)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-4, 1e-2, 21))
    assert found.losses.shape == found.smoothed.shape == (21,)
    assert np.diff(found.smoothed).std() < np.diff(found.losses).std()
    frame = found.to_frame()
    assert frame.columns.tolist() == ["rate", "loss", "smoothed"]
    np.testing.assert_array_equal(frame["loss"], found.losses)
    assert repr(found).startswith("<LearningRates: suggestion ")
    assert "of 21 rates from 0.0001 to 0.01" in repr(found)


@pytest.mark.parametrize("kind", [CTranClassifier, LinearHead, StandardMLP, MultiTask])
def test_the_suggestion_trains_better_than_far_ones(table, kind):
    X, Y = table
    model = kind(**QUICK, max_epochs=4)
    found = find_lr(model, X, Y)

    def loss(lr):
        return model.set_params(lr=lr).fit(X, Y).history_[-1]["train_loss"]

    assert 1e-4 < found.suggestion < 0.3
    assert loss(found.suggestion) < loss(found.suggestion / 300)


def test_the_losses_are_those_of_training(table):
    """At one rate they are those of a fit at that rate."""
    X, Y = table
    rate = 1e-3
    found = find_lr(CTranClassifier(**QUICK, lr=rate), X, Y, lowest=rate, highest=rate * (1 + 1e-9))
    losses = []

    class Watch(Callback):
        def on_batch_end(self, net, **kwargs):
            losses.append(net.history[-1, "batches", -1, "train_loss"])

    params = {"callbacks": [Watch()], "lr_schedule": None, "max_epochs": 13, "memory": None}
    CTranClassifier(**QUICK, lr=rate, **params).fit(X, Y)
    np.testing.assert_allclose(found.losses, losses[:100], rtol=1e-5)


def test_other_rates_keep_their_ratio(table):
    rates = []
    step = torch.optim.AdamW.step

    def watched(self, *args, **kwargs):
        rates.append([group["lr"] for group in self.param_groups])
        return step(self, *args, **kwargs)

    patch = pytest.MonkeyPatch()
    patch.setattr(torch.optim.AdamW, "step", watched)
    try:
        options = {"lowest": 1e-4, "highest": 1e-3, "n_steps": 10}
        find_lr(CTranClassifier(**QUICK, lr=0.5), *table, **options)
    finally:
        patch.undo()
    rates = np.array(rates)
    np.testing.assert_allclose(rates[:, -1], np.geomspace(1e-4, 1e-3, 10))
    np.testing.assert_allclose(rates / rates[:, -1:], np.tile(rates[0] / rates[0, -1], (10, 1)))
    assert len(set(rates[0].round(9))) > 2  # the shortcut's and the attention bias's


def test_nothing_else_changes(table):
    callback = Callback()
    model = LinearHead(**QUICK | {"random_state": None}, callbacks=[callback], early_stopping=True)
    before = copy.copy(vars(model))
    states = np.random.get_state()[1].copy(), torch.get_rng_state()
    find_lr(model, *table, n_steps=10)
    assert vars(model) == before
    np.testing.assert_array_equal(np.random.get_state()[1], states[0])
    assert torch.equal(torch.get_rng_state(), states[1])


def test_a_fitted_estimator_stays_as_it_was(table, tmp_path):
    X, Y = table
    generator = np.random.RandomState(5)
    params = QUICK | {"random_state": generator, "max_epochs": 1, "warm_start": True}
    model = LinearHead(**params, checkpoint=tmp_path / "fit").fit(X, Y)
    proba, drawn = model.predict_proba(X), generator.get_state()[2]
    found = find_lr(model, X, Y, n_steps=10)
    np.testing.assert_array_equal(model.predict_proba(X), proba)
    assert generator.get_state()[2] == drawn
    again = find_lr(model, X, Y, n_steps=10)
    np.testing.assert_array_equal(found.losses, again.losses)


def test_weights_and_extra_labels_count(table):
    X, Y = table
    model, weights = LinearHead(**QUICK), np.r_[np.zeros(60), np.full(60, 2.0)]
    plain, weighted, extra = (
        find_lr(model, X, Y, n_steps=10, **given).losses
        for given in ({}, {"sample_weight": weights}, {"extra_labels": Y[:, :1]})
    )
    assert not np.allclose(plain, weighted) and not np.allclose(plain, extra)


def test_it_ends_where_the_loss_diverges(table):
    found = find_lr(LinearHead(**QUICK), *table, highest=1e6, n_steps=60)
    assert 10 < len(found.rates) < 60
    assert found.losses[-1] > found.losses.min()
    assert len(find_lr(LinearHead(**QUICK), *table, highest=1e-3, n_steps=12).rates) == 12


@pytest.mark.filterwarnings("ignore:overflow")
def test_it_ends_where_the_loss_is_infinite(table):
    X, Y = table
    options = {"lowest": 1e-3, "highest": 1e37, "n_steps": 10, "verbose": 0}
    with pytest.warns(UserWarning, match="no suggestion: set a lower `lowest`"):
        found = find_lr(ConceptBottleneck(**QUICK), X, Y, extra_labels=Y[:, ::-1], **options)
    assert np.isnan(found.suggestion)
    with pytest.raises(ValueError, match="diverged after [12] steps, at a rate of 1e"):
        find_lr(LinearHead(**QUICK), X, Y, **options | {"lowest": 1e36})


def test_steepest():
    rates = np.geomspace(1e-5, 1, 6)
    assert _steepest(rates, np.array([1, 1, 0.9, 0.4, 0.3, 5])) == pytest.approx(1e-3)
    # A fall after the lowest point is one of a loss that jumps.
    assert _steepest(rates, np.array([1, 0.9, 0.6, 9, 1, 2])) == pytest.approx(1e-4)
    with pytest.warns(UserWarning, match="falls at no learning rate"):
        assert np.isnan(_steepest(rates, np.arange(6.0)))


def test_progress(table, capsys):
    find_lr(LinearHead(**QUICK), *table, n_steps=10, verbose=1)
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines()[-1].startswith("find_lr: 100% 10/10")
    assert "rate=1, loss=" in err
    find_lr(LinearHead(**QUICK, verbose=1), *table, n_steps=10)
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_used(table):
    for other in (LogisticRegression(), LinearHead, "linear"):
        with pytest.raises(TypeError, match="find_lr needs a CTranClassifier"):
            find_lr(other, *table)
    model = LinearHead(**QUICK)
    for rates in ({"lowest": 0}, {"lowest": 2.0}, {"highest": np.inf}, {"highest": np.nan}):
        with pytest.raises(ValueError, match="must be 0 < lowest < highest"):
            find_lr(model, *table, **rates)
    with pytest.raises(ValueError, match="n_steps must be an integer of at least 10"):
        find_lr(model, *table, n_steps=9)
    with pytest.raises(ValueError, match="inconsistent"):
        find_lr(model, table[0], table[1][1:])
