"""Targets, known labels, masks, probabilities."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from sklearn_ctran._labels.known import encode_known, encode_known_labels
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets, log_odds

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
    for known in ({"cat": column}, {"cat": [0, 1, pd.NA]}):
        states = encode_known_labels(known, 3, NAMES)
        np.testing.assert_array_equal(states[:, [0]], expected)
    assert (encode_known_labels({"cat": pd.NA}, 3, NAMES) == -1).all()


def test_a_label_named_by_a_tuple_is_one_label():
    names = np.empty(2, dtype=object)
    names[:] = [("x", 1), ("x", 2)]
    states = encode_known_labels({"g": ("x", 1)}, 1, names, groups={"g": tuple(names)})
    np.testing.assert_array_equal(states, [[1, 0]])


def test_classes():
    targets = encode_targets(["owl", "tit", "owl"])
    np.testing.assert_array_equal(targets.classes, ["owl", "tit"])
    np.testing.assert_array_equal(targets.names, ["owl", "tit"])
    np.testing.assert_array_equal(targets.states, [[1, 0], [0, 1], [1, 0]])
    assert targets.exclusive


def test_one_column_is_one_label_or_a_column_of_classes():
    assert not encode_targets([[0], [1]]).exclusive
    with pytest.warns(DataConversionWarning, match="column-vector"):
        assert encode_targets([[0], [2], [1]]).exclusive


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


def test_a_label_nobody_annotated_is_named():
    table = pd.DataFrame(Y, columns=NAMES).astype(float)
    table["dog"] = np.nan
    with pytest.raises(ValueError, match="label.* 'dog'"):
        encode_targets(table)


def test_label_names_must_differ():
    with pytest.raises(ValueError, match="different names"):
        encode_targets(pd.DataFrame(Y, columns=["a", "a", "b"]))


@pytest.mark.parametrize(
    "known",
    [
        [[-1, 1, -1], [-1, 0, -1]],
        np.array([[np.nan, 1, np.nan], [np.nan, 0, np.nan]]),
        [[None, True, None], [None, False, None]],
        pd.DataFrame({"dog": [1, 0]}, index=[7, 8]),
        {"dog": [1, 0]},
        {"dog": pd.Series([1, 0], index=[5, 6])},
    ],
)
def test_known_labels_of_every_form_are_the_same(known):
    states = encode_known_labels(known, 2, NAMES)
    np.testing.assert_array_equal(states, [[-1, 1, -1], [-1, 0, -1]])
    assert states.dtype == np.int8


def test_known_labels_none_and_scalars():
    assert (encode_known_labels(None, 2, NAMES) == -1).all()
    states = encode_known_labels({"sun": 1, "cat": np.nan}, 2, NAMES)
    np.testing.assert_array_equal(states, [[-1, -1, 1]] * 2)


@pytest.mark.parametrize(
    "known, message",
    [
        (np.zeros((3, 3)), r"shape \(n_samples, n_labels\) = \(2, 3\), got \(3, 3\)"),
        (np.zeros((2, 2)), "got"),
        ([1, 0], "got"),
        ([[2, 0, 0], [0, 0, 0]], "row 0, label 'cat' holds 2"),
        ({"moon": 1}, "names 'moon'"),
        (pd.DataFrame({"cat": [1, 0], "mouse": [1, 0]}), "names 'mouse'"),
        ({"cat": [1, 0, 1]}, "column of 2 values"),
        ({"cat": "yes"}, "must hold numbers"),
    ],
)
def test_bad_known_labels(known, message):
    with pytest.raises(ValueError, match=message):
        encode_known_labels(known, 2, NAMES)


def test_sparse_known_labels_are_ambiguous():
    with pytest.raises(TypeError, match="must be dense"):
        encode_known_labels(sparse.csr_matrix(Y), 3, NAMES)


def test_log_odds_count_what_is_annotated():
    states = np.array([[1, 0], [1, -1], [0, 0], [-1, 0]], dtype=np.int8)
    once = np.ones(4)
    np.testing.assert_allclose(log_odds(states, once), np.log([3 / 2, 1 / 4]), rtol=1e-6)
    weights = np.array([2.0, 1, 3, 1])
    expected = log_odds(states.repeat([2, 1, 3, 1], axis=0), np.ones(7))
    np.testing.assert_allclose(log_odds(states, weights), expected, rtol=1e-6)


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
    assert len(names) == 0


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
        ([[0, 3]], "extra_labels must hold 0 and 1.* row 0, label 'extra1' holds 3"),
        (np.zeros((0, 2)), "extra_labels is empty"),
        (pd.DataFrame({"wet": [np.nan, np.nan], "warm": [1, 0]}), "'wet' of extra_labels"),
        ([[1, -1], [-1, 1]], "extra_labels has no 0"),
    ],
)
def test_bad_extra_labels(extra, message):
    with pytest.raises(ValueError, match=message):
        encode_extra_labels(extra)


WEATHER = {"weather": ("sun", "rain")}
SKIES = np.array(["cat", "sun", "rain"])


@pytest.mark.parametrize(
    "told, expected",
    [
        ("sun", [[1, 0]] * 3),
        (("sun", "rain"), [[1, 1]] * 3),
        ({"rain"}, [[0, 1]] * 3),
        ((), [[0, 0]] * 3),
        (None, [[-1, -1]] * 3),
        (np.nan, [[-1, -1]] * 3),
        (pd.NA, [[-1, -1]] * 3),
        (["sun", None, ("rain",)], [[1, 0], [-1, -1], [0, 1]]),
        (pd.Series(["sun", np.nan, "rain"]), [[1, 0], [-1, -1], [0, 1]]),
    ],
)
def test_a_group_is_told_by_the_labels_that_apply(told, expected):
    states = encode_known_labels({"weather": told, "cat": 1}, 3, SKIES, groups=WEATHER)
    np.testing.assert_array_equal(states[:, 1:], expected)
    assert (states[:, 0] == 1).all()


@pytest.mark.parametrize(
    "known, message",
    [
        ({"weather": "snow"}, "row 0: 'snow' is not in the group 'weather', whose labels"),
        ({"weather": ["sun", ("cat",), None]}, "row 1: 'cat' is not in the group"),
        ({"weather": ["sun", "rain"]}, "a column of 3 of these, got 2 values"),
        ({"weather": "sun", "rain": [0, -1, 1]}, "row 2: 'weather' and 'rain' contradict"),
        ({"rain": 1, "weather": "sun"}, "row 0: 'rain' and 'weather' contradict .* about 'rain'"),
        ({"place": "city"}, "names 'place'"),
        ({"weather": True}, "told by the labels that apply, of 'sun', 'rain'"),
        ({"weather": np.zeros(3)}, "told by the labels that apply"),
        ({"mood": "calm"}, "group 'mood', whose label 'calm' does not belong"),
    ],
)
def test_bad_group_of_known_labels(known, message):
    groups = WEATHER | {"mood": ("calm", "tense")}
    with pytest.raises(ValueError, match=message):
        encode_known_labels(known, 3, SKIES, groups=groups)


def test_known_labels_go_by_name_never_by_position():
    states = encode_known_labels({3: 1, 2: 0}, 1, np.array([3, 1, 2]))
    np.testing.assert_array_equal(states, [[1, -1, 0]])
    with pytest.raises(ValueError, match="names 0, which is not one of its labels. They are 3, 1"):
        encode_known_labels({0: 1}, 1, np.array([3, 1, 2]))
    with pytest.raises(ValueError, match="names 0, which is not one of its labels"):
        encode_known_labels({0: 1}, 1, NAMES)


def test_targets_and_extra_labels_stand_side_by_side():
    extra = np.array(["wet", "warm"])
    states = encode_known({"sun": 1}, {"wet": [0, 1]}, 2, NAMES, extra)
    np.testing.assert_array_equal(states, [[-1, -1, 1, 0, -1], [-1, -1, 1, 1, -1]])
    assert encode_known(None, None, 2, NAMES).shape == (2, 3)
    with pytest.raises(ValueError, match="known_labels names 'wet', which belongs to extra_labels"):
        encode_known({"wet": 1}, None, 2, NAMES, extra)
    with pytest.raises(ValueError, match="extra_labels names 'sun', which belongs to known_labels"):
        encode_known(None, {"sun": 1}, 2, NAMES, extra)
    with pytest.raises(ValueError, match="fitted without extra labels"):
        encode_known(None, {"wet": 1}, 2, NAMES)
    with pytest.raises(ValueError, match=r"extra_labels must have .* = \(2, 2\), got \(2, 3\)"):
        encode_known(None, np.zeros((2, 3)), 2, NAMES, extra)
