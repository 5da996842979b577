"""The distribution of a made set: sums over label sets, and blocks of rows."""

import pickle

import numpy as np
import pytest

from sklearn_ctran.datasets import KnownJoint, _joints, make_known_joint


class Table:
    """Log-probabilities of label sets that are looked up by the only feature."""

    def __init__(self, table):
        self.table = table

    def __call__(self, X):
        return self.table[X[:, 0].astype(int)]


@pytest.fixture
def joint():
    return KnownJoint(Table(np.random.RandomState(0).randn(7, 8)), 3)


ROWS = np.arange(7.0)[:, None]


def test_the_exact_conditional_sums_over_label_sets(joint, monkeypatch):
    known = np.random.RandomState(1).randint(-1, 2, size=(7, 3))
    monkeypatch.setattr(_joints, "_ROWS_AT_ONCE", 3)
    proba = joint.predict_proba(ROWS, known)
    table = joint.log_proba(ROWS)
    for row in range(7):
        sums = np.zeros((3, 2))
        for code in range(8):
            states = [code >> label & 1 for label in range(3)]
            if all(k in (-1, s) for k, s in zip(known[row], states, strict=True)):
                sums[np.arange(3), states] += np.exp(table[row, code])
        np.testing.assert_allclose(proba[row], sums[:, 1] / sums.sum(axis=1), atol=1e-12)


def test_probabilities_of_sets_sum_to_one_and_give_those_of_labels(joint):
    proba = np.exp(joint.log_proba(ROWS))
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(joint.predict_proba(ROWS), proba @ joint.label_sets)


def test_sets_are_numbered_by_their_bits():
    sets = _joints.all_sets(3)
    np.testing.assert_array_equal(sets @ [1, 2, 4], np.arange(8))


def test_known_labels_may_be_nan_or_minus_one(joint):
    known = np.full((7, 3), np.nan)
    np.testing.assert_array_equal(joint.predict_proba(ROWS, known), joint.predict_proba(ROWS))
    known[:, 1] = 0
    assert not joint.predict_proba(ROWS, known)[:, 1].any()


def test_known_labels_must_fit(joint):
    with pytest.raises(ValueError, match="known_labels has 2 rows, but X has 7"):
        joint.predict_proba(ROWS, [[0, 1, -1]] * 2)
    with pytest.raises(ValueError, match=r"row 3, label 1 holds 5"):
        joint.predict_proba(ROWS, [[0, 0, 0]] * 3 + [[0, 5, 0]] * 4)


@pytest.mark.parametrize("kind", ["pairwise", "mixture", "fields"])
def test_rows_at_a_time_change_nothing(kind, monkeypatch):
    whole = make_known_joint(50, kind=kind, n_labels=5, random_state=0)
    monkeypatch.setattr(_joints, "_NUMBERS_AT_ONCE", 7 * 2**5)
    blocks = make_known_joint(50, kind=kind, n_labels=5, random_state=0)
    np.testing.assert_array_equal(whole.target, blocks.target)
    expected = whole.joint.predict_proba(whole.data)
    np.testing.assert_allclose(blocks.joint.predict_proba(whole.data), expected, rtol=1e-12)


def test_distributions_can_be_pickled():
    made = make_known_joint(5, n_labels=4, random_state=0)
    again = pickle.loads(pickle.dumps(made.joint))
    np.testing.assert_array_equal(again.log_proba(made.data), made.joint.log_proba(made.data))
