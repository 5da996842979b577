"""A chain is scikit-learn's while nothing is known, and then what is known takes its place."""

import numpy as np
import pandas as pd
import pytest
from sklearn import multioutput
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(100, 4)
    Y = (X[:, :3] + rng.randn(100, 3) > 0).astype(int)
    Y[:, 2] = Y[:, 0] ^ (rng.rand(100) < 0.1)
    return X, Y


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("chain_method", ["predict", "predict_proba"])
@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), RandomForestClassifier(10, random_state=0)], ids=str
)
def test_it_is_scikit_learns_to_the_last_digit(table, estimator, chain_method, dtype):
    X, Y = table
    X = X.astype(dtype)
    order = [2, 0, 1]
    ours = ClassifierChain(estimator, order=order, chain_method=chain_method).fit(X, Y)
    theirs = multioutput.ClassifierChain(estimator, order=order, chain_method=chain_method)
    theirs.fit(X, Y)
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.order_.tolist() == [order]


def test_known_labels_take_their_place_in_the_chain(table):
    X, Y = table
    chain = ClassifierChain(LogisticRegression(), order=[0, 2, 1]).fit(X, Y)
    flipped = 1 - Y[:, 0]
    known = np.where(np.arange(3) == 0, flipped[:, None], -1)
    third = LogisticRegression().fit(np.column_stack([X, Y[:, 0]]), Y[:, 2])
    expected = third.predict_proba(np.column_stack([X, flipped]))[:, 1]
    proba = chain.predict_proba(X, known)
    np.testing.assert_array_equal(proba[:, 2], expected)
    # Row by row; and the end of the chain does not tell on what is before it.
    known[::2] = -1
    mixed = chain.predict_proba(X, known)
    np.testing.assert_array_equal(mixed[1::2], proba[1::2])
    np.testing.assert_array_equal(mixed[::2], chain.predict_proba(X)[::2])
    last = chain.predict_proba(X, {1: 1})
    np.testing.assert_array_equal(last[:, [0, 2]], chain.predict_proba(X)[:, [0, 2]])


def test_known_labels_first(table):
    X, Y = table
    chain = ClassifierChain(known_first=[2]).fit(X, Y)
    assert chain.order_.tolist() == [[2, 0, 1]]
    known = {2: Y[:, 2]}
    behind = ClassifierChain().fit(X, Y).predict_proba(X, known)[:, 0]
    in_front = chain.predict_proba(X, known)[:, 0]
    errors = [np.abs(proba - Y[:, 0]).mean() for proba in (behind, in_front)]
    assert errors[1] < 0.7 * errors[0]
    several = ClassifierChain(known_first=[2, 1], n_chains=3, random_state=0).fit(X, Y)
    assert (several.order_[:, :2] == [2, 1]).all()


def test_labels_by_name(table):
    X, Y = table
    labels = pd.DataFrame(Y, columns=["sky", ("a", 1), "sea"])
    chain = ClassifierChain(order=[("a", 1), "sea", 0], known_first=["sea"]).fit(X, labels)
    assert chain.order_.tolist() == [[2, 1, 0]]
    assert ClassifierChain(order=np.array([2, 1, 0])).fit(X, Y).order_.tolist() == [[2, 1, 0]]


def test_extra_labels_come_first(table):
    X, Y = table
    chain = ClassifierChain(known_first=[1]).fit(X, Y, extra_labels=Y[:, :2])
    assert chain.order_.tolist() == [[3, 4, 1, 0, 2]]


def test_several_chains_are_the_mean_of_random_ones(table):
    X, Y = table
    ensemble = ClassifierChain(n_chains=5, random_state=0).fit(X, Y)
    assert len({tuple(order) for order in ensemble.order_.tolist()}) > 1
    alone = [ClassifierChain(order=order).fit(X, Y) for order in ensemble.order_.tolist()]
    expected = np.mean([chain.predict_proba(X) for chain in alone], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, rtol=1e-13)
    again = ClassifierChain(n_chains=5, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), ensemble.predict_proba(X))
    other = ClassifierChain(n_chains=5, random_state=1).fit(X, Y)
    assert (other.order_ != ensemble.order_).any()
    orders = {
        tuple(ClassifierChain(order="random", random_state=i).fit(X, Y).order_[0]) for i in range(6)
    }
    assert len(orders) > 1


def test_each_chain_sees_a_part_of_the_samples(table):
    X, Y = table

    class Recorder(LogisticRegression):
        sizes = []

        def fit(self, X, y, sample_weight=None):
            self.sizes.append((len(X), X[:, 0].sum()))
            return super().fit(X, y, sample_weight)

    ClassifierChain(Recorder(), order=[0, 1, 2], n_chains=2, max_samples=0.6, random_state=0).fit(
        X, Y
    )
    sizes, sums = zip(*Recorder.sizes, strict=True)
    assert set(sizes) == {60}
    assert len(set(sums)) == 2  # other samples for each chain


