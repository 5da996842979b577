"""Labels of samples in shards: tags, classes, states and tables by key."""

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets._shard_labels import READERS, LabelRows, from_table

KEYS = ["x/1", "x/2", "x/3"]


def place(row):
    return f"a.tar/{KEYS[row]}.jpg"


def table(rows, names=None):
    collected = LabelRows(names)
    for row in rows:
        collected.add(row)
    return collected.table()


@pytest.mark.parametrize(
    ("extension", "text", "labels"),
    [
        ("cls", "3", [3]),
        ("cls", " 3 0\n7 ", [3, 0, 7]),
        ("cls", "", []),
        ("txt", "cat\n dog, sea view \n\n", ["cat", "dog", "sea view"]),
        ("txt", "\n", []),
        ("json", '{"labels": ["cat", 3], "width": 4}', ["cat", 3]),
        ("json", '{"labels": {"cat": null}}', {"cat": None}),
    ],
)
def test_files(extension, text, labels):
    assert READERS[extension](text) == labels


@pytest.mark.parametrize(
    ("extension", "text", "message"),
    [
        ("cls", "cat", "cat"),
        ("cls", "1.5", "1.5"),
        ("json", '{"caption": "a cat"}', 'no "labels"'),
        ("json", '["cat"]', 'no "labels"'),
        ("json", "cat", "Expecting value"),
    ],
)
def test_files_of_something_else(extension, text, message):
    with pytest.raises(ValueError, match=message):
        READERS[extension](text)


def test_labels_that_are_found_are_sorted():
    Y, names = table([["sun", "cat"], [], ["dog", "cat"]])
    assert names.tolist() == ["cat", "dog", "sun"] and names.dtype.kind == "U"
    np.testing.assert_array_equal(Y, [[1, 0, 1], [0, 0, 0], [1, 1, 0]])
    assert Y.dtype == np.int8
    Y, names = table([[10, 9], [2]])
    assert names.tolist() == [2, 9, 10] and names.dtype.kind == "i"
    assert table([["b", 3, "a", 1]])[1].tolist() == [1, 3, "a", "b"]


def test_what_a_dict_does_not_name_is_unknown():
    Y, _ = table([{"cat": 1, "dog": False, "sun": None}, {"dog": True, "sun": -1}, ["sun"]])
    np.testing.assert_array_equal(Y, [[1, 0, -1], [-1, 1, -1], [0, 0, 1]])


def test_names_that_are_given():
    names = ["sun", "cat", "owl"]
    Y, found = table([["cat"], {"sun": 0}, [2, 0], [np.int64(1)]], names)
    np.testing.assert_array_equal(Y, [[0, 1, 0], [0, -1, -1], [1, 0, 1], [0, 1, 0]])
    assert found.tolist() == names
    np.testing.assert_array_equal(table([[7], [5, 7]], np.array([7, 5]))[0], [[1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (["cats"], ValueError, "'cats' is not among label_names. Did you mean 'cat'"),
        ([3], ValueError, "3 is no position among 3 label_names"),
        ([-1], ValueError, "-1 is no position"),
        ([True], TypeError, "a label is a text or a whole number, not True"),
        ([1.5], TypeError, "not 1.5"),
        ([["cat"]], TypeError, "a label is a text"),
        ("cat", TypeError, "labels are a list of tags, .*not 'cat'"),
        ({"cat": 2}, ValueError, "a state is 0, 1, or -1 or null .*not 2"),
        ({"cat": "1"}, ValueError, "not '1'"),
        ({"cat": [1]}, ValueError, r"not \[1\]"),
    ],
)
def test_labels_that_cannot_be_read(labels, error, message):
    with pytest.raises(error, match=message):
        table([labels], ["cat", "dog", "sun"])


def test_a_row_that_cannot_be_read_leaves_nothing():
    rows = LabelRows(["cat", "dog"])
    with pytest.raises(ValueError):
        rows.add(["cat", "owl"])
    rows.add(["dog"])
    np.testing.assert_array_equal(rows.table()[0], [[0, 1]])


FRAME = pd.DataFrame({"cat": [1, 0, np.nan, 1], "dog": [0, 1, 1, -1]}, index=[*KEYS[::-1], "other"])


def test_a_data_frame():
    Y, names = from_table(FRAME, KEYS, place)
    np.testing.assert_array_equal(Y, [[-1, 1], [0, 1], [1, 0]])
    assert (names.tolist(), Y.dtype) == (["cat", "dog"], np.int8)
    Y, names = from_table(FRAME, KEYS, place, ["dog", "cat"])
    np.testing.assert_array_equal(Y, [[1, -1], [1, 0], [0, 1]])
    assert names.tolist() == ["dog", "cat"]
    with pytest.raises(ValueError, match="The columns of labels must be the labels"):
        from_table(FRAME, KEYS, place, ["dog", "owl"])
    numbers = FRAME.set_axis([7, 8, 9, 10])
    np.testing.assert_array_equal(from_table(numbers, ["8", "7"], place)[0], [[0, 1], [1, 0]])


def test_a_dict():
    labels = {"x/1": ["cat"], "x/3": {"dog": 1}, "x/2": (), "other": ["owl"]}
    Y, names = from_table(labels, KEYS, place)
    np.testing.assert_array_equal(Y, [[1, 0], [0, 0], [-1, 1]])
    assert names.tolist() == ["cat", "dog"]
    np.testing.assert_array_equal(from_table(labels, KEYS[:1], place, ["dog", "cat"])[0], [[0, 1]])


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (FRAME[1:], ValueError, r"no 'x/3', the key of a\.tar/x/3\.jpg, and lacks 1 of 3 .*'x/2'"),
        (FRAME[:0], ValueError, "no 'x/1'.*lacks 3 of 3 keys. A key is"),
        ({"x/1": []}, ValueError, r"no 'x/2', .*lacks 2 of 3 keys \(one of its keys is 'x/1'"),
        (FRAME.set_axis(["x/1", "x/2", "x/3", "x/1"]), ValueError, "has 'x/1' twice"),
        (FRAME.replace(0, 5), ValueError, "row 0, label 'dog' holds 5"),
        (dict.fromkeys(KEYS, "cat"), TypeError, r"labels\['x/1'\] of a\.tar/x/1\.jpg: .*'cat'"),
        (3, TypeError, "not a int"),
        ([["cat"]] * 3, TypeError, "not a list"),
    ],
)
def test_tables_that_cannot_be_used(labels, error, message):
    with pytest.raises(error, match=message):
        from_table(labels, KEYS, place)


def test_other_frames_have_no_index():
    pl = pytest.importorskip("polars", reason="needs polars")
    with pytest.raises(TypeError, match=r"no index of keys.*to_pandas\(\)\.set_index"):
        from_table(pl.DataFrame({"cat": [1]}), KEYS[:1], place)
