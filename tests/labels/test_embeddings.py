"""Vectors of labels, in order or by name."""

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._labels.embeddings import read_label_embeddings

NAMES = ["cat", "dog", 3]
VECTORS = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    "embeddings",
    [
        VECTORS,
        VECTORS.tolist(),
        {3: VECTORS[2], "cat": VECTORS[0], "dog": VECTORS[1].tolist(), "cow": [1]},
        pd.DataFrame([*VECTORS[::-1], [9] * 4], index=[3, "dog", "cat", "cow"]),
    ],
    ids=["array", "list", "dict", "frame"],
)
def test_in_the_order_of_the_labels(embeddings):
    read = read_label_embeddings(embeddings, NAMES)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, VECTORS)


@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        (VECTORS[:2], r"one row for each of the 3 labels, got an array of shape \(2, 4\)"),
        (VECTORS[0], r"one row for each of the 3 labels, got an array of shape \(4,\)"),
        ({"Cat": [1], "dog": [2], 3: [3]}, "no vector for 'cat'. Did you mean 'Cat'?"),
        ({"cat": [1], "dog": [2, 3], 3: [3]}, r"vector of 'dog' has the shape \(2,\), that of"),
        ({"cat": 1, "dog": 2, 3: 3}, r"vector of 'cat' has the shape \(\)"),
        (pd.DataFrame([[1]] * 4, index=["cat", "dog", 3, "dog"]), "more than one row for 'dog'"),
        ([[0, 1], [np.nan, 1], [0, np.inf]], "infinite or missing numbers for 'dog', 3"),
        (np.ones((3, 0)), "0 feature"),
        ([["a"], ["b"], ["c"]], "could not convert string to float"),
    ],
)
def test_bad_vectors(embeddings, message):
    with pytest.raises(ValueError, match=message):
        read_label_embeddings(embeddings, NAMES, "vectors")


def test_the_argument_is_named():
    with pytest.raises(ValueError, match="^vectors has no vector for 'cat', 'dog', 3"):
        read_label_embeddings({}, NAMES, "vectors")
