"""The schedule of the learning rate is tested with the classifier; here: scores and progress."""

import io
import pickle
import re
import sys

import numpy as np
import pytest
from skorch.callbacks import Callback

from sklearn_ctran import CTranClassifier, load
from sklearn_ctran._neural import callbacks
from sklearn_ctran.baselines import LinearHead
from sklearn_ctran.metrics import mean_average_precision

QUICK = {"backbone": None, "max_epochs": 6, "batch_size": 8, "random_state": 0, "device": "cpu"}


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    return rng.randn(40, 6).astype(np.float32), rng.randint(2, size=(40, 3))


class StopAfter(Callback):
    def __init__(self, n_steps):
        self.n_steps = n_steps

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_steps -= training
        if not self.n_steps:
            raise KeyboardInterrupt


def test_progress_of_training_is_on_standard_error(table, capsys):
    LinearHead(verbose=1, **QUICK).fit(*table)
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("training: 100% 30/30 [")
    assert re.search(r", loss=[\d.]+, epoch=6/6\]$", line)


def test_a_terminal_has_a_bar(table, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    CTranClassifier(verbose=1, **QUICK).fit(*table)
    shown = sys.stderr.getvalue()
    assert "30/30" in shown and "\r" in shown


def test_progress_of_training_with_a_validation_part(table, capsys):
    model = LinearHead(verbose=1, early_stopping=True, validation_fraction=0.2, **QUICK).fit(*table)
    (line,) = capsys.readouterr().err.splitlines()
    for key, name in {"valid_mAP": "mAP", "train_loss": "loss", "valid_loss": "valid_loss"}.items():
        (shown,) = re.findall(rf" {name}=([^,\]]+)", line)
        assert float(shown) == pytest.approx(model.history_[-1][key], rel=0.01)
    assert line.index(" mAP=") < line.index(" loss=") < line.index("epoch=")


def test_an_interrupted_fit_says_how_far_it_came(table, capsys):
    with pytest.raises(KeyboardInterrupt):
        LinearHead(verbose=1, callbacks=[StopAfter(7)], **QUICK).fit(*table)
    assert "6/30" in capsys.readouterr().err


def test_nothing_is_said_by_default(table, capsys):
    model = LinearHead(early_stopping=True, **QUICK).fit(*table)
    model.predict(table[0])
    assert capsys.readouterr() == ("", "")


def test_the_fitted_net_has_no_bar(table):
    model = LinearHead(verbose=1, **QUICK).fit(*table)
    names = [name for name, _ in model.net_.callbacks_]
    assert "progress" not in names and "keep_progress" not in names
    assert all(name != "progress" for name, _ in model.net_.callbacks)


@pytest.fixture(scope="module")
def talkative():
    """A model of images that is fitted with verbose=1, and its images."""
    rng = np.random.RandomState(0)
    X, Y = rng.randint(256, size=(12, 12, 12, 3), dtype=np.uint8), rng.randint(2, size=(12, 2))
    params = {"image_size": None, "train_backbone": False, "cache": None, "memory": None}
    model = CTranClassifier(**QUICK | params | {"backbone": "small", "verbose": 1})
    return model.fit(X, Y), X


def test_predictions_of_a_fitted_model_show_progress(talkative, capsys):
    model, X = talkative
    model.predict(X)
    out, err = capsys.readouterr()
    assert out == "" and "image tokens: 100% 12/12" in err


def test_a_loaded_model_is_silent(talkative, capsys, tmp_path):
    model, X = talkative
    model.save(tmp_path / "model")
    for again in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert again.verbose == 1
        again.predict(X)
        assert capsys.readouterr() == ("", "")
        again.set_params(verbose=1).predict(X)
        assert "12/12" in capsys.readouterr().err


def test_a_loaded_model_speaks_when_it_is_fitted_again(talkative, capsys):
    model, X = talkative
    again = pickle.loads(pickle.dumps(model)).fit(X, np.eye(12, 2))
    assert "training" in capsys.readouterr().err
    again.predict(X)
    assert "12/12" in capsys.readouterr().err


def test_validation_scores(table):
    X, Y = table
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, dataset_valid=None, **kwargs):
            rows = dataset_valid.rows
            seen.append((rows, model_of(net)))

    def model_of(net):
        return pickle.loads(pickle.dumps(net.module_))

    Y = Y.astype(float)
    Y[::5, 1] = np.nan
    model = CTranClassifier(
        early_stopping=True, validation_fraction=0.4, callbacks=[Watch()], memory=None, **QUICK
    ).fit(X, Y)
    scores = [epoch["valid_mAP"] for epoch in model.history_]
    assert len(scores) == len(model.history_) and len(set(scores)) > 1
    # Where training stops early, skorch 1.1 ends the epoch before the last callback.
    for (rows, module), score in zip(seen, scores[: max(len(seen), len(scores) - 1)], strict=True):
        model.net_.module_ = module
        proba = model.predict_proba(X[rows])
        assert score == pytest.approx(mean_average_precision(np.nan_to_num(Y, nan=-1)[rows], proba))


def test_scores_of_classes_and_of_nothing(table):
    X, Y = table
    model = CTranClassifier(early_stopping=True, **QUICK).fit(X, Y[:, 0])
    assert all(0 <= epoch["valid_accuracy"] <= 1 for epoch in model.history_)
    assert "valid_mAP" not in model.history_[0]
    negative = np.zeros((3, 2), dtype=np.int8)
    assert np.isnan(callbacks._mean_precision(negative, np.ones((3, 2))))
    assert np.isnan(callbacks._accuracy(negative, np.ones((3, 2))))


def test_scores_draw_no_random_numbers(table, monkeypatch):
    from sklearn_ctran._neural.callbacks import ValidationScore

    params = QUICK | {"early_stopping": True}
    with_scores = CTranClassifier(**params).fit(*table)
    monkeypatch.setattr(ValidationScore, "on_epoch_end", lambda *args, **kwargs: None)
    without = CTranClassifier(**params).fit(*table)
    assert "valid_mAP" not in without.history_[0]
    np.testing.assert_array_equal(
        with_scores.predict_proba(table[0]), without.predict_proba(table[0])
    )


def test_without_a_validation_part_there_is_no_score(table):
    model = CTranClassifier(**QUICK).fit(*table)
    assert not any(name.startswith("valid") for name in model.history_[0])
