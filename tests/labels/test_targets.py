"""`y` and `extra_labels` of `fit`, in every accepted form."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran.datasets import read_codes

Y = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 0]])
NAMES = np.array(["cat", "dog", "sun"])


@pytest.mark.parametrize(
    "y",
    [
        Y,
        Y.tolist(),
        Y.astype(bool),
        Y.astype(np.float32),
        Y.astype(object),
        sparse.csr_matrix(Y),
        sparse.coo_array(Y),
        pd.DataFrame(Y),
    ],
)
def test_targets_of_every_form_are_the_same(y):
    targets = encode_targets(y)
    np.testing.assert_array_equal(targets.states, Y)
    np.testing.assert_array_equal(targets.names, [0, 1, 2])
    np.testing.assert_array_equal(targets.classes, [[0, 1]] * 3)
    assert targets.states.dtype == np.int8
    assert not targets.exclusive


def test_targets_keep_the_names_of_a_data_frame():
    np.testing.assert_array_equal(encode_targets(pd.DataFrame(Y, columns=NAMES)).names, NAMES)


@pytest.mark.parametrize("missing", [np.nan, -1, None, pd.NA])
def test_missing_targets(missing):
    table = pd.DataFrame(Y, columns=NAMES).astype(object)
    table.loc[1, "cat"] = missing
    if missing is pd.NA:
        table = table.astype("Int64")
    expected = Y.copy()
    expected[1, 0] = -1
    np.testing.assert_array_equal(encode_targets(table).states, expected)


def test_gaps_in_nullable_columns_and_objects():
    column = pd.array([0, 1, None], dtype="boolean")
    expected = [[0], [1], [-1]]
    for y in (pd.DataFrame({"a": column}), pd.DataFrame({"a": list(column)}, dtype=object)):
        np.testing.assert_array_equal(encode_targets(y).states, expected)
    states, _ = encode_extra_labels({"a": pd.Series(column), "b": pd.array([1, 0, None], "Int64")})
    np.testing.assert_array_equal(states, [[0, 1], [1, 0], [-1, -1]])


def test_classes():
    targets = encode_targets(["owl", "tit", "owl"])
    np.testing.assert_array_equal(targets.classes, ["owl", "tit"])
    np.testing.assert_array_equal(targets.names, ["owl", "tit"])
    np.testing.assert_array_equal(targets.states, [[1, 0], [0, 1], [1, 0]])
    assert targets.exclusive


def test_a_column_of_0_and_1_is_one_label():
    for y in ([[0], [1]], [[0], [np.nan], [1]], pd.DataFrame({"a": [0.0, 1.0, -1.0]})):
        targets = encode_targets(y)
        assert not targets.exclusive
        assert targets.states.shape == (len(y), 1)


@pytest.mark.parametrize("y", [[[0], [2], [1]], pd.DataFrame({"a": ["x", "z", "y"]})])
def test_a_column_of_other_values_holds_classes(y):
    with pytest.warns(DataConversionWarning, match="column-vector") as caught:
        targets = encode_targets(y)
    assert caught[0].filename == __file__
    assert targets.exclusive
    np.testing.assert_array_equal(targets.states, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])


@pytest.mark.parametrize(
    "y, message",
    [
        (None, "requires y to be passed"),
        (np.zeros((0, 3)), "y is empty"),
        (np.zeros((3, 0)), "y is empty"),
        ([[0, 1], [2, 1]], "row 1, label 0 holds 2"),
        ([[0, 0.5]], "row 0, label 1 holds 0.5"),
        ([[0, np.inf]], "row 0, label 1 holds inf"),
        ([["yes", "no"]], "y must hold numbers"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
        ({"a": [0, 1]}, r"got a dict: pass pandas.DataFrame\(y\)"),
        ("sky", "got a single str"),
        (pd.period_range("2020", periods=2), "y, row 0, holds a Period.*make texts"),
        (["a", object()], "y, row 1, holds a object"),
        ([[0, 1], [1]], "cannot be read as a table"),
        (np.full((2, 2), -1), "no annotated entry at all"),
        (np.full((2, 2), np.nan), "no annotated entry at all"),
        ([[1, -1], [-1, 1]], "write 0 where a label is absent"),
        ([1, 1, 1], "one class"),
        ([0.5, 1.5, 2.1], "Unknown label type"),
        ([0, np.nan, 1], "NaN"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(y)


def test_labels_without_annotation_are_named():
    table = pd.DataFrame(Y, columns=NAMES).astype(float)
    table["dog"] = np.nan
    with pytest.raises(ValueError, match=r"annotated for label\(s\) 'dog' of y"):
        encode_targets(table)
    many = np.column_stack([[0, 1], np.full((2, 7), -1)])
    with pytest.raises(ValueError, match=r"label\(s\) 1, 2, 3, 4, 5 and 2 more of y"):
        encode_targets(many)


def test_positives_with_gaps_are_enough_if_some_label_has_a_0():
    np.testing.assert_array_equal(encode_targets([[1, 1], [-1, 0]]).states, [[1, 1], [-1, 0]])
    np.testing.assert_array_equal(encode_targets([[1, 1], [1, 1]]).states, [[1, 1], [1, 1]])


def test_label_names_must_differ():
    with pytest.raises(ValueError, match="different names"):
        encode_targets(pd.DataFrame(Y, columns=["a", "a", "b"]))


@pytest.mark.parametrize(
    "extra",
    [
        Y,
        Y.tolist(),
        sparse.csr_matrix(Y),
        pd.DataFrame(Y, columns=["extra0", "extra1", "extra2"]),
        {"extra0": Y[:, 0], "extra1": Y[:, 1].tolist(), "extra2": pd.Series(Y[:, 2])},
    ],
)
def test_extra_labels_of_every_form_are_the_same(extra):
    states, names = encode_extra_labels(extra)
    np.testing.assert_array_equal(states, Y)
    assert states.dtype == np.int8
    assert names.tolist() == ["extra0", "extra1", "extra2"]


def test_no_extra_labels():
    states, names = encode_extra_labels(None)
    assert states is None
    assert names.tolist() == [] and names.dtype == object


@pytest.mark.parametrize("missing", [np.nan, None, -1])
def test_missing_extra_labels(missing):
    states, names = encode_extra_labels({"wet": [1, missing, 0], "warm": [0, 1, 1]})
    np.testing.assert_array_equal(states, [[1, 0], [-1, 1], [0, 1]])
    assert names.tolist() == ["wet", "warm"]


@pytest.mark.parametrize(
    "extra, message",
    [
        (["sun", "rain"], "get_dummies"),
        ({"wet": [1, 0], "warm": [1]}, "columns of one length"),
        ({"wet": 1}, "columns of one length"),
        ({}, "columns of one length"),
        ([[0, 3]], "extra_labels must hold 0 and 1.* row 0, label 'extra1' holds 3"),
        (np.zeros((0, 2)), "extra_labels is empty"),
        (pd.DataFrame({"wet": [np.nan, np.nan], "warm": [1, 0]}), "'wet' of extra_labels"),
        ([[1, -1], [-1, 1]], "extra_labels has no 0"),
    ],
)
def test_bad_extra_labels(extra, message):
    with pytest.raises(ValueError, match=message):
        encode_extra_labels(extra)


def presence(n_labels=3, n=200):
    """0 and 1, a sixth of them 1."""
    return (np.random.RandomState(0).rand(n, n_labels) < 1 / 6).astype(float)


def test_positives_among_missing_entries_are_refused_label_by_label():
    table = pd.DataFrame(presence(), columns=NAMES)
    table["dog"] = table["dog"].where(table["dog"] == 1, np.nan)
    message = "no annotated negative and mostly missing entries, for label.s. 'dog': .*VOC.*CheX"
    for gaps in (table, table.fillna(-1)):
        with pytest.raises(ValueError, match=message):
            encode_targets(gaps)
    with pytest.raises(ValueError, match=r"label\(s\) 'extra1': such"):
        encode_extra_labels(table.to_numpy())
    # The ways out of the message.
    absent = encode_targets(read_codes(table, negative=[0, np.nan], unknown=-1)).states
    np.testing.assert_array_equal(absent, presence())


def test_a_table_of_voc_with_difficult_objects_warns():
    voc = np.where(presence() == 1, 1, -1)
    voc[::40] = 0
    with pytest.warns(UserWarning, match=r"most of the others are 1.*read_codes\(y\) for Pascal"):
        encode_targets(voc)
    states = encode_targets(read_codes(voc)).states
    np.testing.assert_array_equal(states[1:40], presence()[1:40])
    assert (states[::40] == -1).all()


def test_negatives_alone_are_refused_only_if_the_whole_table_has_no_positive():
    table = presence()
    table[::3] = np.nan
    table[table == 1] = np.nan
    table[1::3] = np.nan
    with pytest.raises(ValueError, match="y has no 1 at all"):
        encode_targets(table)
    table[1::3, 0] = presence()[1::3, 0]
    assert not (encode_targets(table).states[:, 1:] == 1).any()


def test_labels_of_one_state_stay_where_few_entries_are_missing():
    table = presence()
    table[:, 0], table[:, 1] = 1, 0
    np.testing.assert_array_equal(encode_targets(table).states, table)
    table[: len(table) // 3, 0] = np.nan
    assert (encode_targets(table).states[len(table) // 3 :, 0] == 1).all()
    # Nine positives and no negative may be chance.
    table[9:, 0] = np.nan
    table[:9, 0] = 1
    assert (encode_targets(table).states == 1)[:, 0].sum() == 9
    table[9, 0] = 1
    with pytest.raises(ValueError, match="for label.s. 0: "):
        encode_targets(table)


@pytest.mark.parametrize(
    "classes", [[True, False, True], [3, 5, 3], [0.0, 1.0, 0.0], [np.int64(3), 5, np.float32(3)]]
)
def test_numbers_among_objects_are_classes(classes):
    targets = encode_targets(np.array(classes, dtype=object))
    assert targets.classes.tolist() == sorted(set(classes))
    np.testing.assert_array_equal(
        targets.states.argmax(axis=1), encode_targets(classes).states[:, 1]
    )


def test_infinite_classes_are_refused_without_a_warning_of_numpys():
    with pytest.raises(ValueError, match="infinity"):
        encode_targets([1.0, np.inf, -np.inf])
