"""What pipelines, searches and FrozenEstimator end in, fitted or not."""

import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ctran import CTranClassifier
from sklearn_ctran._adapters.unwrap import fit_arguments, unwrap

MODEL = LogisticRegression()
DOUBLE = FunctionTransformer(lambda X: 2 * X)


def search(estimator, **params):
    return GridSearchCV(estimator, {}, cv=2, **params)


@pytest.mark.parametrize(
    ("estimator", "prefix"),
    [
        (MODEL, ""),
        (make_pipeline(DOUBLE, make_pipeline(MODEL)), "pipeline__logisticregression__"),
        (search(make_pipeline(DOUBLE, MODEL)), "logisticregression__"),
        (make_pipeline(DOUBLE, search(MODEL)), "gridsearchcv__"),
        (search(MODEL, refit=False), ""),
    ],
)
def test_wrappers_that_are_not_fitted(estimator, prefix):
    assert unwrap(estimator) == (MODEL, None)
    assert fit_arguments(estimator, sample_weight=3) == {f"{prefix}sample_weight": 3}
    with sklearn.config_context(enable_metadata_routing=True):
        assert fit_arguments(estimator, sample_weight=3) == {"sample_weight": 3}
    with pytest.raises(TypeError, match="extra_labels is given, but LogisticRegression.fit does"):
        fit_arguments(estimator, extra_labels={"c": [1, 0]})


def test_a_frozen_estimator_is_not_fitted_with_anything():
    frozen = FrozenEstimator(search(MODEL))
    assert unwrap(frozen) == (MODEL, None)
    arguments = fit_arguments(make_pipeline(frozen), sample_weight=3)
    assert arguments == {"frozenestimator__sample_weight": 3}


def test_searches_get_columns_as_a_table():
    ctran = CTranClassifier()
    named, unnamed = {"a": [1, 0], "b": [0, 1]}, {"extra0": [1, 0], "extra1": [0, 1]}
    assert fit_arguments(make_pipeline(ctran), named)["ctranclassifier__extra_labels"] is named
    table = fit_arguments(search(ctran), named)["extra_labels"]
    pd.testing.assert_frame_equal(table, pd.DataFrame(named))
    array = fit_arguments(search(ctran), unnamed)["extra_labels"]
    np.testing.assert_array_equal(array, [[1, 0], [0, 1]])
    assert fit_arguments(search(ctran), array)["extra_labels"] is array


def test_named_columns_for_a_search_need_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="Pass an array, or pip install"):
        fit_arguments(search(CTranClassifier()), {"a": [1, 0]})


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
