"""The schedule of the learning rate, and the estimate of the time."""

import re
import time

import numpy as np
import pytest
from skorch.callbacks import Callback

from sklearn_ctran import CTranClassifier
from sklearn_ctran._neural import callbacks
from sklearn_ctran.baselines import LinearHead

QUICK = {"backbone": None, "max_epochs": 6, "batch_size": 8, "random_state": 0, "device": "cpu"}


class Slow(Callback):
    def on_batch_begin(self, net, training=False, **kwargs):
        if training:
            time.sleep(0.02)


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    return rng.randn(40, 6).astype(np.float32), rng.randint(2, size=(40, 3))


def test_the_time_of_training_is_said_after_some_steps(table, capsys):
    params = QUICK | {"max_epochs": 200, "callbacks": [Slow()]}
    with pytest.raises(KeyboardInterrupt):
        LinearHead(verbose=1, **params | {"callbacks": [Slow(), StopAfter(7)]}).fit(*table)
    said = re.findall(
        r"Training takes about (\d+) s: 200 epochs of 5 steps, (\S+) s a step\.\n",
        capsys.readouterr().out,
    )
    ((seconds, step),) = said
    # 1,000 steps of at least 0.02 s each.
    assert int(seconds) >= 20
    assert float(step) >= 0.02
    assert int(seconds) == pytest.approx(1000 * float(step), rel=0.06)


class StopAfter(Callback):
    def __init__(self, n_steps):
        self.n_steps = n_steps

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_steps -= training
        if not self.n_steps:
            raise KeyboardInterrupt


def test_one_long_step_is_enough(table, monkeypatch, capsys):
    monkeypatch.setattr(callbacks, "_ENOUGH_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        LinearHead(verbose=1, callbacks=[StopAfter(1)], **QUICK).fit(*table)
    assert "6 epochs of 5 steps" in capsys.readouterr().out


def test_nothing_is_said_where_it_would_not_help(table, capsys):
    LinearHead(verbose=0, **QUICK).fit(*table)
    assert capsys.readouterr().out == ""
    # Five steps are over before their time is known.
    CTranClassifier(verbose=1, **QUICK | {"max_epochs": 1}).fit(*table)
    assert "Training takes" not in capsys.readouterr().out


def test_training_that_may_stop_early_takes_at_most_so_long(table, capsys):
    LinearHead(verbose=1, early_stopping=True, validation_fraction=0.2, **QUICK).fit(*table)
    assert "Training takes at most about 1 s: 6 epochs of 4 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59.4, "59 s"), (60, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_lengths_of_time(seconds, text):
    assert callbacks._as_text(seconds) == text
