"""SingleLabelClassifier: a classifier for one label, whatever its column is like."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_ctran.baselines._single_label import SingleLabelClassifier


@pytest.fixture(scope="module")
def column():
    rng = np.random.RandomState(0)
    X = rng.randn(50, 3)
    return X, (X[:, 0] + rng.randn(50) > 0).astype(np.int8), rng.rand(50)


def test_it_is_the_estimator_on_annotated_samples(column):
    X, y, weight = column
    y = np.where(np.arange(50) % 4, y, -1).astype(np.int8)
    seen = y >= 0
    model = SingleLabelClassifier(LogisticRegression()).fit(X, y)
    expected = LogisticRegression().fit(X[seen], y[seen])
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    assert model.classes_.tolist() == [0, 1]
    model.fit(X, y, sample_weight=weight)
    expected.fit(X[seen], y[seen], weight[seen])
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("state", [0, 1])
def test_a_label_of_one_state_has_it_with_certainty(column, state):
    X, y, weight = column
    y = np.where(y == state, y, -1)
    model = SingleLabelClassifier(LogisticRegression()).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(model.predict_proba(X[:2]), np.eye(2)[[state, state]])
    np.testing.assert_array_equal(model.predict(X[:2]), [state, state])
    assert not hasattr(model, "estimator_")


def test_what_is_wrapped_is_left_alone(column):
    X, y, _ = column
    wrapped = DummyClassifier()
    model = SingleLabelClassifier(wrapped).fit(X, y)
    assert not hasattr(wrapped, "classes_")
    assert clone(model).estimator is not model.estimator_
    np.testing.assert_allclose(model.predict_proba(X[:1])[0, 1], y.mean())
