"""What pipelines, searches and FrozenEstimator end in, fitted or not."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ctran._unwrap import fit_target, unwrap

MODEL = LogisticRegression()
DOUBLE = FunctionTransformer(lambda X: 2 * X)


def search(estimator, **params):
    return GridSearchCV(estimator, {}, cv=2, **params)


@pytest.mark.parametrize(
    ("estimator", "prefix", "is_split"),
    [
        (MODEL, "", False),
        (make_pipeline(DOUBLE, make_pipeline(MODEL)), "pipeline__logisticregression__", False),
        (search(make_pipeline(DOUBLE, MODEL)), "logisticregression__", True),
        (make_pipeline(DOUBLE, search(MODEL)), "gridsearchcv__", True),
        (search(MODEL, refit=False), "", True),
    ],
)
def test_wrappers_that_are_not_fitted(estimator, prefix, is_split):
    assert unwrap(estimator) == (MODEL, None)
    assert fit_target(estimator) == (MODEL, prefix, is_split)


def test_a_frozen_estimator_is_not_fitted_with_anything():
    frozen = FrozenEstimator(search(MODEL))
    assert unwrap(frozen) == (MODEL, None)
    assert fit_target(make_pipeline(frozen)) == (frozen, "frozenestimator__", False)


def test_what_has_a_threshold_of_its_own_is_not_opened():
    tuned = TunedThresholdClassifierCV(MODEL)
    assert unwrap(make_pipeline(tuned))[0] is tuned


@pytest.mark.parametrize(
    "wrapped",
    [
        search(make_pipeline(DOUBLE, LogisticRegression())),
        make_pipeline(DOUBLE, search(LogisticRegression())),
    ],
)
def test_a_fitted_search_holds_the_refitted_estimator(wrapped):
    X, y = np.arange(8.0)[:, None], np.arange(8) % 2
    wrapped.fit(X, y)
    for estimator in (wrapped, FrozenEstimator(wrapped)):
        inner, inputs = unwrap(estimator, X)
        np.testing.assert_array_equal(inputs, 2 * X)
        np.testing.assert_array_equal(inner.predict_proba(inputs), wrapped.predict_proba(X))
