"""Few training photos: what is drawn, gaps that are filled, and scores."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_ctran.baselines import BinaryRelevance, LabelPowerset
from sklearn_ctran.metrics import expected_calibration_error, mean_average_precision


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(200, 6)
    return X, (X[:, :4] + rng.randn(200, 4) > 0.3).astype(int)


def test_photos_and_gaps_are_drawn_from_the_training_part(table):
    from few_images import draw_training_part

    _, Y = table
    train = np.arange(200) % 4 > 0
    rows, given = draw_training_part(Y, train, 100, seed=3)
    assert len(set(rows)) == 100 and train[rows].all()
    assert 0.33 < (given == -1).mean() < 0.47
    np.testing.assert_array_equal(given[given >= 0], Y[rows][given >= 0])
    again, other = (draw_training_part(Y, train, 100, seed) for seed in (3, 4))
    np.testing.assert_array_equal(again[1], given)
    assert not np.array_equal(other[0], rows)


def test_a_powerset_learns_from_filled_rows(table):
    from few_images import FilledPowerset

    X, Y = table
    given = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.4, -1, Y)
    logistic = LogisticRegression(C=0.1)
    predicted = BinaryRelevance(logistic).fit(X, given).predict(X)
    filled = np.where(given == -1, predicted, given)
    expected = LabelPowerset(logistic).fit(X, filled).predict_proba(X)
    np.testing.assert_array_equal(FilledPowerset(logistic).fit(X, given).predict_proba(X), expected)


def test_scores_are_of_the_hidden_labels(table):
    from _common import hide_labels
    from few_images import score

    X, Y = table
    model = BinaryRelevance().fit(X, Y)
    figures = score(model, X, Y, seed=2, n_draws=2)
    known = [hide_labels(Y, 50, 2000 + draw) for draw in range(2)]
    proba = [model.predict_proba(X, known_labels=each) for each in known]
    for figure, metric in (("mAP", mean_average_precision), ("ECE", expected_calibration_error)):
        each = [metric(Y, p, known_labels=k) for p, k in zip(proba, known, strict=True)]
        assert figures[f"{figure} 50"] == pytest.approx(100 * np.mean(each))
    assert set(figures) == {
        f"{name} {share}" for name in ("mAP", "ECE") for share in (0, 25, 50, 75)
    }
