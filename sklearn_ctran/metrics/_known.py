"""Drawing the known labels for scores of predictions that know a share of the labels."""

from numbers import Integral, Real

import numpy as np

from sklearn_ctran.modules.label_states import UNKNOWN


def draw_known_labels(states, fraction, seed):
    """States (n_samples, n_labels), int8, of a share of each row's annotated labels; -1 elsewhere.

    `fraction` in [0, 1] is rounded down in each row, so that below 1 no annotated row is known
    completely. `seed` determines the draw. Labels drawn for a fraction are also drawn for a larger
    one.
    """
    annotated = states != UNKNOWN
    order = np.random.RandomState(seed).random_sample(states.shape)
    order[~annotated] = 1.0  # Last in the order.
    rank = order.argsort(axis=1).argsort(axis=1)
    # The small term is needed because 0.29 * 100 is a little less than 29 in floating point.
    n_known = np.floor(fraction * annotated.sum(axis=1, keepdims=True) + 1e-9)
    return np.where(annotated & (rank < n_known), states, np.int8(UNKNOWN))


def check_known_fraction(fraction, name="known_fraction"):
    """Raise a ValueError unless `fraction` is a number in [0, 1)."""
    if not isinstance(fraction, Real) or not 0 <= fraction < 1:
        raise ValueError(
            f"{name} must be in [0, 1), got {fraction!r}: with 1, no label would be left to score."
        )


def check_seed(seed):
    """Raise a ValueError unless `seed`, a `random_state`, is an integer that NumPy accepts."""
    if not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(
            f"random_state must be an integer from 0 to 2**32 - 1, got {seed!r}. Only a fixed "
            "seed scores all estimators on the same entries."
        )
