"""Fits that end early and go on: the model, to the last bit, of a fit without interruption."""

import os
import signal

import numpy as np
import pytest
import torch
from killed_fit import run
from skorch.callbacks import Callback, EpochScoring, LRScheduler
from small_models import quick

from sklearn_ctran import CTranClassifier
from sklearn_ctran._neural import progress
from sklearn_ctran.baselines import ConceptBottleneck, StandardMLP
from sklearn_ctran.modules.small_cnn import SmallCNN


class PowerCut(Exception):
    """Ends a fit."""


class CutAt(Callback):
    """Raises an error after so many training steps; None: never."""

    def __init__(self, step=None, error=PowerCut):
        self.step = step
        self.error = error

    def on_train_begin(self, net, **kwargs):
        self.n_steps = 0

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_steps += training
        if self.n_steps == self.step:
            raise self.error


def fit(make, X, Y, step=None, **params):
    return make(callbacks=[CutAt(step)], **params).fit(X, Y)


def assert_same(model, expected, X):
    held, wanted = (each.net_.module_.state_dict() for each in (model, expected))
    assert held.keys() == wanted.keys()
    for name, value in held.items():
        assert torch.equal(value, wanted[name]), name
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    for one, other in zip(model.history_, expected.history_, strict=True):
        assert one.keys() == other.keys()
        assert all(one[name] == other[name] for name in one if name != "dur")


def features(**params):
    return quick(None, **{"max_epochs": 4, "batch_size": 40} | params)


def images(**params):
    params = {"train_backbone": True, "augment": "flip", "batch_size": 20} | params
    return quick("small", image_size=None, **params)


def mlp(**params):
    return StandardMLP(None, max_epochs=4, batch_size=40, random_state=0, **params)


def bottleneck(**params):
    return ConceptBottleneck(None, max_epochs=4, batch_size=40, random_state=0, **params)


CASES = {
    "default": (features, {}),
    "early stopping": (features, {"early_stopping": True, "max_epochs": 30, "lr": 0.1}),
    "no schedule": (features, {"lr_schedule": None}),
    "several masks, float64": (features, {"n_masks": 2, "precision": "float64"}),
    "accumulated": (features, {"batch_size": 20, "net_params": {"accumulate": 2}}),
    "another optimiser": (features, {"net_params": {"optimizer": torch.optim.SGD}}),
    "MLP": (mlp, {}),
    "MLP of two networks": (bottleneck, {}),
}


@pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["each step", "each epoch"])
@pytest.mark.parametrize("case", CASES)
def test_a_fit_goes_on_to_the_same_model(monkeypatch, table, tmp_path, case, seconds):
    monkeypatch.setattr(progress, "_SECONDS", seconds)
    X, Y = table
    make, params = CASES[case]
    expected = fit(make, X, Y, **params)
    for step in (2, 6, 3):
        with pytest.raises(PowerCut):
            fit(make, X, Y, step, checkpoint=tmp_path, **params)
    assert_same(fit(make, X, Y, checkpoint=tmp_path, **params), expected, X)


@pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["each step", "each epoch"])
def test_a_backbone_that_trains_goes_on_too(monkeypatch, pictures, tmp_path, seconds):
    monkeypatch.setattr(progress, "_SECONDS", seconds)
    X, Y = pictures
    expected = fit(images, X, Y)
    with pytest.raises(PowerCut):
        fit(images, X, Y, 7, checkpoint=tmp_path)
    assert_same(fit(images, X, Y, checkpoint=tmp_path), expected, X)


def test_a_frozen_backbone_is_not_kept(pictures, tmp_path):
    X, Y = pictures
    params = {"train_backbone": False, "augment": None}
    with pytest.raises(PowerCut):
        fit(images, X, Y, 7, checkpoint=tmp_path, **params)
    (path,) = tmp_path.glob("state-*.pt")
    kept = torch.load(path, weights_only=True)["weights"]
    assert kept and not any(name.startswith("backbone.") for name in kept)
    model = fit(images, X, Y, checkpoint=tmp_path, **params)
    assert_same(model, fit(images, X, Y, **params), X)


def test_a_fit_that_came_to_its_end_is_not_repeated(table, tmp_path):
    X, Y = table
    expected = fit(features, X, Y, checkpoint=tmp_path)
    steps = []
    watch = CutAt()
    watch.on_batch_end = lambda net, **kwargs: steps.append(1)
    again = features(callbacks=[watch], checkpoint=tmp_path).fit(X, Y)
    assert_same(again, expected, X)
    assert not steps


def test_a_seed_that_nobody_gave_is_that_of_the_fit_that_goes_on(table, tmp_path):
    X, Y = table
    params = {"random_state": None, "early_stopping": True}
    with pytest.raises(PowerCut):
        fit(features, X, Y, 6, checkpoint=tmp_path, **params)
    state = np.random.get_state()[1].copy()
    first = fit(features, X, Y, checkpoint=tmp_path, **params)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert_same(fit(features, X, Y, checkpoint=tmp_path, **params), first, X)


