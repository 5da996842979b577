"""Graphs of labels, given or counted."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_ctran._labels.graphs import (
    cooccurrence,
    lift,
    nearest_and_farthest,
    read_label_graph,
    similarity,
)

NAMES = ["cat", "dog", 3]
WEIGHTS = np.array([[0, 0.5, 1], [0.25, 0, 0], [2, 0, 0.125]])
BY_NAME = pd.DataFrame(WEIGHTS, index=NAMES, columns=NAMES)


@pytest.mark.parametrize(
    "graph",
    [
        WEIGHTS,
        WEIGHTS.tolist(),
        sparse.csr_array(WEIGHTS),
        BY_NAME,
        BY_NAME.loc[[3, "cat", "dog"], ["dog", 3, "cat"]],
        BY_NAME.reindex(index=["cow", *NAMES], columns=[*NAMES, "cow"]),
    ],
    ids=["array", "list", "sparse", "frame", "another order", "another label"],
)
def test_in_the_order_of_the_labels(graph):
    read = read_label_graph(graph, NAMES)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, WEIGHTS)


def changed(row, column, value):
    weights = WEIGHTS.copy()
    weights[row, column] = value
    return weights


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (WEIGHTS[:2], r"must be square, .* of the 3 labels; its shape is \(2, 3\)"),
        (WEIGHTS[0], r"must be square, .* its shape is \(3,\)"),
        (5, r"must be square, .* its shape is \(\)"),
        (WEIGHTS[:2, :2], r"each of the 3 labels 'cat', 'dog', 3; its shape is \(2, 2\)"),
        (changed(0, 2, -1), "edge from 'cat' to 3 is negative: -1"),
        (changed(2, 1, np.nan), r"edge from 3 to 'dog' is missing \(NaN\)"),
        (changed(1, 1, np.inf), "edge from 'dog' to 'dog' is infinite"),
        (BY_NAME.rename(index={"cat": "Cat"}), "no row for 'cat'. Did you mean 'Cat'?"),
        (BY_NAME.drop(columns=["dog", 3]), "no column for 'dog', 3"),
        (BY_NAME.loc[[*NAMES, "dog"]], "more than one row for 'dog'"),
        (BY_NAME[[*NAMES, 3]], "more than one column for 3"),
    ],
)
def test_bad_graphs(graph, message):
    with pytest.raises(ValueError, match="^weights.*" + message):
        read_label_graph(graph, NAMES, "weights")


def test_shares_are_counted_over_rows_in_which_both_are_annotated():
    states = np.array([[1, 1, -1], [1, 0, 1], [1, -1, 0], [0, 1, 1], [-1, 1, 0]])
    shares = cooccurrence(states, np.ones(5))
    # Rows 0 and 1 have label 0 and an annotation of label 1, rows 1 and 2 one of label 2.
    expected = [[0, 1 / 2, 1 / 2], [1 / 2, 0, 1 / 2], [1 / 2, 1 / 2, 0]]
    np.testing.assert_allclose(shares, expected)
    assert shares.dtype == np.float32


def test_weights_are_repetitions():
    rng = np.random.RandomState(0)
    states, weights = rng.randint(-1, 2, size=(30, 4)), rng.randint(3, size=30)
    np.testing.assert_allclose(
        cooccurrence(states, weights),
        cooccurrence(np.repeat(states, weights, axis=0), np.ones(weights.sum())),
    )


def test_labels_that_were_never_positive_or_never_annotated_together_have_no_edge():
    states = np.array([[1, -1, 0], [1, -1, 0], [-1, 1, 0]])
    np.testing.assert_array_equal(cooccurrence(states, np.ones(3)), np.zeros((3, 3)))


def test_lift_is_what_a_label_adds_to_the_share_of_another():
    states = np.array([[1, 1, -1], [1, 0, 1], [1, -1, 0], [0, 1, 1], [-1, 1, 0]])
    # Shares are 3/4, 3/4 and 1/2.
    expected = [[0, 1 / 2 - 3 / 4, 0], [1 / 2 - 3 / 4, 0, 0], [1 / 2 - 3 / 4, 1 / 2 - 3 / 4, 0]]
    np.testing.assert_allclose(lift(states, np.ones(5)), expected, atol=1e-6)
    never = np.array([[1, -1], [-1, 1]])
    np.testing.assert_array_equal(lift(never, np.ones(2)), np.zeros((2, 2)))


def test_cosines():
    rows, columns = np.array([[2.0, 0], [0, 0]]), np.array([[1.0, 1], [0, 3], [5, 0]])
    expected = [[0.5**0.5, 0, 1], [0, 0, 0]]
    np.testing.assert_allclose(similarity(rows, columns), expected, rtol=1e-6)


def test_nearest_and_farthest():
    weights = np.array([[np.nan, 1, 3, 2, 0], [5, np.nan, 2, 0, 1]])
    nearest, farthest = nearest_and_farthest(weights, 1)
    np.testing.assert_array_equal(nearest, [[0, 0, 1, 0, 0], [1, 0, 0, 0, 0]])
    np.testing.assert_array_equal(farthest, [[0, 0, 0, 0, 1], [0, 0, 0, 1, 0]])
    # Of four columns, no more than two can be near and two be far.
    assert nearest_and_farthest(weights, 9).sum(axis=2).tolist() == [[2, 2], [2, 2]]
    assert not nearest_and_farthest(np.full((1, 1), np.nan), 9).any()
