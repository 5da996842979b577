"""Which labels are told, when predictions are scored with a share of them known."""

from numbers import Integral, Real

import numpy as np

from sklearn_ctran.modules.label_states import UNKNOWN


def draw_known_labels(states, fraction, seed):
    """Draw a share of the annotated labels of each row.

    Parameters
    ----------
    states : ndarray of shape (n_samples, n_labels), int8
        1 positive, 0 negative, -1 not annotated.
    fraction : float
        In [0, 1]. Rounded down in each row: with less than 1, no annotated row is told completely.
    seed : int
        Determines which. What is drawn for a share is drawn for a larger one too.

    Returns
    -------
    known : ndarray of shape (n_samples, n_labels), int8
        `states` where drawn, -1 elsewhere.
    """
    annotated = states != UNKNOWN
    order = np.random.RandomState(seed).random_sample(states.shape)
    order[~annotated] = 1.0  # Behind all annotated ones.
    rank = order.argsort(axis=1).argsort(axis=1)
    # 0.29 * 100 is a little less than 29.
    n_known = np.floor(fraction * annotated.sum(axis=1, keepdims=True) + 1e-9)
    return np.where(annotated & (rank < n_known), states, np.int8(UNKNOWN))


def check_known_fraction(fraction, name="known_fraction"):
    """Raise a ValueError unless `fraction` is a number in [0, 1)."""
    if not isinstance(fraction, Real) or not 0 <= fraction < 1:
        raise ValueError(
            f"{name} must be in [0, 1), got {fraction!r}: with all labels known none is left to "
            "score."
        )


def check_seed(seed):
    """Raise a ValueError unless `seed`, a `random_state`, is an integer that numpy takes."""
    if not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(
            f"random_state must be an integer from 0 to 2**32 - 1, got {seed!r}: all estimators "
            "are to be scored on the same entries."
        )
