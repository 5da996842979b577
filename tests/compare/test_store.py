"""Results of finished tasks on disk."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_ctran import compare
from sklearn_ctran._compare import store
from sklearn_ctran._compare.store import Store
from sklearn_ctran.metrics import hamming_loss, overall_f1

GUESS = DummyClassifier(strategy="prior")
OTHER = DummyClassifier(strategy="uniform")


@pytest.fixture
def fits(monkeypatch):
    """Names of the methods that were fitted, in order."""
    names, run_task = [], store.run_task

    def spy(task, samples, evaluation):
        names.append(task.name)
        return run_task(task, samples, evaluation)

    monkeypatch.setattr(store, "run_task", spy)
    return names


def test_finished_tasks_are_not_repeated(table, fits, tmp_path):
    more = {"cv": 2, "results_dir": tmp_path}
    first = compare({"a": GUESS}, *table, **more)
    assert len(list(tmp_path.glob("*.json"))) == len(list(tmp_path.iterdir())) == 2
    second = compare({"a": GUESS, "b": OTHER}, *table, **more)
    assert [run for run in second.runs if run["method"] == "a"] == first.runs
    assert fits == ["a", "a", "b", "b"]
    assert {json.loads(path.read_text())["method"] for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_method_of_another_name_is_recognised(table, split, scores, fits, tmp_path):
    first = compare({"a": GUESS}, *table, split=split, results_dir=tmp_path)
    again = compare({"b/c": GUESS}, *table, split=split, results_dir=tmp_path)
    assert fits == ["a"]
    assert scores(again, "b/c") == scores(first, "a")


@pytest.mark.parametrize(
    "change",
    ["X", "y", "extra", "parameter", "seed", "shares", "extra shares", "metric", "rows", "draws"],
)
def test_another_task_is_not_taken_for_a_finished_one(table, split, fits, tmp_path, change):
    X, Y = table
    arguments = {
        "estimators": {"a": GUESS}, "X": X, "y": Y[:, :2], "extra_labels": Y[:, 2:],
        "split": split, "results_dir": tmp_path,
    }  # fmt: skip
    compare(**arguments)
    compare(**arguments)
    assert fits == ["a"]
    other = {
        "X": {"X": np.where(np.arange(150) == 149, X[::-1].T, X.T).T},
        "y": {"y": np.where(np.arange(150) == 0, 1 - Y[:, :2].T, Y[:, :2].T).T},
        "extra": {"extra_labels": pd.DataFrame(Y[:, 2:], columns=["x", "y"])},
        "parameter": {"estimators": {"a": OTHER}},
        "seed": {"random_state": 1},
        "shares": {"known_fractions": (0, 0.25, 0.5, 0.7)},
        "extra shares": {"extra_known_fractions": (0, 0.5, 0.9)},
        "metric": {"metrics": {"mAP": overall_f1}},
        "rows": {"split": (split[0], split[1][:-1])},
        "draws": {"n_draws": 2},
    }[change]
    compare(**{**arguments, **other})
    assert fits == ["a", "a"]


def test_failures_are_tried_again(table, split, fits, tmp_path):
    several = {"a": GUESS, "b": LogisticRegression()}
    for _ in range(2):
        with pytest.warns(UserWarning, match="'b' failed"):
            result = compare(several, *table, split=split, results_dir=tmp_path)
        assert len(result.errors["b"]) == 1
    assert fits == ["a", "b", "b"]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_a_damaged_file_is_no_result(table, split, scores, fits, tmp_path, damage):
    more = {"split": split, "results_dir": tmp_path, "metrics": hamming_loss}
    first = compare({"a": GUESS}, *table, **more)
    (path,) = tmp_path.iterdir()
    text = path.read_text()
    damaged = {"cut": text[:-100], "changed": text.replace('"score": 0.', '"score": 1.')}
    assert damaged.get(damage) != text
    path.write_text(damaged.get(damage, "[1]"))
    assert scores(compare({"a": GUESS}, *table, **more), "a") == scores(first, "a")
    assert fits == ["a", "a"]


def test_a_result_that_cannot_be_written_leaves_no_file(tmp_path):
    with pytest.raises(TypeError):
        Store(tmp_path / "new").save("a", "key", {"rows": [object()]})
    assert not list((tmp_path / "new").iterdir())
    Store(tmp_path).save("a b", "key", {"rows": [1]})
    assert Store(tmp_path).load("key") == {"rows": [1]}
    assert Store(tmp_path).load("other") is None


def test_an_unrecognisable_method_is_fitted_in_each_call(table, recorder, split, fits, tmp_path):
    for _ in range(2):
        with pytest.warns(UserWarning, match="cannot recognise the method 'a' in") as caught:
            compare({"a": recorder(), "b": GUESS}, *table, split=split, results_dir=tmp_path)
        assert len(caught) == 1 and caught[0].filename == __file__
    assert fits == ["a", "b", "a"]
    assert len(list(tmp_path.iterdir())) == 1


def test_with_an_unrecognisable_metric_all_methods_are(table, split, fits, tmp_path):
    metrics = {"mine": lambda y_true, y_score, known_labels=None: 0.0, "OF1": "OF1"}
    for _ in range(2):
        with pytest.warns(UserWarning, match="recognise the metric 'mine' in.*installed package"):
            compare({"a": GUESS}, *table, split=split, metrics=metrics, results_dir=tmp_path)
    assert fits == ["a", "a"]
    assert not list(tmp_path.iterdir())
