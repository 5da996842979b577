"""What the tests of pictures share."""

import matplotlib
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def canvas_without_screen():
    """No test opens a window."""
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    return plt


@pytest.fixture
def plt(canvas_without_screen):
    return canvas_without_screen


@pytest.fixture
def scored():
    """Truth, probabilities, and names of 40 characters, of any number of labels."""

    def make(n_labels, n_samples=60):
        rng = np.random.RandomState(0)
        y = (rng.rand(n_samples, n_labels) < 0.3).astype(int)
        y[0] = 1
        score = 1 / (1 + np.exp(-(3 * (y - 0.5) * rng.rand(n_labels) + rng.randn(*y.shape))))
        names = [f"{i:03d} a label with a name of 40 characters"[:40] for i in range(n_labels)]
        return y, score, names

    return make


@pytest.fixture
def texts_of():
    """All that is written in a figure."""

    def read(figure):
        import matplotlib.text

        figure.draw_without_rendering()
        return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]

    return read
