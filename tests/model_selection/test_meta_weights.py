"""Sample weights of TunedThresholds and MultilabelCalibrator."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import KFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran.model_selection import (
    MultilabelCalibrator,
    TunedThresholds,
)


@pytest.mark.parametrize(
    "kind, params",
    [
        (TunedThresholds, {}),
        (TunedThresholds, {"metric": "micro_f1"}),
        (TunedThresholds, {"metric": "cost", "costs": (1, 3)}),
        (TunedThresholds, {"metric": "precision", "floor": 0.7}),
        (TunedThresholds, {"metric": "recall", "floor": 0.6}),
        (MultilabelCalibrator, {}),
        (MultilabelCalibrator, {"method": "isotonic"}),
        (MultilabelCalibrator, {"method": "temperature"}),
        (MultilabelCalibrator, {"ensemble": True}),
    ],
)
def test_weights_are_repetitions(table, kind, params, by_label):
    """Of rows in the same fold; of labels, of which scikit-learn's check has none."""
    model = kind(by_label, **params)
    X, Y = table[0].astype(np.float64), table[1]
    weight = np.random.RandomState(0).randint(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    folds = [*KFold(3).split(X)]
    of_repeated = [tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds]
    repeated = clone(model).set_params(cv=of_repeated).fit(X[rows], Y[rows])
    weighted = clone(model).set_params(cv=folds).fit(X, Y, sample_weight=weight)
    decision = weighted.decision_function(X)
    np.testing.assert_allclose(decision, repeated.decision_function(X), rtol=1e-6, atol=1e-9)
    plain = model.set_params(cv=folds).fit(X, Y)
    assert np.abs(decision - plain.decision_function(X)).max() > 1e-3


def test_weights_reach_the_last_step_of_pipelines(table, meta, by_label):
    X, Y = table
    weight = np.random.RandomState(0).random_sample(240)
    expected = meta(by_label, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    pipeline = make_pipeline("passthrough", make_pipeline("passthrough", by_label))
    model = meta(pipeline, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(model.decision_function(X), expected.decision_function(X))


@pytest.mark.parametrize("cv", [2, KFold(3)])
def test_weight_0_is_as_if_left_out(table, meta, cv, by_label):
    X, Y = table[0].astype(np.float64), table[1]
    kept = np.arange(240) % 3 > 0
    model = meta(by_label, cv=cv, random_state=0)
    weighted = clone(model).fit(X, Y, sample_weight=kept)
    model.fit(X[kept], Y[kept])
    expected = model.decision_function(X)
    np.testing.assert_allclose(weighted.decision_function(X), expected, rtol=1e-6, atol=1e-9)


def test_weights_of_a_fitted_estimator_count_in_what_is_learned(given, entries, meta):
    proba, truth = entries
    model = meta(given, cv="prefit").fit(proba, truth, sample_weight=truth[:, 0] * 4 + 1)
    plain = meta(given, cv="prefit").fit(proba, truth)
    assert np.abs(model.decision_function(proba) - plain.decision_function(proba)).max() > 0.1


def test_weights_with_metadata_routing(table, meta, by_label):
    X, Y = table
    weight = np.random.RandomState(0).random_sample(240)
    expected = meta(by_label, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        inner = MultiOutputClassifier(GaussianNB().set_fit_request(sample_weight=True))
        pipeline = make_pipeline(inner)
        model = meta(pipeline, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X))


def test_weights_reach_c_tran(table, meta, small):
    X, Y = table
    weight = np.where(np.arange(240) % 3, 0.2, 5.0)
    plain, weighted = (
        meta(small, cv=2, random_state=0).fit(X, Y, sample_weight=each) for each in (None, weight)
    )
    alone = clone(small).fit(X, Y, sample_weight=weight)
    inner = weighted.estimator_.predict_proba(X)
    np.testing.assert_array_equal(inner, alone.predict_proba(X))
    assert not np.allclose(inner, plain.estimator_.predict_proba(X), atol=1e-3)


def test_weights_that_cannot_be_used(table, meta, by_label):
    X, Y = table
    weight = np.ones(240)
    pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier())
    for estimator in (KNeighborsClassifier(), pipeline):
        with pytest.raises(TypeError, match=r"sample_weight is given, but \w+\.fit does not take"):
            meta(estimator, cv=2).fit(X, Y, sample_weight=weight)
    with pytest.raises(ValueError, match="does not support sample weights"):
        meta(MultiOutputClassifier(KNeighborsClassifier()), cv=2).fit(X, Y, sample_weight=weight)
    for wrong, message in (
        (-weight, "[Nn]egative"),
        (weight[1:], "shape"),
        (np.where(np.arange(240) == 7, np.nan, weight), "NaN"),
        (0 * weight, "zero|empty"),
    ):
        with pytest.raises(ValueError, match=message):
            meta(by_label, cv=2).fit(X, Y, sample_weight=wrong)
