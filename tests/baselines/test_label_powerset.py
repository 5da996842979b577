"""The label powerset conditions exactly, as brute force over the label sets does."""

import itertools

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_ctran.baselines import LabelPowerset


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(200, 4)
    return X, (X[:, :3] + rng.randn(200, 3) > 0).astype(int)  # all eight label sets


def test_probabilities_are_those_of_brute_force(table):
    X, Y = table
    model = LabelPowerset(LogisticRegression()).fit(X, Y)
    codes = Y @ [4, 2, 1]
    joint = LogisticRegression().fit(X, codes).predict_proba(X)
    sets = np.array(list(itertools.product([0, 1], repeat=3)))
    np.testing.assert_array_equal(model.label_sets_, sets)
    for told in itertools.product([-1, 0, 1], repeat=3):
        proba = model.predict_proba(X, np.tile(told, (len(X), 1)))
        agrees = [all(t in (-1, s) for t, s in zip(told, each, strict=True)) for each in sets]
        expected = np.array(
            [
                [
                    sum(p for p, a, s in zip(row, agrees, sets, strict=True) if a and s[label])
                    / sum(p for p, a in zip(row, agrees, strict=True) if a)
                    for label in range(3)
                ]
                for row in joint
            ]
        )
        np.testing.assert_allclose(proba, expected, rtol=1e-12, atol=1e-15)


def test_smoothing_lets_each_label_differ_from_its_set(table):
    X, Y = table
    X, Y = X[:50], np.column_stack([Y[:50], Y[:50, 0]])  # labels 0 and 3 never differ
    model = LabelPowerset(LogisticRegression(), smoothing=0.05).fit(X, Y)
    of_sets = model.estimator_.predict_proba(X)
    every = np.array(list(itertools.product([0, 1], repeat=4)))
    differ = (every[:, None] != model.label_sets_).sum(axis=2)
    joint = of_sets @ (0.05**differ * 0.95 ** (4 - differ)).T  # (n_samples, 16)
    np.testing.assert_allclose(joint.sum(axis=1), 1)
    for told in itertools.product([-1, 0, 1], repeat=4):
        agrees = np.all((np.array(told) == -1) | (every == told), axis=1)
        weight = joint * agrees
        expected = weight @ every / weight.sum(axis=1, keepdims=True)
        proba = model.predict_proba(X, np.tile(told, (len(X), 1)))
        np.testing.assert_allclose(proba, expected, rtol=1e-10, atol=1e-15)


def test_little_smoothing_is_none(table):
    X, Y = table
    known = np.where(np.random.RandomState(0).rand(*Y.shape) < 0.5, 1 - Y, -1)
    plain = LabelPowerset(LogisticRegression()).fit(X, Y).predict_proba(X, known)
    little = LabelPowerset(LogisticRegression(), smoothing=1e-300).fit(X, Y)
    np.testing.assert_array_equal(little.predict_proba(X, known), plain)
    with pytest.raises(ValueError, match="The 'smoothing' parameter of LabelPowerset must be"):
        LabelPowerset(smoothing=0.5).fit(X, Y)


def test_decoding_finds_the_most_probable_set(table):
    X, Y = table
    model = LabelPowerset(LogisticRegression()).fit(X, Y)
    best = LogisticRegression().fit(X, Y @ [4, 2, 1]).predict(X)
    found = model.predict(X, decoding="beam", beam_width=8) @ [4, 2, 1]
    np.testing.assert_array_equal(found, best)


def test_what_was_never_seen_leaves_the_sets_that_contradict_least():
    X = np.zeros((10, 1))
    Y = np.array([[0, 0, 0]] * 5 + [[1, 1, 0]] * 3 + [[1, 0, 1]] * 2)
    model = LabelPowerset(DummyClassifier()).fit(X, Y)
    # 0 0 0 contradicts two of these; the others one.
    known = model.predict_proba(X[:1], [[-1, 1, 1]])
    np.testing.assert_allclose(known, [[1, 1, 1]])
    known = model.predict_proba(X[:1], [[0, 1, -1]])  # 0 0 0 and 1 1 0 contradict one of these
    np.testing.assert_allclose(known, [[0, 1, 0]])
    known = model.predict_proba(X[:1], [[0, -1, 1]])  # 0 0 0 and 1 0 1 contradict one
    np.testing.assert_allclose(known, [[0, 0, 1]])
    known = model.predict_proba(X[:1], [[-1, 1, -1]])
    np.testing.assert_allclose(known, [[1, 1, 0]])


