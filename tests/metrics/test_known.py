"""Drawing known labels; test_scorers.py tests smaller shares."""

import numpy as np
import pytest

from sklearn_ctran.metrics._known import check_seed, draw_known_labels


def test_all_that_is_annotated_can_be_told():
    states = np.array([[1, 0, -1], [-1, -1, -1]], dtype=np.int8)
    known = draw_known_labels(states, 1.0, 0)
    np.testing.assert_array_equal(known, states)
    assert known.dtype == np.int8


@pytest.mark.parametrize("seed", [None, -1, 2**32, 0.5])
def test_seeds_are_integers_that_numpy_takes(seed):
    with pytest.raises(ValueError, match="same entries"):
        check_seed(seed)
