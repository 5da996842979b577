"""The simulated annotator clicks what is wrong, and clicks are counted."""

import numpy as np
import pytest


@pytest.fixture
def clicks():
    import annotation_clicks

    return annotation_clicks


class Model:
    """Its first guess is half wrong; it knows all once a label of a photo is known."""

    def __init__(self, guess, truth):
        self.guess, self.truth = guess, truth

    def predict_proba(self, rows, known_labels=None):
        proba = self.guess[rows].copy()
        if known_labels is not None:
            told = (known_labels >= 0).any(axis=1)
            proba[told] = self.truth[rows][told]
        return proba


@pytest.fixture
def desk(clicks):
    """A function that makes a desk of this class, of three photos with four labels."""
    truth = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]], bool)
    guess = np.array([[0.9, 0.2, 0.6, 0.1], [0.2, 0.3, 0.1, 0.1], [0.1, 0.4, 0.2, 0.3]])

    def make(name):
        model = Model(guess, truth.astype(float))
        return getattr(clicks, name)(model, np.arange(3), truth, np.random.RandomState(0))

    return make


@pytest.mark.parametrize(
    ("name", "n_clicks"),
    [
        ("EmptyForm", [2, 1]),  # both labels of the first photo, the one of the second
        ("PrefilledOnce", [2, 1]),  # a wrong tick and a missing one, a missing one
        ("PrefilledAgain", [2]),  # the wrong tick of the first photo tells the rest
        ("UncertainQuestions", [2]),
    ],
)
def test_clicks_of_each_round(clicks, desk, name, n_clicks):
    campaign = clicks.run(desk(name), 5)
    np.testing.assert_allclose(campaign.clicks, np.cumsum([0, *n_clicks]) / 3)
    assert campaign.recall[-1] == campaign.precision[-1] == campaign.complete[-1] == 1


def test_a_wrong_tick_goes_first(desk):
    form = desk("PrefilledOnce")
    form.click()
    assert form.ticked.tolist() == [
        [True, False, False, False],
        [False, True, False, False],
        4 * [False],
    ]


def test_rounds_end(clicks, desk):
    campaign = clicks.run(desk("EmptyForm"), 1)
    assert len(campaign.clicks) == 2 and np.isnan(campaign.clicks_until_enough())


def test_clicks_until_enough(clicks):
    campaign = clicks.Campaign([0, 2, 4], [0.45, 0.95, 1], [1, 0.85, 1.05])
    assert campaign.clicks_until_enough() == pytest.approx(3)
    campaign.precision = [1, 1, 1]
    assert campaign.clicks_until_enough() == pytest.approx(2)
