"""Masked entries, and forms of labels that are refused."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._labels.forms import check_no_tags, unmask
from sklearn_ctran._labels.known import encode_known_classes, encode_known_labels
from sklearn_ctran._labels.states import as_table, read_states
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets

NAMES = np.array(["cat", "dog"])
MASKED = np.ma.masked_array([[1, 0], [0, 1], [1, 7]], mask=[[0, 1], [0, 0], [0, 1]])
STATES = [[1, -1], [0, 1], [1, -1]]


@pytest.mark.parametrize(
    "table",
    [
        MASKED,
        MASKED.astype(float),
        MASKED.astype(object),
        np.ma.masked_array(MASKED.data == 1, mask=MASKED.mask),
        list(MASKED),
        [[1, np.ma.masked], [0, 1], (1, np.ma.masked)],
    ],
)
def test_masked_entries_of_tables_are_unknown(table):
    np.testing.assert_array_equal(encode_targets(table).states, STATES)
    np.testing.assert_array_equal(encode_extra_labels(table)[0], STATES)
    np.testing.assert_array_equal(encode_known_labels(table, 3, NAMES), STATES)
    np.testing.assert_array_equal(read_states(as_table(table), NAMES, "y"), STATES)


@pytest.mark.parametrize("column", [MASKED[:, 1], list(MASKED[:, 1]), [np.ma.masked, 1, None]])
def test_masked_entries_of_columns_are_unknown(column):
    states, _ = encode_extra_labels({"cat": [1, 0, 1], "dog": column})
    np.testing.assert_array_equal(states, STATES)
    states = encode_known_labels({"cat": [1, 0, 1], "dog": column}, 3, NAMES)
    np.testing.assert_array_equal(states, STATES)
    assert (encode_known_labels({"cat": np.ma.masked}, 3, NAMES) == -1).all()


def test_masked_values_of_groups_are_unknown():
    column = np.ma.masked_array(["cat", "dog", "cat"], mask=[0, 1, 0])
    states = encode_known_labels({"pet": column}, 3, NAMES, groups={"pet": ("cat", "dog")})
    np.testing.assert_array_equal(states, [[1, 0], [-1, -1], [1, 0]])


def test_masked_classes():
    masked = np.ma.masked_array(["cat", "dog", "owl"], mask=[0, 0, 1])
    np.testing.assert_array_equal(encode_known_classes(masked, NAMES), [[1, 0], [0, 1], [-1, -1]])
    for y in (masked, np.ma.masked_array([0, 1, 2], mask=[0, 0, 1]), ["a", "b", None]):
        with pytest.raises(ValueError, match="row 2 has no class"):
            encode_targets(y)
    np.testing.assert_array_equal(encode_targets(masked[:2]).names, NAMES)


def test_what_has_no_mask_stays_as_it_is():
    table = [[1, 0], [0, 1]]
    assert unmask(table) is table
    assert unmask(np.ma.masked_array(table)).dtype == int


DAYS = np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]")
COMPLEX = np.array([[1 + 1j, 0], [0, 1]])
RECORDS = np.array([(1, 0), (0, 1)], dtype=[("cat", int), ("dog", int)])


@pytest.mark.parametrize(
    "y, message",
    [
        (DAYS, "y holds dates"),
        (DAYS[:, None], "y holds dates"),
        (DAYS.astype(object), "y holds dates"),
        ([[datetime.date(1970, 1, 1), 1], [0, 1]], "y holds dates"),
        (
            pd.DataFrame({"cat": [0, 1], "dog": pd.to_datetime(DAYS)}),
            "y, column 'dog', holds dates",
        ),
        (pd.Series(DAYS).dt.tz_localize("UTC"), "y holds dates"),
        (DAYS - DAYS[0], "y holds differences of dates"),
        (COMPLEX, "y holds complex numbers"),
        (COMPLEX[0], "y holds complex numbers"),
        (COMPLEX.astype(object), "y holds complex numbers"),
        (pd.DataFrame(COMPLEX, columns=NAMES), "y, column 'cat', holds complex"),
        (RECORDS, "y holds structured or raw records"),
        (RECORDS.astype(object)[:1], "y, row 0, holds a tuple"),
    ],
)
def test_kinds_that_numpy_would_cast_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(y)


def test_known_labels_of_these_kinds_are_refused():
    for known in (COMPLEX, RECORDS, {"cat": COMPLEX[0]}, {"dog": DAYS}):
        with pytest.raises(ValueError, match="known_labels holds (complex|structured|dates)"):
            encode_known_labels(known, 2, NAMES)
    with pytest.raises(ValueError, match="y holds complex"):
        encode_known_classes(COMPLEX[0], np.array([0, 1]))


@pytest.mark.parametrize(
    "y, message",
    [
        ([["sky"], ["sky", "jet"]], "differ in length.*MultiLabelBinarizer"),
        ([("sky",), ("sky", "jet")], "differ in length.*MultiLabelBinarizer"),
        ([{"sky"}, {"sky", "jet"}], "row 0, holds a set.*MultiLabelBinarizer"),
        (pd.Series([["sky"], ["sky", "jet"]]), "row 0, holds a list.*MultiLabelBinarizer"),
        (pd.Series([("sky",), ("jet",)]), "row 0, holds a tuple.*MultiLabelBinarizer"),
        ([["sky", "sea"], ["sky", "jet"]], "row 0, label 0 holds 'sky'.*MultiLabelBinarizer"),
        ([{"sky": 1}, {"jet": 1}], "row 0, holds a dict.*DataFrame"),
    ],
)
def test_lists_of_tags_name_the_way(y, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(y)


def test_tables_of_texts_name_column_and_row():
    table = pd.DataFrame({"cat": [1, 0], "dog": ["1", "yes"]})
    with pytest.raises(ValueError, match="y must hold numbers.* row 1, label 'dog' holds 'yes'"):
        encode_targets(table)
    with pytest.raises(ValueError, match="known_labels .* row 1, label 'dog' holds 'yes'.*codes"):
        encode_known_labels({"dog": ["0", "yes"]}, 2, NAMES)
    with pytest.raises(ValueError, match="row 0, label 'cat' holds a list"):
        read_states(np.array([[[1], None]] * 2, dtype=object), NAMES, "y")


@pytest.mark.parametrize("sign", [";", "|", ",", "; ", " | "])
def test_a_column_of_tags_is_no_column_of_classes(sign):
    tags = [["sky", "jet"], ["jet"], ["plane", "sky"], ["sky", "jet", "plane"], ["cat"]]
    y = [sign.join(each) for each in tags]
    for column in (y, pd.Series(y), np.array(y, dtype=object), [str(each) for each in tags]):
        with pytest.raises(ValueError, match="column of tags.*5 classes.*MultiLabelBinarizer"):
            encode_targets(column)


def test_a_few_texts_of_several_tags_are_enough():
    singles = [f"tag{i}" for i in range(100)]
    with pytest.raises(ValueError, match="column of tags"):
        encode_targets([*singles * 3, "tag3;tag8", "tag70;tag8"])


def test_hierarchies_are_classes_but_warn():
    for y in (["a;b", "a;c", "a"], ["Nice, France", "Paris, France"]):
        with pytest.warns(UserWarning, match="column of tags.*MultiLabelBinarizer"):
            targets = encode_targets(y)
        np.testing.assert_array_equal(targets.states, np.eye(len(y))[np.argsort(np.argsort(y))])


def test_tags_split_by_spaces_warn():
    words = ["sky", "jet", "sea", "sun", "cat"]
    y = [f"{a} {b}" for a in words for b in words if a != b]
    with pytest.warns(UserWarning, match="tags split by spaces: its 20 classes.*of 5 words"):
        encode_targets(y)


@pytest.mark.parametrize(
    "y",
    [
        ["red fox", "fox squirrel", "grey fox", "arctic fox", "fox"],
        ["projectile, missile", "missile", "maillot, tank suit", "cock, rooster", "hen, fowl"],
        ["a;b", "c;d", "e"],
        [f"{colour} {thing}" for colour in ("red", "blue", "green") for thing in "abcdefgh"],
        ["1,5", "2,7"],
        ["a;", "b;", "c"],
    ],
)
def test_names_of_classes_are_no_tags(y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_no_tags(np.unique(y))


def test_classes_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="of one type, all texts or all numbers"):
        encode_targets(np.array(["a", 0, "b"], dtype=object))
    for value in ([1], {"a"}, np.array([1])):
        with pytest.raises(ValueError, match="row 1: .* is not one of the classes"):
            encode_known_classes(pd.Series(["cat", value]), NAMES)
    states = encode_known_classes(pd.Series(["cat", np.ma.masked], dtype=object), NAMES)
    np.testing.assert_array_equal(states, [[1, 0], [-1, -1]])
