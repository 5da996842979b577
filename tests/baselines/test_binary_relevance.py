"""Binary relevance is scikit-learn's, but copes with missing entries and one-state labels."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier

from sklearn_ctran.baselines import BinaryRelevance


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(100, 4)
    return X, (X[:, :3] + rng.randn(100, 3) > 0).astype(int)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), RandomForestClassifier(10, random_state=0)], ids=str
)
def test_it_is_scikit_learns_to_the_last_digit(table, estimator, dtype):
    X, Y = table
    X = X.astype(dtype)
    ours = BinaryRelevance(estimator).fit(X, Y)
    theirs = MultiOutputClassifier(estimator).fit(X, Y)
    expected = np.stack([proba[:, 1] for proba in theirs.predict_proba(X)], axis=1)
    np.testing.assert_array_equal(ours.predict_proba(X), expected)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    weight = np.random.RandomState(0).rand(len(X))
    ours.fit(X, Y, sample_weight=weight)
    theirs.fit(X, Y, sample_weight=weight)
    expected = np.stack([proba[:, 1] for proba in theirs.predict_proba(X)], axis=1)
    np.testing.assert_array_equal(ours.predict_proba(X), expected)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_of_classes_it_is_one_versus_rest(table, n_classes):
    X, _ = table
    y = X[:, :n_classes].argmax(axis=1)
    ours = BinaryRelevance(LogisticRegression()).fit(X, y)
    theirs = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-14)
    assert len(ours.estimators_) == len(theirs.estimators_)
    some = ours.predict_proba(X, known_labels={0: 0})
    expected = theirs.predict_proba(X)[:, 1:]
    np.testing.assert_allclose(some[:, 1:], expected / expected.sum(axis=1, keepdims=True))


def test_samples_without_annotation_are_left_out_label_by_label(table):
    X, Y = table
    missing = np.random.RandomState(0).rand(*Y.shape) < 0.3
    ours = BinaryRelevance(LogisticRegression()).fit(X, np.where(missing, np.nan, Y))
    for label in range(3):
        seen = ~missing[:, label]
        alone = LogisticRegression().fit(X[seen], Y[seen, label])
        expected = alone.predict_proba(X)[:, 1]
        np.testing.assert_array_equal(ours.predict_proba(X)[:, label], expected)


@pytest.mark.filterwarnings("ignore:There is no positive")
def test_labels_of_one_state_are_certain(table):
    X, Y = table
    Y = np.column_stack([Y[:, 0], np.zeros(len(X)), np.ones(len(X))])
    model = BinaryRelevance().fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X)[:, 1:], [[0.0, 1.0]] * len(X))
    np.testing.assert_array_equal(model.predict(X)[:, 1:], [[0, 1]] * len(X))
    assert np.isfinite(model.decision_function(X)).all()


def test_labels_side_by_side(table):
    X, Y = table
    one = BinaryRelevance(n_jobs=1).fit(X, Y).predict_proba(X)
    two = BinaryRelevance(n_jobs=2).fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(one, two)
