"""Ranks and critical differences by hand, and bootstraps one resample at a time."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import compare
from sklearn_ctran.baselines import BinaryRelevance, LabelPowerset, MaskedLinear
from sklearn_ctran.metrics import mean_average_precision

#: AUC of four methods on 14 sets: table 6 of Demsar (2006). One set has 0.975 twice there, with
#: different ranks.
DEMSAR = """
0.763 0.768 0.771 0.798
0.599 0.591 0.590 0.569
0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657
0.882 0.888 0.886 0.898
0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685
0.583 0.583 0.563 0.625
0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000
0.940 0.962 0.965 0.962
0.619 0.666 0.614 0.669
0.972 0.981 0.9751 0.975
0.957 0.978 0.946 0.970
"""


@pytest.fixture(scope="module")
def published():
    methods = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
    rows = [map(float, line.split()) for line in DEMSAR.split("\n") if line]
    return {str(i): dict(zip(methods, row, strict=True)) for i, row in enumerate(rows)}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(120, 4)
    Y = (X[:, :3] + rng.randn(120, 3) > 0.3).astype(int)
    Y[:, 2] = Y[:, 0] ^ (rng.rand(120) < 0.1)
    return X, Y, (np.arange(80), np.arange(80, 120))


def test_ranks_are_the_published_ones(published):
    from _ranks import rank_methods

    ranks = rank_methods(published)
    assert ranks.methods == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    np.testing.assert_allclose(ranks.mean, [1.964, 2.0, 2.893, 3.143], atol=5e-4)
    # chi2 is 9.28 with 3 degrees of freedom there, without the correction of ties.
    assert 0.01 < ranks.p_value < 0.03
    assert ranks.critical_difference == pytest.approx(1.25, abs=5e-3)
    assert rank_methods(published, alpha=0.1).critical_difference == pytest.approx(1.12, abs=5e-3)


def test_critical_differences_are_those_of_the_table_of_nemenyi():
    from _ranks import critical_difference

    for n_methods, q in {2: 1.960, 3: 2.343, 5: 2.728, 10: 3.164}.items():
        expected = q * np.sqrt(n_methods * (n_methods + 1) / (6 * 9))
        assert critical_difference(n_methods, 9) == pytest.approx(expected, rel=5e-4)


def test_ranks_by_hand():
    from _ranks import rank_methods, render_ranks

    scores = {
        "one": {"a": 0.9, "b": 0.8, "c": 0.7, "only here": 1.0},
        "two": {"b": 0.5, "a": 0.5, "c": 0.1},
        "three": {"a": 0.4, "b": 0.2, "c": 0.3},
        "four": {"a": 0.4, "b": 0.3, "c": 0.2},
    }
    ranks = rank_methods(scores)
    assert ranks.methods == ["a", "b", "c"]
    np.testing.assert_allclose(ranks.mean, [4.5 / 4, 8.5 / 4, 11 / 4])
    # Sums of ranks 4.5, 8.5 and 11; one pair of ties, 2 ** 3 - 2 of 4 * (3 ** 3 - 3).
    chi2 = 12 / (4 * 3 * 4) * (4.5**2 + 8.5**2 + 11**2) - 3 * 4 * 4
    chi2 /= 1 - 6 / (4 * 24)
    assert ranks.p_value == pytest.approx(np.exp(-chi2 / 2))  # 2 degrees of freedom
    text = render_ranks({0.0: ranks, 0.5: ranks})
    assert text.splitlines()[-5:][0].split() == ["a", "1.12", "1.12"]
    with pytest.raises(ValueError, match="there are 2 on 4 sets"):
        rank_methods({name: {"a": 1, "b": of["b"]} for name, of in scores.items()})
    with pytest.raises(ValueError, match="there are 4 on 1 sets"):
        rank_methods({"one": scores["one"]})


def test_bars_join_methods_that_do_not_differ():
    from _ranks import Ranks, groups_alike

    mean = np.array([1.0, 1.5, 2.4, 3.6, 5.0])
    ranks = Ranks(list("abcde"), mean, 0.01, 1.45, 9)
    assert groups_alike(ranks) == [(0, 2), (2, 3), (3, 4)]
    assert groups_alike(Ranks(list("abcde"), mean, 0.01, 0.1, 9)) == []
    assert groups_alike(Ranks(list("abcde"), mean, 0.01, 9.0, 9)) == [(0, 4)]


def test_a_plot_has_a_diagram_for_each_share(published, tmp_path):
    from _ranks import plot_ranks, rank_methods

    ranks = rank_methods(published)
    plot_ranks({0.0: ranks, 0.5: ranks}, tmp_path / "ranks.svg")
    drawn = (tmp_path / "ranks.svg").read_text("utf-8")
    assert drawn.count("C4.5+m+cf") >= 2


def test_precisions_of_resamples_are_those_of_repeated_rows(table):
    from _ranks import mean_precisions

    _, Y, _ = table
    rng = np.random.RandomState(1)
    Y = Y[:40]
    proba = rng.rand(*Y.shape).round(1)  # with ties
    known = np.where(rng.rand(*Y.shape) < 0.3, Y, -1)
    counts = rng.randint(3, size=(6, 40))
    expected = []
    for each in counts:
        rows = np.repeat(np.arange(40), each)
        by_label = [
            average_precision_score(Y[rows, i][hidden], proba[rows, i][hidden])
            for i in range(3)
            for hidden in [known[rows, i] < 0]
        ]
        expected.append(np.mean(by_label))
    np.testing.assert_allclose(mean_precisions(Y, [(known, proba)], counts), expected)
    np.testing.assert_allclose(
        mean_precisions(Y, [(known, proba)], np.ones((1, 40))),
        mean_average_precision(Y, proba, known_labels=known),
    )


def test_labels_that_are_known_everywhere_are_left_out(table):
    from _ranks import mean_precisions

    _, Y, _ = table
    proba = np.random.RandomState(3).rand(*Y.shape)
    known = np.where(np.arange(3) == 1, Y, -1)
    np.testing.assert_allclose(
        mean_precisions(Y, [(known, proba)], np.ones((1, len(Y)))),
        mean_average_precision(Y[:, [0, 2]], proba[:, [0, 2]]),
    )


def test_intervals_are_percentiles_of_the_resampled_differences(table):
    from _ranks import bootstrap_difference, mean_precisions

    _, Y, _ = table
    rng = np.random.RandomState(2)
    known = [np.where(rng.rand(*Y.shape) < 0.3, Y, -1) for _ in range(2)]
    good = [(each, np.clip(Y + rng.randn(*Y.shape), 0, 1)) for each in known]
    poor = [(each, rng.rand(*Y.shape)) for each in known]
    difference, low, high = bootstrap_difference(Y, good, poor, n_resamples=200, seed=5)
    one = np.ones((1, len(Y)))
    whole = mean_precisions(Y, good, one) - mean_precisions(Y, poor, one)
    assert difference == pytest.approx(100 * whole[0])
    rows = np.random.RandomState(5).randint(len(Y), size=(200, len(Y)))
    resampled = []
    for each in rows:
        pairs = [[(k[each], proba[each]) for k, proba in answers] for answers in (good, poor)]
        of_good, of_poor = (mean_precisions(Y[each], answers, one)[0] for answers in pairs)
        resampled.append(100 * (of_good - of_poor))
    np.testing.assert_allclose([low, high], np.percentile(resampled, [2.5, 97.5]))
    assert 0 < low < difference < high
    assert bootstrap_difference(Y, good, good, n_resamples=9) == (0, 0, 0)
    with pytest.raises(ValueError, match="had other labels known"):
        bootstrap_difference(Y, good, poor[::-1])


def test_kept_probabilities_have_the_scores_of_compare(table):
    from _ranks import predict_shares

    X, Y, split = table
    shares, seeds = (0, 0.5), [3, 4]
    methods = {
        "relevance": make_pipeline(StandardScaler(), BinaryRelevance()),
        "powerset": LabelPowerset(),
        "masked": MaskedLinear(),
    }
    comparison = compare(
        methods, X, Y, split=split, known_fractions=shares, random_state=seeds, n_draws=2
    )
    rows = {(row["method"], row["known_fraction"]): row["mean"] for row in comparison.rows}
    for rows_of in (X, X.tolist()):
        for name, estimator in methods.items():
            answers = predict_shares(estimator, rows_of, Y, split, shares, seeds, n_draws=2)
            for share, pairs in answers.items():
                assert len(pairs) == (4 if share else 2)
                scores = [
                    mean_average_precision(Y[split[1]], proba, known_labels=known)
                    for known, proba in pairs
                ]
                assert np.mean(scores) == pytest.approx(rows[name, share])
