"""Known labels, in every accepted form."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_ctran._labels.known import encode_known, encode_known_classes, encode_known_labels

NAMES = np.array(["cat", "dog", "sun"])


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
        encode_known_labels(sparse.csr_matrix(np.eye(3)), 3, NAMES)


def test_gaps_in_nullable_columns_and_objects():
    for column in (pd.array([0, 1, None], dtype="boolean"), [0, 1, pd.NA], [0, True, None]):
        states = encode_known_labels({"cat": column}, 3, NAMES)
        np.testing.assert_array_equal(states, [[0, -1, -1], [1, -1, -1], [-1, -1, -1]])
    assert (encode_known_labels({"cat": pd.NA}, 3, NAMES) == -1).all()


def test_a_label_named_by_bytes_is_one_label():
    names = np.array([b"sun", b"rain"], dtype=object)
    states = encode_known_labels({"g": b"rain"}, 2, names, groups={"g": (b"sun", b"rain")})
    np.testing.assert_array_equal(states, [[0, 1], [0, 1]])


def test_a_label_named_by_a_tuple_is_one_label():
    names = np.empty(2, dtype=object)
    names[:] = [("x", 1), ("x", 2)]
    states = encode_known_labels({"g": ("x", 1)}, 1, names, groups={"g": tuple(names)})
    np.testing.assert_array_equal(states, [[1, 0]])
    states = encode_known_labels({("x", 2): 1}, 1, names)
    np.testing.assert_array_equal(states, [[-1, 1]])


WEATHER = {"weather": ("sun", "rain")}
SKIES = np.array(["cat", "sun", "rain"])


@pytest.mark.parametrize(
    "value, expected",
    [
        ("sun", [[1, 0]] * 3),
        (("sun", "rain"), [[1, 1]] * 3),
        ({"rain"}, [[0, 1]] * 3),
        (frozenset({"rain"}), [[0, 1]] * 3),
        ([["sun"], ["rain", "sun"], []], [[1, 0], [1, 1], [0, 0]]),
        ((), [[0, 0]] * 3),
        (None, [[-1, -1]] * 3),
        (np.nan, [[-1, -1]] * 3),
        (pd.NA, [[-1, -1]] * 3),
        (["sun", None, ("rain",)], [[1, 0], [-1, -1], [0, 1]]),
        (pd.Series(["sun", np.nan, "rain"]), [[1, 0], [-1, -1], [0, 1]]),
    ],
)
def test_the_value_of_a_group_is_its_positive_labels(value, expected):
    states = encode_known_labels({"weather": value, "cat": 1}, 3, SKIES, groups=WEATHER)
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
        ({"weather": True}, "row 0, is True, but the value of a group is .*, of 'sun', 'rain'"),
        ({"weather": ["sun", 0.0, 1]}, "row 1, is 0.0, but the value of a group is the name"),
        ({"weather": np.zeros(3)}, "row 0, is .*0.0.*, but the value of a group is the name"),
        ({"weather": np.zeros((3, 2))}, "must be a column, one value per row"),
        ({"mood": "calm"}, "group 'mood', whose label 'calm' does not belong to known_labels"),
    ],
)
def test_bad_group_of_known_labels(known, message):
    groups = WEATHER | {"mood": ("calm", "tense")}
    with pytest.raises(ValueError, match=message):
        encode_known_labels(known, 3, SKIES, groups=groups)


@pytest.mark.parametrize(
    "known",
    [
        {"weather": ["sun", None, "rain"], "sun": [1, 0, -1]},
        {"sun": [1, 0, -1], "weather": ["sun", None, "rain"]},
        pd.DataFrame({"weather": ["sun", None, "rain"], "sun": [-1, 0, 0]}),
    ],
)
def test_a_group_and_its_labels_complete_each_other(known):
    states = encode_known_labels(known, 3, SKIES, groups=WEATHER)
    np.testing.assert_array_equal(states, [[-1, 1, 0], [-1, 0, -1], [-1, 0, 1]])


def test_names_of_labels_that_are_numbers_are_no_booleans():
    """Python takes True for 1 and 0.0 for 0, but no user means the labels 1 and 0 by them."""
    groups = {"digits": (0, 1)}
    states = encode_known_labels({"digits": [1, np.int64(0)]}, 2, np.arange(2), groups=groups)
    np.testing.assert_array_equal(states, [[0, 1], [1, 0]])
    for value in (True, 0.0, np.float32(1), np.True_):
        with pytest.raises(ValueError, match="the value of a group is the name of the label"):
            encode_known_labels({"digits": value}, 2, np.arange(2), groups=groups)


def test_long_lists_of_labels_are_cut():
    with pytest.raises(ValueError, match="They are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more.$"):
        encode_known_labels({"x": 1}, 1, np.arange(12))


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
    assert (encode_known(None, None, 2, NAMES, extra) == np.full((2, 5), -1)).all()
    assert (encode_known(None, None, 2, NAMES) == np.full((2, 3), -1)).all()
    states = encode_known(None, {"air": "wet"}, 1, NAMES, extra, {"air": ("wet", "warm")})
    np.testing.assert_array_equal(states, [[-1, -1, -1, 1, 0]])
    with pytest.raises(ValueError, match="known_labels names 'wet', which belongs to extra_labels"):
        encode_known({"wet": 1}, None, 2, NAMES, extra)
    with pytest.raises(ValueError, match="extra_labels names 'sun', which belongs to known_labels"):
        encode_known(None, {"sun": 1}, 2, NAMES, extra)
    with pytest.raises(ValueError, match="fitted without extra labels"):
        encode_known(None, {"wet": 1}, 2, NAMES)
    with pytest.raises(ValueError, match=r"extra_labels must have .* = \(2, 2\), got \(2, 3\)"):
        encode_known(None, np.zeros((2, 3)), 2, NAMES, extra)
    with pytest.raises(ValueError, match="y names 'wet', which belongs to extra: pass it there"):
        encode_known({"wet": 1}, None, 2, NAMES, extra, what=("y", "extra"))


def test_classes_are_known_or_not():
    states = encode_known_classes(["b", None, "a", np.nan, -1], np.array(["a", "b", "c"]))
    unknown = [-1, -1, -1]
    np.testing.assert_array_equal(states, [[0, 1, 0], unknown, [1, 0, 0], unknown, unknown])
    assert states.dtype == np.int8
    # Here -1 is a class.
    np.testing.assert_array_equal(encode_known_classes([-1, 1], np.array([-1, 1])), np.eye(2))
    np.testing.assert_array_equal(encode_known_classes([True], np.array([False, True])), [[0, 1]])


@pytest.mark.parametrize(
    "y, message",
    [
        (["a", "d"], "y, row 1: 'd' is not one of the classes of fit"),
        ([0.5], "y, row 0: 0.5 is not one"),
        ([[1, 0], [0, 1]], "1d array"),
    ],
)
def test_wrong_known_classes(y, message):
    with pytest.raises(ValueError, match=message):
        encode_known_classes(y, np.array(["a", "b"]))


def test_booleans_are_no_numbered_classes():
    with pytest.raises(ValueError, match="y holds booleans"):
        encode_known_classes([True, False], np.array([0, 1]))


@pytest.mark.parametrize(
    "known, message",
    [
        ({"Cat": 1}, "names 'Cat', which is not one of its labels. Did you mean 'cat'[?] They are"),
        ({"weathr": "sun"}, "Did you mean 'weather'"),
        ({"weather": "rian"}, "not in the group .* Did you mean 'rain'"),
    ],
)
def test_unknown_names_get_a_proposal(known, message):
    with pytest.raises(ValueError, match=message):
        encode_known_labels(known, 1, SKIES, groups=WEATHER)


def test_unknown_classes_get_a_proposal():
    with pytest.raises(ValueError, match="row 0: 'Cat' is not one .* Did you mean 'cat'"):
        encode_known_classes(["Cat"], np.array(["cat", "dog"]))
