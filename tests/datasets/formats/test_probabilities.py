"""Frames of probabilities, as the writers read them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_ctran.datasets._formats.probabilities import read_probabilities, read_thresholds


def test_frames():
    proba = read_probabilities(pd.DataFrame({"cat": [0.5, np.nan]}, index=["a.jpg", "b.jpg"]))
    assert (proba.paths, proba.names) == (["a.jpg", "b.jpg"], ["cat"])
    np.testing.assert_array_equal(proba.values, [[0.5], [np.nan]])
    proba = read_probabilities(pl.DataFrame({"cat": [0.5]}), images=["a.jpg"])
    assert (proba.paths, proba.values.tolist()) == (["a.jpg"], [[0.5]])


@pytest.mark.parametrize(
    ("proba", "error", "message"),
    [
        (np.ones((2, 2)), TypeError, "must be a data frame .* got ndarray"),
        (pd.DataFrame({"cat": ["x"]}), ValueError, "holds texts"),
        (pd.DataFrame({"cat": [0.1, 1.5]}), ValueError, "row 1, label 'cat' holds 1.5"),
        (pl.DataFrame({"cat": [0.1]}), ValueError, "pass them as images="),
    ],
)
def test_what_is_refused(proba, error, message):
    with pytest.raises(error, match=message):
        read_probabilities(proba)


def test_thresholds():
    assert read_thresholds(0.3, ["a", "b"]).tolist() == [0.3, 0.3]
    assert read_thresholds({"b": 0.1}, ["a", "b"]).tolist() == [0.5, 0.1]
    assert read_thresholds([0.1, 0.2], ["a", "b"]).tolist() == [0.1, 0.2]
