"""P(label = 1) from any estimator: the forms in which scikit-learn's and ours return it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from sklearn_ctran._adapters.probabilities import (
    label_probabilities,
    predict_proba,
    takes_known_labels,
)
from sklearn_ctran._labels.targets import encode_targets


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(60, 4)
    return X, (X[:, :3] + rng.randn(60, 3) > 0).astype(int)


def one_by_one(X, Y, kind=LogisticRegression):
    models = [kind().fit(X, column) for column in Y.T]
    return np.stack([model.predict_proba(X)[:, 1] for model in models], axis=1)


def test_a_list_with_an_array_for_each_label(table):
    X, Y = table
    model = MultiOutputClassifier(LogisticRegression()).fit(X, Y)
    np.testing.assert_array_equal(label_probabilities(model, X, 3), one_by_one(X, Y))
    np.testing.assert_array_equal(predict_proba(model, X, encode_targets(Y)), one_by_one(X, Y))


def test_a_table_comes_back_as_it_is(table):
    X, Y = table
    model = ClassifierChain(LogisticRegression()).fit(X, Y)
    np.testing.assert_array_equal(label_probabilities(model, X, 3), model.predict_proba(X))


@pytest.mark.parametrize("y", [[0, 1, 1], [1, 1, 0]])
def test_one_label_as_two_classes(y):
    X, y = np.eye(3), np.array(y)
    proba = label_probabilities(DecisionTreeClassifier().fit(X, y), X, 1)
    np.testing.assert_array_equal(proba, y[:, None])


@pytest.mark.parametrize("state", [0, 1])
def test_labels_of_one_state_have_one_class(state):
    X, Y = np.zeros((4, 1)), np.column_stack([np.full(4, state), [0, 1, 0, 0]])
    model = DecisionTreeClassifier().fit(X, Y)
    assert model.predict_proba(X)[0].shape == (4, 1)
    np.testing.assert_allclose(label_probabilities(model, X, 2), [[state, 0.25]] * 4)


def test_minus_one_as_a_class_is_refused(table):
    X, Y = table
    model = MultiOutputClassifier(DummyClassifier()).fit(X, np.where(X[:, :3] > 1, -1, Y))
    with pytest.raises(ValueError, match=r"the classes \[-1, 0, 1\] of label 0; only 0 and 1"):
        label_probabilities(model, X, 3)


def test_known_labels_reach_what_takes_them(exact_model, table):
    model = exact_model(n_targets=3, n_extra=1)
    known = np.array([[-1, 1, -1], [0, -1, -1]])
    expected = model.predict_proba([0, 1], known)
    shifted = make_pipeline(FunctionTransformer(lambda X: np.asarray(X) - 1), model)
    for wrapped, X in ((model, [0, 1]), (FrozenEstimator(model), [0, 1]), (shifted, [1, 2])):
        np.testing.assert_array_equal(label_probabilities(wrapped, X, 3, known), expected)
    extra = np.array([[1], [0]])
    got = label_probabilities(model, [0, 1], 3, known, extra_labels=extra)
    np.testing.assert_array_equal(got, model.predict_proba([0, 1], known, extra))
    X, Y = table
    deaf = MultiOutputClassifier(LogisticRegression()).fit(X, Y)
    assert takes_known_labels(model) and not takes_known_labels(deaf)
    np.testing.assert_array_equal(label_probabilities(deaf, X, 3, Y), one_by_one(X, Y))


def test_another_number_of_columns_is_refused(table):
    X, Y = table
    model = ClassifierChain(LogisticRegression()).fit(X, Y[:, :2])
    with pytest.raises(ValueError, match="ClassifierChain.predict_proba returns 2 columns for 3"):
        predict_proba(model, X, encode_targets(Y))


def test_classes_that_an_estimator_did_not_see_have_probability_0(table):
    X, _ = table
    y = np.array(["owl", "tit", "wren"])[X[:, :3].argmax(axis=1)]
    targets = encode_targets(y)
    seen = y != "tit"
    model = LogisticRegression().fit(X[seen], y[seen])
    proba = predict_proba(model, X, targets)
    np.testing.assert_array_equal(proba[:, [0, 2]], model.predict_proba(X))
    assert (proba[:, 1] == 0).all()
    with pytest.raises(ValueError, match="fitted on class 'tit', which y does not have"):
        predict_proba(LogisticRegression().fit(X, y), X, encode_targets(y[seen]))


def test_known_classes_reach_what_takes_them():
    class Told(BaseEstimator):
        classes_ = np.array(["owl", "tit"])

        def fit(self, X, y):
            raise AssertionError("fitted already")

        def predict_proba(self, X, known_labels=None, extra_labels=None):
            assert extra_labels == "extra"
            return np.eye(2)[[0 if known_labels is None else 1] * len(X)]

    targets = encode_targets(pd.Series(["owl", "tit"]))
    for known, expected in ((None, [1, 0]), ({"tit": 1}, [0, 1])):
        proba = predict_proba(Told(), [[0], [0]], targets, known, extra_labels="extra")
        np.testing.assert_array_equal(proba, [expected] * 2)
