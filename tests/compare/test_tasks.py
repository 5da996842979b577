"""Tasks of compare: seeds, draws of known labels, scores of one fit."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from sklearn_ctran import compare
from sklearn_ctran.metrics import (
    class_f1,
    overall_f1,
)

LOGISTIC = LogisticRegression(max_iter=1000)


def test_scores_are_means_over_draws_of_known_labels(
    table, recorder, scores, methods, split, calls
):
    X, Y = table
    more = {"split": split, "known_fractions": (0, 0.5)}
    result = compare({"multi": MultiOutputClassifier(LOGISTIC)}, X, Y, n_draws=3, **more)
    expected = [
        compare({"multi": MultiOutputClassifier(LOGISTIC)}, X, Y, random_state=seed, **more)
        for seed in (0, 1_000_003, 2_000_006)
    ]
    means = np.mean([scores(each, "multi") for each in expected], axis=0)
    np.testing.assert_allclose(scores(result, "multi"), means, rtol=1e-12)
    assert len({scores(each, "multi")[1] for each in expected}) > 1
    compare({"recorder": recorder()}, X, Y, extra_labels=Y, n_draws=3, split=split)
    known = [call[1:] for call in calls if call[0] == "predict"]
    # Nothing is drawn if nothing is known, or all extra labels are.
    assert len(known) == 2 + 3 + 3 * 3 * 3
    with pytest.raises(ValueError, match="n_draws must be an integer above 0, got 0"):
        compare(methods, X, Y, n_draws=0)


def test_missing_entries_are_neither_known_nor_scored(table, scores, methods, split):
    X, Y = table
    gaps = Y.astype(float)
    gaps[::3, 1] = np.nan
    seen = []

    def spy(y_true, y_score, known_labels=None):
        seen.append((y_true, known_labels))
        return 0.0

    with pytest.warns(UserWarning, match="'multi' failed in 1 of 1 runs.*\\n?.*NaN"):
        result = compare(methods, X, gaps, split=split, metrics=spy)
    assert set(result.errors) == {"multi"}
    assert scores(result, "chain") == [0.0] * 4
    for truth, known in seen:
        missing = np.isnan(gaps[100:])
        assert ((truth == -1) == missing).all() and (known[missing] == -1).all()


def test_several_metrics_of_one_prediction(table, recorder, scores, split, calls):
    X, Y = table
    metrics = {"mine": class_f1, "OF1": "OF1"}
    result = compare({"a": recorder(0.7)}, X, Y, split=split, metrics=metrics, known_fractions=0)
    assert [call[0] for call in calls] == ["fit", "predict"]
    ones = np.ones(Y[100:].shape)
    assert scores(result, "a") == [class_f1(Y[100:], ones), overall_f1(Y[100:], ones)]
    assert [run["metric"] for run in result.runs] == ["mine", "OF1"]


def test_each_seed_has_its_folds_its_known_labels_and_its_estimator(table, recorder, calls):
    X, Y = table
    seen = []

    def spy(y_true, y_score, known_labels=None):
        seen.append(known_labels)
        return 0.0

    estimator = recorder(random_state=5, inner=recorder())
    result = compare(
        {"a": estimator}, X, Y, cv=2, random_state=[1, 2], known_fractions=0.5, metrics=spy
    )
    fits = [call for call in calls if call[0] == "fit"]
    assert [call[1] for call in fits] == [1, 1, 2, 2]
    assert [call[2].random_state for call in fits] == [1, 1, 2, 2]
    assert estimator.random_state == 5 and estimator.inner.random_state is None
    assert [(run["seed"], run["fold"]) for run in result.runs] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert result.n_runs == 4 and result.rows[0]["n"] == 4
    assert (seen[0] != seen[2]).any()


def test_one_seed_sets_only_what_is_not_set(table, recorder, split, calls):
    X, Y = table
    compare({"a": recorder(random_state=5, inner=recorder())}, X, Y, split=split, random_state=3)
    assert calls[0][1] == 5 and calls[0][2].random_state == 3


def test_extra_labels_are_passed_to_methods_that_take_them(table, recorder, scores, split, calls):
    X, Y = table
    Y, E = Y[:, :2], pd.DataFrame(Y[:, 2:], columns=["x", "y"]).astype(float)
    E.loc[100, "x"] = np.nan
    pair = {"takes": recorder(), "not": MultiOutputClassifier(LOGISTIC)}
    result = compare(
        pair, X, Y, split=split, extra_labels=E, extra_known_fractions=(0, 0.5, 1),
        known_fractions=(0, 0.5),
    )  # fmt: skip
    assert not result.errors
    fitted = calls[0][3]
    np.testing.assert_array_equal(fitted["x"], E["x"][:100])
    known = [call[2] for call in calls[1:]]
    assert known[0] is None and known[3] is None
    states = E[100:].fillna(-1)
    np.testing.assert_array_equal(known[2], states)
    assert ((known[1] >= 0).sum(axis=1) == (states >= 0).sum(axis=1) // 2).all()
    np.testing.assert_array_equal(known[1], known[4])
    assert (known[1][known[1] >= 0] == states.to_numpy()[known[1] >= 0]).all()
    # They are not known at the same places as the targets.
    assert ((known[4] >= 0) != (calls[5][1] >= 0)).any()
    assert [row["extra_known_fraction"] for row in result.rows[:3]] == [0, 0.5, 1]
    assert len(set(scores(result, "not"))) == 2


def test_a_metric_that_fails_leaves_the_others_unharmed(table, recorder, scores, split):
    X, Y = table

    def by_label(y_true, y_score, known_labels=None):
        return np.zeros(4)

    with pytest.warns(UserWarning, match="one number"):
        result = compare({"a": recorder()}, X, Y, split=split, metrics=[by_label, overall_f1])
    assert len(scores(result, "a", "overall_f1")) == 4 and not scores(result, "a", "by_label")
    assert "known_fraction 0.75, metric by_label" in result.errors["a"][3]
