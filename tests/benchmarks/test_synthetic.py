"""The made sets of the comparison, and how far methods are from the exact conditional."""

import numpy as np
import pytest

from sklearn_ctran import compare
from sklearn_ctran.baselines import BinaryRelevance

NAMES = ("synthetic, pairwise", "synthetic, mixture", "synthetic, fields")


@pytest.fixture(scope="module", params=NAMES)
def made(request):
    from _synthetic import make_synthetic

    return make_synthetic(request.param, n_test=500)


def test_the_same_seed_makes_the_same_set():
    from _synthetic import make_synthetic

    first, second, other = (make_synthetic(NAMES[1], seed=seed, n_test=20) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.X, second.X)
    np.testing.assert_array_equal(first.Y, second.Y)
    assert not np.array_equal(first.X, other.X)
    assert first.train.sum() == len(first.X) - 20


def test_the_exact_conditional_is_that_of_the_distribution(made):
    from _synthetic import ExactConditional

    X, known = made.X[:5], np.where(np.arange(made.Y.shape[1]) % 2, made.Y[:5], -1)
    proba = ExactConditional(made.joint).fit(made.X, made.Y).predict_proba(X, known)
    np.testing.assert_array_equal(proba, made.joint.predict_proba(X, known))


def test_divergence_is_that_of_the_unknown_entries():
    from _synthetic import DivergenceFromExact

    class Exact:
        def predict_proba(self, X, known_labels):
            return np.array([[0.5, 0.25], [1.0, 0.0]])

    divergence = DivergenceFromExact(Exact(), None)
    score = np.array([[0.5, 0.5], [0.5, 0.9]])
    known = np.array([[-1, -1], [-1, 0]])
    expected = (0 + 0.25 * np.log(0.5) + 0.75 * np.log(1.5) + np.log(2)) / 3
    assert divergence(None, score, known_labels=known) == pytest.approx(expected)
    certain = divergence(None, np.array([[0.5, 0.25], [0.0, 0.0]]), known_labels=known)
    assert certain == pytest.approx(-np.log(1e-6) / 3)


def test_a_comparison_shows_the_distance_to_the_exact_conditional(made):
    from _synthetic import EXACT, DivergenceFromExact, ExactConditional, render_gaps

    exact, test = ExactConditional(made.joint), made.X[~made.train]
    divergence = DivergenceFromExact(exact.fit(test, made.Y[~made.train]), test)
    comparison = compare(
        {EXACT: exact, "relevance": BinaryRelevance()}, made.X, made.Y,
        split=(np.flatnonzero(made.train), np.flatnonzero(~made.train)), known_fractions=(0, 0.5),
        metrics={"mAP": "mAP", "KL": divergence},
    )  # fmt: skip
    assert not comparison.errors
    of_exact, of_relevance = render_gaps(comparison).splitlines()[-2:]
    assert of_exact.split()[2:] == ["0.0000", "0.0000", "|", "0.0", "0.0"]
    numbers = [float(each) for each in of_relevance.replace("|", "").split()[1:]]
    assert min(numbers[:2]) > 0.01 and min(numbers[2:]) > 0
    assert numbers[1] > numbers[0]  # Binary relevance makes no use of what is known.
