"""Checks of arguments."""

import numpy as np
import pytest

from sklearn_ctran._utils.checks import check_count, check_not_masked, check_predicted


@pytest.mark.parametrize("value, least", [(1, 1), (np.int64(3), 1), (0, 0), (2, 2)])
def test_counts(value, least):
    check_count("n", value, least)


@pytest.mark.parametrize(
    "value, least, message",
    [
        (0, 1, "n must be an integer above 0, got 0."),
        (True, 1, "n must be an integer above 0, got True."),
        (1.0, 1, "n must be an integer above 0, got 1.0."),
        (None, 0, "n must be an integer of at least 0, got None."),
        (-1, 0, "n must be an integer of at least 0, got -1."),
    ],
)
def test_what_is_no_count(value, least, message):
    with pytest.raises(ValueError, match=message):
        check_count("n", value, least)


def test_rows_without_a_prediction_are_named():
    check_predicted(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"no prediction of row\(s\) 1, 3, .* leave them out"):
        check_predicted([[0.5, 0.5], [np.nan, 0.5], [0.0, 1.0], [np.nan, np.nan]])


def test_masked_entries():
    values = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    with pytest.raises(ValueError, match=r"weights has masked entries.*weights.filled\(0\)"):
        check_not_masked(values, "weights")
    for others in (values[:1], np.ma.masked_array([1.0, 2.0]), [1.0], None, np.zeros(2)):
        check_not_masked(others, "weights")
