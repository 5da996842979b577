"""scikit-learn's callbacks, which there are from version 1.9 on."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier, load
from sklearn_ctran._neural.distributed import Share
from sklearn_ctran._neural.fit_tasks import check_callbacks, epoch_tasks
from sklearn_ctran.baselines import LinearHead

callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")

QUICK = {"backbone": None, "max_epochs": 3, "batch_size": 8, "random_state": 0, "device": "cpu"}


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    return rng.randn(40, 6).astype(np.float32), rng.randint(2, size=(40, 3))


class Recorder:
    """Records what scikit-learn calls; stops training after `stop` epochs."""

    def __init__(self, stop=None):
        self.calls, self.scores, self.data, self.stop = [], [], [], stop

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.calls.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.calls.append(f"end {context.task_name} {context.task_id}")
        self.data.append((len(X), len(y), metadata))
        self.scores.append(fitted_estimator.score(X, y))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop


def test_the_tasks_of_a_fit(table):
    recorder = Recorder()
    model = CTranClassifier(**QUICK).set_callbacks(recorder).fit(*table)
    epochs = [f"{when} epoch {i}" for i in range(3) for when in ("begin", "end")]
    training = ["begin train 0", *epochs, "end train 0"]
    assert recorder.calls == ["setup", "begin fit 0", *training, "end fit 0", "teardown"]
    # Each epoch has the network of then, the fit the model with its memory.
    assert recorder.scores[-1] == model.score(*table)
    assert len(set(recorder.scores[:3])) == 3
    assert recorder.data == [(40, 40, None)] * 5


def test_sample_weights_are_metadata(table):
    recorder, weights = Recorder(), np.linspace(0.5, 1.5, 40)
    LinearHead(**QUICK).set_callbacks(recorder).fit(*table, sample_weight=weights)
    for _, _, metadata in recorder.data:
        np.testing.assert_array_equal(metadata["sample_weight"], weights)


def test_they_change_no_number(table):
    watched = CTranClassifier(**QUICK).set_callbacks(Recorder()).fit(*table)
    alone = CTranClassifier(**QUICK).fit(*table)
    np.testing.assert_array_equal(watched.predict_proba(table[0]), alone.predict_proba(table[0]))


def test_they_may_stop_training(table):
    recorder = Recorder(stop=2)
    model = CTranClassifier(**QUICK).set_callbacks(recorder).fit(*table)
    assert len(model.history_) == 2
    assert recorder.calls[-3:] == ["end train 0", "end fit 0", "teardown"]


def test_early_stopping_ends_the_tasks(table):
    X, Y = table
    params = QUICK | {"max_epochs": 40, "lr": 0.1, "early_stopping": True}
    recorder = Recorder()
    model = LinearHead(**params).set_callbacks(recorder).fit(X, Y)
    assert len(model.history_) < 40
    begun = [call.removeprefix("begin ") for call in recorder.calls if call.startswith("begin")]
    ended = [call.removeprefix("end ") for call in recorder.calls if call.startswith("end")]
    assert sorted(begun) == sorted(ended)


def test_a_fit_that_fails_tears_down(table):
    X, Y = table
    recorder = Recorder()
    model = LinearHead(**QUICK | {"lr": 1e30}).set_callbacks(recorder)
    with pytest.raises(ValueError):
        model.fit(X * 1e18, Y)
    assert recorder.calls[-1] == "teardown"
    assert not any(name.startswith("_callback") for name in vars(model))


def test_progress_bar_and_scoring_monitor(table, capsys):
    pytest.importorskip("rich")
    monitor = callback.ScoringMonitor(scoring="average_precision")
    bar = callback.ProgressBar(max_propagation_depth=None)
    LinearHead(**QUICK).set_callbacks(bar, monitor).fit(*table)
    assert "LinearHead - train #0" in capsys.readouterr().out
    rows = monitor.get_logs().data
    assert [row["task_name"] for row in rows] == ["fit", "train", "epoch", "epoch", "epoch"]
    assert all(0 < row["average_precision"] <= 1 for row in rows)


def test_pipelines_and_searches_pass_them_on(table, capsys):
    pytest.importorskip("rich")
    bar = callback.ProgressBar(max_propagation_depth=None)
    model = make_pipeline(StandardScaler(), LinearHead(**QUICK)).set_callbacks(bar)
    search = GridSearchCV(clone(model).set_callbacks(), {"linearhead__lr": [1e-3]}, cv=2)
    for each in (model, search.set_callbacks(bar)):
        each.fit(*table)
        assert "LinearHead - train" in capsys.readouterr().out


def test_they_are_not_saved(table, tmp_path):
    model = LinearHead(**QUICK).set_callbacks(Recorder()).fit(*table)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert not hasattr(again, "_skl_callbacks")
    np.testing.assert_array_equal(again.predict_proba(table[0]), model.predict_proba(table[0]))
    assert pickle.loads(pickle.dumps(clone(model)))._skl_callbacks


def test_several_processes_have_none():
    share = Share()
    share.n = 2
    model = LinearHead()
    check_callbacks(model, share)
    model.set_callbacks(Recorder())
    check_callbacks(model, Share())
    with pytest.raises(ValueError, match="2 processes train together"):
        check_callbacks(model, share)


def test_older_versions_have_none():
    assert epoch_tasks(object(), None, None, None) == {}
