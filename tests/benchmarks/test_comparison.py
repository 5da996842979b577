"""The comparison's own parts: scores by share, ranks over sets, intervals to the best rival."""

from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_ctran import compare
from sklearn_ctran.baselines import BinaryRelevance, LabelPowerset, MaskedLinear


@pytest.fixture(scope="module")
def data():
    from _sets import Data

    rng = np.random.RandomState(0)
    X = rng.randn(150, 4)
    Y = (X[:, :3] + rng.randn(150, 3) > 0.3).astype(int)
    Y[:, 2] = Y[:, 0] ^ (rng.rand(150) < 0.05)
    methods = {
        "relevance": BinaryRelevance(),
        "powerset": LabelPowerset(),
        "masked": MaskedLinear(random_state=0),
    }
    return Data(X, Y, np.arange(150) < 90, methods)


@pytest.fixture(scope="module")
def compared(data):
    from comparison import SHARES

    return compare(data.methods, data.X, data.Y, split=data.split, known_fractions=SHARES)


def test_ranks_are_over_all_sets_but_that_of_extra_labels(compared):
    from comparison import EXTRA, SHARES, rank_over_sets, scores_of

    scores = scores_of(compared)
    assert set(scores) == set(SHARES)
    ranks = rank_over_sets({"one": compared, "two": compared, EXTRA: compared})
    for share, of_share in ranks.items():
        expected = sorted(scores[share], key=scores[share].get, reverse=True)
        assert of_share.methods == expected
        assert of_share.n_sets == 2
    assert rank_over_sets({"one": compared}) == {}


def test_the_difference_to_the_best_rival_is_that_of_the_scores(data, compared, capsys):
    from comparison import compare_with_best, scores_of

    arguments = SimpleNamespace(against="relevance", seeds=[0], draws=1)
    intervals = compare_with_best(data, compared, arguments)
    for share, scores in scores_of(compared).items():
        rival = max(("powerset", "masked"), key=scores.get)
        found = intervals[str(share)]
        assert found["rival"] == rival
        difference, low, high = found["interval"]
        assert difference == pytest.approx(100 * (scores["relevance"] - scores[rival]))
        assert low <= difference <= high
    assert "50 % known: relevance - " in capsys.readouterr().out
