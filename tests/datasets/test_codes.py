"""Codes of labels become 1, 0 and NaN."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.datasets import read_codes
from sklearn_ctran.metrics import mean_average_precision

NAN = np.nan
VOC = np.array([[1, -1, 0], [-1, -1, 1]])
STATES = [[1, 0, NAN], [0, 0, 1]]


@pytest.mark.parametrize(
    "codes",
    [VOC, VOC.astype(float), VOC.astype(np.int8), VOC.tolist(), VOC.astype(object)],
)
def test_the_defaults_are_those_of_voc(codes):
    states = read_codes(codes)
    np.testing.assert_array_equal(states, STATES)
    assert states.dtype == np.float64


def test_frames_and_series_stay_what_they_are():
    frame = pd.DataFrame(VOC, index=["a.jpg", "b.jpg"], columns=["cat", "dog", "sun"])
    states = read_codes(frame)
    pd.testing.assert_frame_equal(states, pd.DataFrame(STATES, frame.index, frame.columns, float))
    pd.testing.assert_series_equal(read_codes(frame["cat"]), states["cat"])
    np.testing.assert_array_equal(read_codes([1, 0, -1]), [1, NAN, 0])


def test_what_is_empty_is_unknown_unless_it_is_named():
    for empty in (None, NAN, pd.NA, np.ma.masked):
        np.testing.assert_array_equal(read_codes([[1, empty]]), [[1, NAN]])
        np.testing.assert_array_equal(read_codes([[1, empty]], negative=NAN), [[1, 0]])
        np.testing.assert_array_equal(read_codes([[1, empty]], negative=(None, -1)), [[1, 0]])
    masked = np.ma.masked_array([[1, -1]], mask=[[0, 1]])
    np.testing.assert_array_equal(read_codes(masked), [[1, NAN]])
    frame = pd.DataFrame({"cat": pd.array([1, None, -1], dtype="Int64")})
    np.testing.assert_array_equal(read_codes(frame)["cat"], [1, NAN, 0])


def test_texts_and_booleans_are_codes_too():
    states = read_codes([["yes", "no", ""]], positive="yes", negative="no", unknown="")
    np.testing.assert_array_equal(states, [[1, 0, NAN]])
    np.testing.assert_array_equal(read_codes(np.array([True, False]), True, False, []), [1, 0])


def test_positives_alone_are_learned_once_the_rest_is_read_as_absent():
    """One positive of each row is marked; the true labels are ranked all the same."""
    rng = np.random.RandomState(0)
    X = rng.randn(600, 4)
    truth = (X + 0.3 * rng.randn(600, 4) > 0.5).astype(int)
    marked = np.full(truth.shape, NAN)
    rows = np.flatnonzero(truth.any(axis=1))
    marked[rows, (rng.random_sample(truth.shape) * truth)[rows].argmax(axis=1)] = 1
    model = BinaryRelevance(LogisticRegression())
    with pytest.raises(ValueError, match=r"no 0 at all.*negative=\[-1, float\('nan'\)\]\) where"):
        model.fit(X[:400], marked[:400])
    model.fit(X[:400], read_codes(marked[:400], negative=[-1, NAN]))
    assert mean_average_precision(truth[400:], model.predict_proba(X[400:])) > 0.85


@pytest.mark.parametrize(
    "y, codes, message",
    [
        ([[1, 2]], {}, "row 0, label 1, holds 2, but the codes are 1, -1, 0"),
        (pd.DataFrame({"cat": [1, 1], "dog": [0, "no"]}), {}, "row 1, label 'dog', holds 'no'"),
        ([1, "1"], {}, "row 0, holds '1'"),
        ([[1, 0]], {"negative": 0}, "The code 0 has two meanings, one of them 'unknown'"),
        ([[1, NAN]], {"negative": NAN, "unknown": NAN}, "code None has two meanings"),
        (np.zeros((1, 1, 1)), {}, "3 dimensions"),
        ([[1 + 1j]], {}, "complex"),
        ([[1], [1, 0]], {}, "differ in length"),
    ],
)
def test_other_codes_are_refused(y, codes, message):
    with pytest.raises(ValueError, match=message):
        read_codes(y, **codes)


def test_sparse_tables_are_refused():
    with pytest.raises(TypeError, match="sparse"):
        read_codes(sparse.csr_matrix(VOC))


@pytest.mark.parametrize("positive", [range(1, 4), pd.Series([1, 2, 3]), {1: "a", 2: "b", 3: "c"}])
def test_codes_in_any_collection(positive):
    states = read_codes([[1, 2, 3, -1, 0]], positive=positive)
    np.testing.assert_array_equal(states, [[1, 1, 1, 0, np.nan]])
