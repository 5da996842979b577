"""scikit-learn's callbacks (from version 1.9 on) see the folds. Tests of _utils/fit_tasks.py."""

import numpy as np
import pytest

from sklearn_ctran.baselines import LinearHead

callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
pytest.importorskip("rich")


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(60, 4).astype(np.float32)
    return X, (X[:, :2] + rng.randn(60, 2) > 0).astype(int)


@pytest.fixture
def head():
    return LinearHead(backbone=None, max_epochs=2, random_state=0, device="cpu")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_folds_and_the_last_fit_are_tasks(table, meta, head, n_jobs, capsys):
    bar = callback.ProgressBar(max_propagation_depth=None)
    name = meta.__name__
    alone = meta(head, cv=2, random_state=0).fit(*table)
    watched = meta(head, cv=2, random_state=0, n_jobs=n_jobs).set_callbacks(bar).fit(*table)
    shown = capsys.readouterr().out
    for task in ("fit-fold | LinearHead - fit #0", "fit-fold | LinearHead - fit #1"):
        assert f"{name} - {task}" in shown
    assert f"{name} - fit-all | LinearHead - fit #2" in shown
    assert shown.count("LinearHead - train #0") >= 3
    np.testing.assert_array_equal(watched.predict_proba(table[0]), alone.predict_proba(table[0]))
    assert not hasattr(watched.estimator_, "_skl_callbacks")


def test_scores_of_the_meta_estimator(table, meta, head):
    monitor = callback.ScoringMonitor(scoring="average_precision")
    model = meta(head, cv=2, random_state=0).set_callbacks(monitor).fit(*table)
    (row,) = monitor.get_logs().data
    assert row["task_name"] == "fit"
    assert 0.5 < row["average_precision"] <= 1
    assert model.label_names_.tolist() == [0, 1]


def test_a_fit_that_fails_tears_down(table, meta, head, capsys):
    model = meta(head.set_params(lr=1e30), cv=2)
    model.set_callbacks(callback.ProgressBar())
    with pytest.raises(ValueError):
        model.fit(table[0] * 1e18, table[1])
    assert not any(name.startswith("_callback") for name in vars(model))