def test_the_fit_goes_on_from_where_it_was(table, tmp_path):
    X, Y = table
    with pytest.raises(PowerCut):
        fit(features, X, Y, 14, checkpoint=tmp_path)
    watch = CutAt()
    features(callbacks=[watch], checkpoint=tmp_path, verbose=0).fit(X, Y)
    assert watch.n_steps == 4  # of 16; twelve were done, and two more were lost


def test_it_says_where_it_goes_on(table, tmp_path, capsys):
    X, Y = table
    with pytest.raises(PowerCut):
        fit(features, X, Y, 6, checkpoint=tmp_path)
    fit(features, X, Y, checkpoint=tmp_path, verbose=1)
    said = capsys.readouterr().err
    assert "going on after 1 of 4 epochs" in said
    assert "16/16" in said and "epoch=4/4" in said


def test_callbacks_get_back_what_they_have_learned(table, tmp_path):
    X, Y = table

    class Counts(Callback):
        def on_train_begin(self, net, **kwargs):
            self.n_epochs_ = 0
            self.other = 0
            self.odd_ = print

        def on_epoch_end(self, net, **kwargs):
            self.n_epochs_ += 1
            self.other += 1

    def make(step=None, **params):
        counts = Counts()
        rate = LRScheduler(policy="StepLR", step_size=1, gamma=0.5)
        score = EpochScoring("f1_macro", lower_is_better=False, name="f1", use_caching=False)
        callbacks = [("counts", counts), ("rate", rate), score, CutAt(step)]
        return counts, features(lr_schedule=None, callbacks=callbacks, **params)

    _, expected = make()
    _, broken = make(10, checkpoint=tmp_path)
    with pytest.raises(PowerCut):
        broken.fit(X, Y)
    counts, model = make(checkpoint=tmp_path)
    assert_same(model.fit(X, Y), expected.fit(X, Y), X)
    assert counts.n_epochs_ == 4 and counts.other == 2


def test_the_callback_is_not_left_in_the_model(table, tmp_path):
    X, Y = table
    model = fit(features, X, Y, checkpoint=tmp_path)
    assert not any("keep_progress" in name for name, _ in model.net_.callbacks_)
    names = [each[0] if isinstance(each, tuple) else each for each in model.net_.callbacks]
    assert names == ["lr_schedule", *model.callbacks]


def test_breaking_off_leaves_a_model_and_a_checkpoint(table, tmp_path):
    X, Y = table
    expected = fit(features, X, Y)
    model = features(callbacks=[CutAt(10, KeyboardInterrupt)], checkpoint=tmp_path)
    with pytest.raises(KeyboardInterrupt, match="broken off in epoch 3 of 4"):
        model.fit(X, Y)
    assert len(model.history_) == 2
    assert np.isfinite(model.predict_proba(X)).all()
    assert model.score(X, Y) > 0.5
    assert_same(fit(features, X, Y, checkpoint=tmp_path), expected, X)


def test_ctrl_c_between_two_epochs_breaks_off_too(table):
    X, Y = table

    class Press(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                os.kill(os.getpid(), signal.SIGINT)

    model = features(callbacks=[Press()])
    # A process in the background of a shell ignores Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt, match="broken off in epoch 2 of 4"):
            model.fit(X, Y)
    finally:
        signal.signal(signal.SIGINT, before)
    assert np.isfinite(model.predict_proba(X)).all()


def test_breaking_off_replaces_the_old_model_or_goes_on_from_it(table):
    X, Y = table
    model = features(warm_start=True).fit(X, Y)
    before = model.predict_proba(X)
    model.set_params(callbacks=[CutAt(6, KeyboardInterrupt)])
    with pytest.raises(KeyboardInterrupt, match="trains it further"):
        model.fit(X, Y)
    assert (model.predict_proba(X) != before).any()
    between = model.net_.module_.state_dict()
    model.set_params(callbacks=None, lr=1e-12, weight_decay=0.0, lr_schedule=None).fit(X, Y)
    for name, value in model.net_.module_.state_dict().items():
        torch.testing.assert_close(value, between[name], atol=1e-6, rtol=1e-6)


def test_a_process_that_is_killed_while_it_writes(tmp_path):
    expected = run("none", "never", 1)
    assert run(tmp_path, "replace 3", 1) is None
    assert run(tmp_path, "bytes 100000", 1) is None
    assert run(tmp_path, "never", 1) == expected


def test_another_network_is_refused(pictures, tmp_path):
    """Classes of one's own count by what they compute."""
    X, Y = pictures

    def make(width):
        torch.manual_seed(0)
        backbone = SmallCNN((width, width, width))
        return quick(backbone, image_size=None, callbacks=[CutAt()], checkpoint=tmp_path)

    make(8).fit(X, Y)
    make(8).fit(X, Y)
    with pytest.raises(ValueError, match="holds another fit .finished.: backbone was SmallCNN"):
        make(16).fit(X, Y)


def test_estimators_have_it_as_a_parameter():
    for estimator in (CTranClassifier, StandardMLP, ConceptBottleneck):
        assert estimator(checkpoint="here").get_params()["checkpoint"] == "here"
