"""compare: the same folds, the same known labels, one table."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.multioutput import MultiOutputClassifier

from sklearn_ctran import compare
from sklearn_ctran.baselines import ClassifierChain
from sklearn_ctran.metrics import (
    mean_average_precision,
    one_error,
    partial_label_scorer,
)
from sklearn_ctran.model_selection import MultilabelStratifiedKFold

LOGISTIC = LogisticRegression(max_iter=1000)


def test_scores_are_those_of_cross_validate_with_partial_label_scorer(table, methods, split):
    X, Y = table
    result = compare(methods, X, Y, cv=3, known_fractions=(0, 0.5), random_state=7)
    folds = list(MultilabelStratifiedKFold(3, shuffle=True, random_state=7).split(X, Y))
    for name, estimator in methods.items():
        for fraction in (0, 0.5):
            scorer = partial_label_scorer(mean_average_precision, fraction, random_state=7)
            expected = cross_validate(estimator, X, Y, cv=folds, scoring=scorer)["test_score"]
            got = [
                run["score"]
                for run in result.runs
                if (run["method"], run["known_fraction"]) == (name, fraction)
            ]
            np.testing.assert_array_equal(got, expected)


def test_every_method_is_fitted_once_and_scored_on_the_same_entries(table, recorder, split, calls):
    X, Y = table
    seen = []

    def spy(y_true, y_score, known_labels=None):
        seen.append((y_true, known_labels))
        return 0.0

    pair = {"takes": recorder(), "not": MultiOutputClassifier(LOGISTIC)}
    compare(pair, X, Y, split=split, metrics=spy)
    assert [call[0] for call in calls] == ["fit", *["predict"] * 4]
    for ours, other in zip(seen[:4], seen[4:], strict=True):
        np.testing.assert_array_equal(ours, other)
    n_known = [(known >= 0).sum(axis=1) for _, known in seen[:4]]
    np.testing.assert_array_equal(n_known, np.repeat([[0], [1], [2], [3]], 50, axis=1))
    for (_, known), call in zip(seen[1:4], calls[2:], strict=True):
        np.testing.assert_array_equal(call[1], known)


def test_data_frames_lists_and_masks(table, methods, split):
    X, Y = table
    expected = compare(methods, X, Y, split=split).rows
    frame = pd.DataFrame(Y, columns=list("abcd"))
    masks = np.arange(150) < 100, np.arange(150) >= 100
    for y, rows in ((frame, split), (Y.tolist(), list(split)), (Y, masks)):
        rows = compare(list(methods.items()), pd.DataFrame(X), y, split=rows).rows
        assert [row["mean"] for row in rows] == [row["mean"] for row in expected]


def test_five_folds_and_the_paper_s_shares_are_the_defaults(table):
    X, Y = table
    result = compare({"a": MultiOutputClassifier(LOGISTIC)}, X, Y)
    assert result.n_runs == 5 and result.metrics == ["mAP"]
    assert [row["known_fraction"] for row in result.rows] == [0, 0.25, 0.5, 0.75]


def test_jobs_change_nothing(table, methods):
    X, Y = table
    random = {**methods, "random": ClassifierChain(LOGISTIC, order="random")}
    one = compare(random, X, Y, cv=2)
    with parallel_config(backend="threading"):  # Starting processes takes long.
        two = compare(random, X, Y, cv=2, n_jobs=2)
    seconds = ("fit_seconds", "predict_seconds")
    for a, b in zip(one.runs, two.runs, strict=True):
        assert {**a, **dict.fromkeys(seconds)} == {**b, **dict.fromkeys(seconds)}


def test_classes(table, scores, split):
    X, Y = table
    species = np.array(["crow", "owl", "wren"])[Y[:, 0] + Y[:, 1]]
    pair = {"plain": LOGISTIC, "chain": ClassifierChain(LOGISTIC)}
    E = Y[:, 2:]
    result = compare(pair, X, species, split=split, extra_labels=E, metrics=["accuracy", one_error])
    plain = LOGISTIC.fit(X[:100], species[:100]).score(X[100:], species[100:])
    assert scores(result, "plain", "accuracy") == [plain] * 3
    chain = ClassifierChain(LOGISTIC).fit(X[:100], species[:100], extra_labels=E[:100])
    right = chain.predict(X[100:], extra_labels=E[100:]) == species[100:]
    assert scores(result, "chain", "accuracy")[2] == right.mean()
    np.testing.assert_allclose(scores(result, "plain", "one_error"), 1 - plain)
    assert result.losses == {"one_error"}
    assert compare(pair, X, species, cv=2).metrics == ["accuracy"]


def test_interrupts_are_no_failures(table, recorder, split, monkeypatch):
    X, Y = table

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "predict_proba", interrupt)
    with pytest.raises(KeyboardInterrupt):
        compare({"a": recorder()}, X, Y, split=split)


def test_progress_says_what_is_done_and_a_line_for_each_fit(table, recorder, split, capsys):
    X, Y = table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare({"a": recorder(), "b": recorder("fail in fit")}, X, Y, split=split, verbose=1)
    lines = re.split(r"[\r\n]+", capsys.readouterr().err)
    expected = r"'a', seed 0, fold 0: fit \d+\.\d s, predict \d+\.\d\d s"
    assert sum(bool(re.fullmatch(expected, line)) for line in lines) == 1
    assert lines.count("'b', seed 0, fold 0: failed: ValueError: no fit") == 1
    bars = [line for line in lines if line.startswith("compare: ")]
    # The first says what is being fitted, before it is.
    assert "0/2" in bars[0] and "'a', seed 0, fold 0" in bars[0]
    assert "2/2" in bars[-1]


def test_nothing_is_printed_by_default(table, recorder, split, capsys):
    compare({"a": recorder()}, *table, split=split)
    assert capsys.readouterr() == ("", "")


def test_warnings_of_metrics_name_the_labels(table, methods):
    X, Y = table
    Y = pd.DataFrame(Y, columns=["cat", "dog", "cow", "owl"])
    Y.loc[120:, "dog"] = 0
    with pytest.warns(UserWarning, match=r"'.*', '.*': .*Label\(s\) 'dog' have no pos") as caught:
        compare(methods, X, Y, split=(np.arange(120), np.arange(120, 150)), known_fractions=0)
    assert len(caught) == 1