def test_missing_entries(table):
    X, Y = table
    gaps = np.random.RandomState(0).rand(100) < 0.3
    missing = np.where(gaps[:, None] & (np.arange(3) == 0), -1, Y)
    chain = ClassifierChain(LogisticRegression()).fit(X, missing)
    first = LogisticRegression().fit(X[~gaps], Y[~gaps, 0])
    proba = chain.predict_proba(X, {0: Y[:, 0], 2: Y[:, 2]})
    np.testing.assert_array_equal(chain.predict_proba(X)[:, 0], first.predict_proba(X)[:, 1])
    filled = np.where(gaps, Y[~gaps, 0].mean(), Y[:, 0])
    second = LogisticRegression().fit(np.column_stack([X, filled]), Y[:, 1])
    expected = second.predict_proba(np.column_stack([X, Y[:, 0]]))[:, 1]
    np.testing.assert_array_equal(proba[:, 1], expected)


@pytest.mark.filterwarnings("ignore:There is no positive")
def test_labels_of_one_state_in_the_chain(table):
    X, Y = table
    Y = np.column_stack([np.zeros(100, int), Y[:, 0], np.ones(100, int), Y[:, 2]])
    chain = ClassifierChain().fit(X, Y)
    proba = chain.predict_proba(X)
    np.testing.assert_array_equal(proba[:, [0, 2]], [[0.0, 1.0]] * 100)
    assert np.isfinite(proba).all()


def test_classes_are_predicted_given_that_they_are_none_before(table):
    X, _ = table
    y = X[:, :3].argmax(axis=1)
    chain = ClassifierChain(LogisticRegression(), order=[1, 2, 0]).fit(X, y)
    p1 = LogisticRegression().fit(X, y == 1).predict_proba(X)[:, 1]
    given = LogisticRegression().fit(np.column_stack([X, y == 1]), y == 2)
    p2 = given.predict_proba(np.column_stack([X, np.zeros(100)]))[:, 1]
    expected = np.stack([(1 - p1) * (1 - p2), p1, (1 - p1) * p2], axis=1)
    np.testing.assert_allclose(chain.predict_proba(X), expected, rtol=1e-12)
    some = chain.predict_proba(X, known_labels={2: 0})
    np.testing.assert_allclose(some[:, 1], p1, rtol=1e-12)
    two = ClassifierChain(LogisticRegression()).fit(X, y == 1)
    expected = BinaryRelevance(LogisticRegression()).fit(X, y == 1).predict_proba(X)
    np.testing.assert_allclose(two.predict_proba(X), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_the_mean_of_a_label_with_gaps_is_no_integer(table, dtype):
    X, Y = table
    gaps = np.where(np.random.RandomState(0).rand(*Y.shape) < 0.5, -1, Y)
    integers = np.rint(np.abs(3 * X)).astype(dtype)
    chain = ClassifierChain().fit(integers, gaps)
    expected = ClassifierChain().fit(integers.astype(float), gaps)
    np.testing.assert_allclose(
        chain.predict_proba(integers), expected.predict_proba(integers.astype(float)), rtol=1e-6
    )


def test_errors_say_what_to_do(table):
    X, Y = table
    with pytest.raises(ValueError, match="order names 'sun', which is not a label"):
        ClassifierChain(order=["sun", 1, 2]).fit(X, Y)
    with pytest.raises(ValueError, match="order has 1 twice"):
        ClassifierChain(order=[1, 1, 2]).fit(X, Y)
    numbered = pd.DataFrame(Y, columns=[1, 2, 3])
    with pytest.raises(ValueError, match="known_first names 0, .*go by name, not by position"):
        ClassifierChain(known_first=[0]).fit(X, numbered)
    assert ClassifierChain(known_first=[3]).fit(X, numbered).order_.tolist() == [[2, 0, 1]]
    with pytest.raises(ValueError, match="known_first names True"):
        ClassifierChain(known_first=[True]).fit(X, Y)
    with pytest.raises(ValueError, match="order has 2 labels, but y has 3"):
        ClassifierChain(order=[1, 2]).fit(X, Y)
    with pytest.raises(ValueError, match="n_chains=3 would be the same"):
        ClassifierChain(order=[0, 1, 2], n_chains=3).fit(X, Y)
    with pytest.raises(ValueError, match="known_first names 9"):
        ClassifierChain(known_first=[9]).fit(X, Y)
    rare = np.where((np.arange(100) < 99)[:, None] & (np.arange(3) == 1), -1, Y)
    with pytest.raises(ValueError, match=r"max_samples=0.1 leaves a chain .* for 1: raise it"):
        ClassifierChain(n_chains=3, max_samples=0.1, random_state=0).fit(X, rare)
