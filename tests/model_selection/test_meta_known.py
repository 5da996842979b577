"""Known and extra labels of TunedThresholds and MultilabelCalibrator."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._labels.targets import encode_extra_labels
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.model_selection import (
    TunedThresholds,
)


def test_known_labels_reach_an_estimator_that_takes_them(table, meta, small):
    X, Y = table
    frame = pd.DataFrame(Y, columns=["a", "b", "c"])
    model = meta(small, cv=2, random_state=0).fit(X, frame)
    known = {"a": 1, "b": np.where(np.arange(240) % 2, 0, np.nan)}
    inner = model.estimator_.predict_proba(X, known_labels=known)
    proba = model.predict_proba(X, known_labels=known)
    assert (proba[:, 0] == 1).all()
    assert (proba[1::2, 1] == 0).all()
    np.testing.assert_array_equal(proba[:, 2].argsort(), inner[:, 2].argsort())
    assert np.abs(proba - model.predict_proba(X))[:, 2].max() > 1e-6
    assert (model.predict(X, known)[:, 0] == 1).all()
    assert (model.predict(X, known)[1::2, 1] == 0).all()
    assert (model.decision_function(X, known)[1::2, 1] == -np.finfo(np.float32).max).all()
    assert model.score(X, frame, known_labels=known) > 0


def test_known_labels_are_put_into_the_probabilities_of_one_that_does_not(table, meta, by_label):
    X, Y = table
    model = meta(by_label, cv=2).fit(X, Y)
    unknown = model.predict_proba(X)
    known = np.where(np.arange(3) == 1, Y, -1)
    proba = model.predict_proba(X, known)
    np.testing.assert_array_equal(proba, np.where(np.arange(3) == 1, Y, unknown))
    np.testing.assert_array_equal(model.predict(X, known)[:, 1], Y[:, 1])
    # So a search or a comparison knows the same labels for every estimator.
    score = partial_label_scorer(mean_average_precision, 0.4)
    assert score(model, X, Y) == pytest.approx(score(by_label.fit(X, Y), X, Y), abs=0.05)


@pytest.mark.filterwarnings("ignore:y is 1-D")
def test_known_classes(table, meta, small):
    X, Y = table
    y = np.array(["a", "b", "c"])[Y[:, :2].sum(axis=1)]
    for estimator in (small, GaussianNB()):
        model = meta(estimator, cv=2).fit(X, y)
        proba = model.predict_proba(X, known_labels={"a": 0})
        assert (proba[:, 0] == 0).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
        assert set(model.predict(X, {"b": 1})) == {"b"}
    # If an estimator takes no known labels, the other classes share the rest.
    ratio = np.divide(*model.predict_proba(X)[:, 1:].T)
    np.testing.assert_allclose(proba[:, 1] / proba[:, 2], ratio, rtol=1e-5)


def test_known_labels_imply_others_by_the_rules(table, meta, small):
    X, Y = table
    Y = np.column_stack([Y, Y.max(axis=1)])
    estimator = clone(small).set_params(implies={0: 3}, label_groups={"pair": [1, 2]})
    model = meta(estimator, cv=2).fit(X, Y)
    assert (model.predict_proba(X, {0: 1})[:, 3] == 1).all()
    assert (model.predict(X, {3: 0})[:, 0] == 0).all()
    assert model.label_groups_ == {"pair": (1, 2)}
    assert (model.predict_proba(X, {"pair": 1})[:, 2] == 0).all()
    with pytest.raises(ValueError, match="known_labels"):
        model.predict(X, {0: 1, 3: 0})


def test_extra_labels_are_known_out_of_fold_too(table, meta, by_label, small):
    """A model that reads labels off extra labels is right out of fold only if it knows these."""
    X, Y = table
    noise = np.random.RandomState(1).randn(*X.shape).astype(np.float32)

    class Reads(BaseEstimator):
        def fit(self, X, y, extra_labels):
            self.extra_label_names_ = np.array(list(extra_labels))
            return self

        def predict_proba(self, X, extra_labels=None):
            return np.column_stack([0.2 + 0.3 * np.asarray(c) for c in extra_labels.values()])

    told = dict(zip("abc", Y.T, strict=True))
    model = meta(Reads(), cv=3).fit(noise, Y, extra_labels=told)
    np.testing.assert_array_equal(model.predict(noise, extra_labels=told), Y)
    real = meta(small, cv=2).fit(X, Y[:, :2], extra_labels={"c": Y[:, 2]})
    proba = real.predict_proba(X, extra_labels={"c": 1})
    assert np.abs(proba - real.predict_proba(X)).max() > 1e-6
    np.testing.assert_array_equal(
        real.predict_extra_proba(X), real.estimator_.predict_extra_proba(X)
    )
    with pytest.raises(ValueError, match="without extra labels"):
        model = meta(by_label, cv=2).fit(X, Y)
        model.predict_extra_proba(X)
    with pytest.raises(ValueError, match="without extra labels"):
        model.predict(X, extra_labels={"c": 1})
    with pytest.raises(TypeError, match=r"extra_labels is given, but MultiOutputClassifier.fit"):
        meta(by_label, cv=2).fit(X, Y, extra_labels={"c": Y[:, 2]})


class Remembers(BaseEstimator):
    """Reads labels off the first extra label, whose rows in `fit` must be those of `X`."""

    def __init__(self, share=0.5):
        self.share = share

    def fit(self, X, y, extra_labels=None):
        self.classes_ = [np.arange(2)] * y.shape[1]
        states, self.extra_label_names_ = encode_extra_labels(extra_labels)
        np.testing.assert_array_equal(states[:, 0], np.asarray(X)[:, 0] > 0)
        return self

    def predict_proba(self, X, extra_labels=None):
        first = 0.5 if extra_labels is None else 0.1 + 0.8 * next(iter(extra_labels.values()))
        return np.column_stack([np.broadcast_to(first, len(X))] * 3)

    def score(self, X, y):
        return self.share


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: GridSearchCV(model, {"share": [0.2, 0.7]}, cv=2),
        lambda model: GridSearchCV(make_pipeline(model), {"remembers__share": [0.2, 0.7]}, cv=2),
        lambda model: make_pipeline(
            make_pipeline(GridSearchCV(model, {"share": [0.2, 0.7]}, cv=2))
        ),
    ],
)
def test_extra_labels_reach_what_a_search_fits(table, meta, wrap):
    """In rows of its own folds, under their names."""
    X, Y = table
    positive = (X[:, 0] > 0).astype(float)
    for extra, names in (
        ({"cold": positive, "dark": Y[:, 1]}, ["cold", "dark"]),
        (pd.DataFrame({"cold": positive, "dark": Y[:, 1]}), ["cold", "dark"]),
        (np.column_stack([positive, Y[:, 1]]), ["extra0", "extra1"]),
        (sparse.csr_matrix(np.column_stack([positive, Y[:, 1]])), ["extra0", "extra1"]),
    ):
        model = meta(wrap(Remembers()), cv=2, random_state=0).fit(X, Y, extra_labels=extra)
        assert model.extra_label_names_.tolist() == names
        assert unwrap(model.estimator_)[0].share == 0.7
        told = dict(zip(names, [positive, Y[:, 1]], strict=True))
        np.testing.assert_array_equal(model.predict(X, extra_labels=told)[:, 0], positive)


def test_extra_labels_reach_c_tran_in_a_search(table, small):
    X, Y = table
    search = GridSearchCV(small, {"dropout": [0.0]}, cv=2)
    model = TunedThresholds(search, cv=2).fit(X, Y[:, :2], extra_labels={"c": Y[:, 2]})
    assert model.extra_label_names_.tolist() == ["c"]
    proba = model.predict_proba(X, extra_labels={"c": 1})
    assert np.abs(proba - model.predict_proba(X)).max() > 1e-6


def test_extra_labels_that_an_estimator_does_not_take(table, meta, small):
    X, Y = table
    search = GridSearchCV(KNeighborsClassifier(), {}, cv=2)
    for estimator, name in (
        (search, "KNeighborsClassifier"),
        (make_pipeline(search), "KNeighborsClassifier"),
        (MultiOutputClassifier(small), "MultiOutputClassifier"),
    ):
        with pytest.raises(TypeError, match=f"extra_labels is given, but {name}.fit does not"):
            meta(estimator, cv=2).fit(X, Y, extra_labels={"c": Y[:, 2]})