def test_sets_that_the_classifier_rules_out_are_no_answer(table):
    X, Y = table
    model = LabelPowerset(DecisionTreeClassifier(random_state=0)).fit(X, Y)
    known = np.where(np.arange(3) == 0, 1 - Y[:, :1], -1)
    proba = model.predict_proba(X, known)
    assert np.isfinite(proba).all()
    # A tree is certain of one set, so that nothing is left to change.
    np.testing.assert_array_equal(proba[:, 1:], Y[:, 1:])


def test_rare_sets_are_pruned_and_come_back_as_disjoint_subsets():
    sets = [[1, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]]
    Y = np.repeat(sets, [6, 5, 9, 2, 1], axis=0)
    X = np.zeros((len(Y), 1))
    model = LabelPowerset(DummyClassifier(), prune=2).fit(X, Y)
    assert model.label_sets_.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0]]
    # 1 1 1 0 comes back as 1 1 0 0 and 0 0 1 0, the lone 0 0 0 1 does not.
    np.testing.assert_allclose(model.estimator_.class_prior_, np.array([7, 9, 8]) / 24)
    without = LabelPowerset(DummyClassifier(), prune=2, reintroduce=False).fit(X, Y)
    np.testing.assert_allclose(without.estimator_.class_prior_, np.array([5, 9, 6]) / 20)
    assert len(LabelPowerset(DummyClassifier()).fit(X, Y).label_sets_) == 5
    # By weight, too.
    weight = np.where((sets[4] == Y).all(axis=1), 3.0, 1.0)
    weighted = LabelPowerset(DummyClassifier(), prune=2).fit(X, Y, sample_weight=weight)
    assert [0, 0, 0, 1] in weighted.label_sets_.tolist()
    np.testing.assert_array_equal(model.predict_proba(X)[:, 3], 0)
    with pytest.raises(ValueError, match="the largest of which has 9 samples: lower it"):
        LabelPowerset(prune=9).fit(X, Y)


@pytest.mark.filterwarnings("ignore:There is no positive")
def test_one_set_is_certain(table):
    X, _ = table
    model = LabelPowerset().fit(X, np.tile([1, 0, 1], (len(X), 1)))
    np.testing.assert_array_equal(model.predict(X), np.tile([1, 0, 1], (len(X), 1)))
    assert model.estimator_ is None


def test_samples_with_missing_entries_are_left_out(table):
    X, Y = table
    gaps = np.random.RandomState(0).rand(*Y.shape) < 0.1
    complete = ~gaps.any(axis=1)
    message = f"leaves out {(~complete).sum()} of 200 rows, which have a missing entry"
    with pytest.warns(UserWarning, match=message) as caught:
        model = LabelPowerset(LogisticRegression()).fit(X, np.where(gaps, np.nan, Y))
    assert len(caught) == 1 and caught[0].filename == __file__
    alone = LabelPowerset(LogisticRegression()).fit(X[complete], Y[complete])
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
    with pytest.raises(ValueError, match="Every sample has a missing entry"):
        model.fit(X, np.where(np.arange(200)[:, None] % 3 == np.arange(3), -1, Y))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_of_classes_it_is_the_estimator_itself(table, n_classes):
    X, _ = table
    y = X[:, :n_classes].argmax(axis=1)
    model = LabelPowerset(LogisticRegression(tol=1e-10)).fit(X, y)
    expected = LogisticRegression(tol=1e-10).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-5, atol=1e-8)


def test_classes_sum_to_one_where_no_set_agrees_with_what_is_known():
    X = np.random.RandomState(0).rand(41, 2)
    y = np.array(["A"] * 20 + ["B"] * 20 + ["C"])
    extra = np.array([1] * 20 + [0] * 20 + [1])[:, None]
    model = LabelPowerset(prune=2).fit(X, y, extra_labels=extra)
    proba = model.predict_proba(X[:2], known_labels={"A": 0}, extra_labels=[[1], [1]])
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert (proba[:, 0] == 0).all()
