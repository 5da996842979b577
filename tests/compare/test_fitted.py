"""Fitted methods of compare: what they are fitted with, and how they predict."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier, compare
from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain, MaskedLinear
from sklearn_ctran.metrics import (
    class_f1,
    mean_average_precision,
    overall_f1,
    partial_label_scorer,
)
from sklearn_ctran.model_selection import TunedThresholds

LOGISTIC = LogisticRegression(max_iter=1000)


def test_images_are_encoded_once_for_all_shares(table, scores, split, monkeypatch):
    X, Y = table
    model = CTranClassifier(d_model=8, n_layers=1, n_heads=2, max_epochs=1, random_state=0)
    encode, encoded = CTranClassifier.encode, []
    monkeypatch.setattr(
        CTranClassifier, "encode", lambda self, X: encoded.append(len(X)) or encode(self, X)
    )
    result = compare({"ctran": make_pipeline(StandardScaler(), model)}, X, Y, split=split)
    assert encoded == [50]
    monkeypatch.undo()
    fitted = make_pipeline(StandardScaler(), model).fit(X[:100], Y[:100])
    scorer = partial_label_scorer(mean_average_precision, 0.5)
    assert scores(result, "ctran")[2] == pytest.approx(scorer(fitted, X[100:], Y[100:]), abs=1e-6)


def test_a_metric_cannot_change_the_prediction_for_the_next_one(table, recorder, scores, split):
    X, Y = table

    def vandal(y_true, y_score, known_labels=None):
        y_score[:] = 0
        return 0.0

    with pytest.warns(UserWarning, match="read-only"):
        result = compare({"a": recorder(0.7)}, X, Y, split=split, metrics=[vandal, overall_f1])
    assert scores(result, "a", "overall_f1")[0] == overall_f1(Y[100:], np.ones(Y[100:].shape))


@pytest.mark.parametrize("wrap", ["search", "search of pipeline", "pipeline", "thresholds"])
def test_extra_labels_reach_wrapped_estimators(table, scores, split, wrap):
    X, Y = table
    Y, E = Y[:, :2], Y[:, 2:]
    linear, grid = MaskedLinear(random_state=0), {"random_state": [0]}
    piped = make_pipeline(StandardScaler(), linear)
    estimator = {
        "search": GridSearchCV(linear, grid, cv=KFold(2)),
        "search of pipeline": GridSearchCV(piped, {"maskedlinear__random_state": [0]}, cv=KFold(2)),
        "pipeline": piped,
        "thresholds": TunedThresholds(linear, cv=2),
    }[wrap]
    result = compare({"a": estimator}, X, Y, split=split, extra_labels=E, known_fractions=0)
    direct = linear if "pipeline" not in wrap else piped
    prefix = "" if direct is linear else "maskedlinear__"
    fitted = direct.fit(X[:100], Y[:100], **{f"{prefix}extra_labels": E[:100]})
    expected = [
        mean_average_precision(Y[100:], fitted.predict_proba(X[100:], extra_labels=extra))
        for extra in (None, E[100:])
    ]
    np.testing.assert_allclose([scores(result, "a")[i] for i in (0, 2)], expected)
    assert expected[0] != expected[1]


def test_thresholds_of_a_method_without_extra_labels_are_fitted_without(table, split):
    X, Y = table
    estimator = TunedThresholds(MultiOutputClassifier(LOGISTIC), cv=2)
    result = compare({"a": estimator}, X, Y[:, :2], split=split, extra_labels={"x": Y[:, 3]})
    assert not result.errors


def test_extra_labels_are_passed_to_a_frozen_estimator_that_has_learned_them(table, scores, split):
    X, Y = table
    chain = ClassifierChain(LOGISTIC)
    fitted = clone(chain).fit(X[:100], Y[:100, :2], extra_labels=Y[:100, 2:])
    pair = {"fitted": FrozenEstimator(fitted), "fit": chain}
    result = compare(pair, X, Y[:, :2], split=split, extra_labels=Y[:, 2:])
    assert scores(result, "fitted") == scores(result, "fit")
    assert len(set(scores(result, "fit")[:3])) == 3


def test_without_predict_proba_the_error_says_what_to_do(table, recorder, split):
    X, Y = table
    several = {"a": recorder(), "b": StandardScaler()}
    with pytest.warns(UserWarning, match="CalibratedClassifierCV"):
        compare(several, X, Y, split=split)


def test_a_frozen_estimator_of_other_labels_is_refused(table, split):
    X, Y = table
    frame = pd.DataFrame(Y, columns=list("abcd"))
    frozen = {
        "right": FrozenEstimator(BinaryRelevance(LOGISTIC).fit(X[:100], frame[:100])),
        "wrong": FrozenEstimator(BinaryRelevance(LOGISTIC).fit(X[:100], frame.iloc[:100, ::-1])),
    }
    with pytest.warns(
        UserWarning, match=r"'wrong' failed .* in another order .* y\['d', 'c', 'b', 'a'\]"
    ):
        result = compare(frozen, X, frame, split=split, known_fractions=0)
    assert set(result.errors) == {"wrong"}
    extra = {
        name: FrozenEstimator(BinaryRelevance(LOGISTIC).fit(X, Y, extra_labels={name: Y[:, 0]}))
        for name in ("right", "wrong")
    }
    with pytest.warns(UserWarning, match="'wrong' failed .* extra labels 'wrong'"):
        compare(extra, X, Y, extra_labels={"right": Y[:, 0]}, split=split)


def test_metrics_use_the_thresholds_of_the_method(table, scores, split):
    X, Y = table
    tuned = TunedThresholds(BinaryRelevance(LOGISTIC), cv=2, random_state=0)
    half = partial(class_f1, threshold=0.5)
    methods = {"at 0.5": BinaryRelevance(LOGISTIC), "tuned": make_pipeline(StandardScaler(), tuned)}
    metrics = {"CF1": class_f1, "CF1 at 0.5": half}
    result = compare(methods, X, Y, split=split, known_fractions=0, metrics=metrics)
    train, test = split
    fitted = methods["tuned"].fit(X[train], Y[train])
    expected = class_f1(Y[test], fitted.predict(X[test]).astype(float))
    assert scores(result, "tuned", "CF1") == [pytest.approx(expected, abs=1e-12)]
    assert scores(result, "tuned", "CF1 at 0.5") != scores(result, "tuned", "CF1")
    assert scores(result, "at 0.5", "CF1 at 0.5") == scores(result, "at 0.5", "CF1")
