"""Tables of states, and the columns of a `y`."""

import re

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._labels.states import as_table, column_order, in_order, read_states

NAMES = np.array(["cat", "dog"])
STATES = [[1, 0], [-1, 1]]


@pytest.mark.parametrize(
    "table",
    [
        STATES,
        [[1.0, 0.0], [np.nan, 1.0]],
        [[True, False], [None, True]],
        [[np.True_, "0"], [pd.NA, np.float32(1)]],
        np.array(STATES, dtype=np.float16),
        pd.DataFrame(STATES).astype("Int8").replace(-1, pd.NA),
        pd.DataFrame({"a": [True, None], "b": [False, True]}),
    ],
)
def test_every_way_to_write_states(table):
    states = read_states(table, NAMES, "y")
    np.testing.assert_array_equal(states, STATES)
    assert states.dtype == np.int8


@pytest.mark.parametrize(
    "table, message",
    [
        ([[0, 1], [1, 2]], "^known must hold 0 and 1, .* row 1, label 'dog' holds 2.$"),
        ([[0, 1], [-2, 7]], "row 1, label 'cat' holds -2"),
        ([[0, 1e-9]], "row 0, label 'dog' holds 1e-09"),
        ([["a", 1]], "^known must hold numbers .*row 0, label 'cat' holds 'a'"),
        ([[0, 1, 1]], r"one column for each of 2 labels, got shape \(1, 3\)"),
        ([0, 1], r"one column for each of 2 labels, got shape \(2,\)"),
    ],
)
def test_wrong_states(table, message):
    with pytest.raises(ValueError, match=message):
        read_states(table, NAMES, "known")


def test_a_label_with_a_tuple_as_name_is_named():
    with pytest.raises(ValueError, match=r"label \('x', 2\) holds 3"):
        read_states([[0, 3]], [("x", 1), ("x", 2)], "y")


def test_tables_are_not_copied():
    for table in (np.eye(2), pd.DataFrame(np.eye(2))):
        assert as_table(table) is table
    with pytest.raises(ValueError, match="cannot be read as a table of labels"):
        as_table([[0, 1], [1]])


@pytest.mark.parametrize(
    "columns, message",
    [
        (["cat", "owl"], "y lacks 'dog' and has, beside the labels, 'owl'"),
        (["cat", "Dog"], "beside the labels, 'Dog'. Did you mean 'dog'?"),
        (["cat"], "y lacks 'dog'"),
        (["cat", "dog", "owl"], "has, beside the labels, 'owl'"),
        (["cat", "dog", "cat"], "y has twice 'cat'"),
    ],
)
def test_columns_must_be_the_labels(columns, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        column_order(columns, NAMES)


@pytest.mark.parametrize("names", [["cat", "dog"], [1, 0], [("a", 1), ("a", 2)]])
def test_columns_come_into_the_order_of_the_labels(names):
    table = pd.DataFrame([[1, 0]], columns=pd.Index(names, tupleize_cols=False))
    assert in_order(table, names) is table
    other = in_order(table, names[::-1])
    assert (other.columns.tolist(), other.to_numpy().tolist()) == (names[::-1], [[0, 1]])
    assert column_order(table.columns, names[::-1]) == [1, 0]


@pytest.mark.parametrize("cell", [[1], (1,), {1}, np.array([1]), b"1"], ids=str)
@pytest.mark.parametrize("form", [lambda table: table, pd.DataFrame], ids=["array", "frame"])
def test_a_cell_that_holds_one_number_is_no_number(cell, form):
    """NumPy would read a list of one number as the number."""
    table = np.array([[0, 1]], dtype=object)
    table[0, 1] = cell
    with pytest.raises(
        ValueError, match=r"row 0, label 'b' holds a (list|tuple|set|ndarray|bytes)"
    ):
        read_states(form(table), ["a", "b"], "y")


def test_bytes_are_no_numbers():
    with pytest.raises(ValueError, match=r"row 0, label 'cat' holds a bytes"):
        read_states(as_table([[b"1", 0], [0, 1]]), NAMES, "y")
