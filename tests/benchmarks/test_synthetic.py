"""Made sets: their labels have the distribution that the exact conditional says."""

import numpy as np
import pytest
from scipy.special import log_softmax

from sklearn_ctran import compare
from sklearn_ctran.baselines import BinaryRelevance

NAMES = ("synthetic, pairwise", "synthetic, mixture", "synthetic, fields")


@pytest.fixture(scope="module", params=NAMES)
def made(request):
    from _synthetic import make_synthetic

    return make_synthetic(request.param, n_test=500)


def test_label_sets_have_the_probabilities_that_are_given(made):
    from _synthetic import all_sets

    sets = all_sets(made.Y.shape[1])
    log_proba = log_softmax(made.log_joint(made.X), axis=1)
    codes = made.Y @ (1 << np.arange(made.Y.shape[1]))
    np.testing.assert_array_equal(sets[codes], made.Y)
    # The log-loss of a distribution on its own draws is its entropy.
    losses = -log_proba[np.arange(len(codes)), codes]
    entropies = -(np.exp(log_proba) * log_proba).sum(axis=1)
    surplus = losses - entropies
    assert abs(surplus.mean()) < 3 * surplus.std() / np.sqrt(len(surplus))
    # Neither nothing nor everything is known of labels from the features.
    marginals = np.exp(log_proba) @ sets
    spread = marginals.std(axis=0)
    assert (spread > 0.05).all() and entropies.mean() > 1


def test_the_same_seed_makes_the_same_set():
    from _synthetic import make_synthetic

    first, second, other = (make_synthetic(NAMES[1], seed=seed, n_test=20) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.X, second.X)
    np.testing.assert_array_equal(first.Y, second.Y)
    assert not np.array_equal(first.X, other.X)
    assert first.train.sum() == len(first.X) - 20


def test_the_exact_conditional_sums_over_label_sets(monkeypatch):
    import _synthetic

    rng = np.random.RandomState(0)
    table = rng.randn(7, 8)
    exact = _synthetic.ExactConditional(lambda X: table[X[:, 0].astype(int)])
    X, known = np.arange(7.0)[:, None], rng.randint(-1, 2, size=(7, 3))
    monkeypatch.setattr(_synthetic, "_ROWS_AT_ONCE", 3)
    proba = exact.fit(X, rng.randint(2, size=(7, 3))).predict_proba(X, known)
    for row in range(7):
        sums = np.zeros((3, 2))
        for code in range(8):
            states = [code >> label & 1 for label in range(3)]
            if all(k in (-1, s) for k, s in zip(known[row], states, strict=True)):
                sums[np.arange(3), states] += np.exp(table[row, code])
        np.testing.assert_allclose(proba[row], sums[:, 1] / sums.sum(axis=1), atol=1e-12)


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

    exact, test = ExactConditional(made.log_joint), made.X[~made.train]
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
