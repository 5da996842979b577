"""Which columns are labels, paths and codes (forms.py, paths.py, codes.py, entries.py)."""

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets._tags.codes import Codes
from sklearn_ctran.datasets._tags.columns import Columns, read_columns
from sklearn_ctran.datasets._tags.entries import combined
from sklearn_ctran.datasets._tags.forms import Form, read_entries, states_of_tags
from sklearn_ctran.datasets._tags.paths import read_paths


def columns(**values):
    return Columns(values, "t.csv", lines=[2, 3], is_text=True)


def entries(table, **form):
    return read_entries(table, Form(**form))


@pytest.mark.parametrize("name", ["path", "File Name", "filename", "IMAGE_PATH", "img"])
def test_columns_that_are_called_paths(name):
    assert read_paths(columns(**{"tags": ["a", "b"], name: ["1", "2"]})) == (["1", "2"], name)


def test_columns_that_look_like_paths():
    table = columns(which=["a.jpg", "b.PNG"], tags=["x", "y"])
    assert read_paths(table)[1] == "which"
    table = columns(which=["a.jpg", "b.jpg"], image=["1", "2"])
    assert read_paths(table)[1] == "image"
    table = columns(path=["a.jpg", "b.jpg"], image=["1", "2"])
    assert read_paths(table)[1] == "path"
    assert read_paths(table, "image") == (["1", "2"], "image")
    frame = pd.DataFrame({"cat": [1]}, index=["a.jpg"])
    assert read_paths(read_columns(frame)) == (["a.jpg"], None)


def test_paths_that_are_not_clear():
    with pytest.raises(ValueError, match="several columns that may be the paths .* 'path', 'file'"):
        read_paths(columns(path=["a.jpg", "b.jpg"], file=["a.jpg", "b.jpg"]))
    with pytest.raises(ValueError, match="no column that is called 'path'.*path_column="):
        read_paths(columns(cat=["1", "0"]))
    with pytest.raises(ValueError, match="path_column='x': t.csv has no such column"):
        read_paths(columns(cat=["1", "0"]), "x")


def test_columns_of_labels():
    table = columns(path=["a", "b"], tags=["x;y", ""], city=["Rome", "Oslo"], wet=["1", "0"])
    assert entries(table, missing="negative").names == ["x", "y"]
    assert entries(table, label_columns=["wet"]).names == ["wet"]
    assert entries(table, column="city", missing="negative").names == ["Oslo", "Rome"]
    table = columns(path=["a", "b"], wet=["1", "0"], dry=["", "1"])
    assert entries(table).names == ["wet", "dry"]
    assert entries(table, extra_columns=["wet"]).names == ["dry"]
    table = columns(path=["a", "b"], what=["x", "y"])
    assert entries(table, missing="negative").names == ["x", "y"]


@pytest.mark.parametrize(
    ("table", "form", "message"),
    [
        ({"city": ["x", "y"], "wet": ["1", "0"]}, {}, "the columns 'city' hold something else"),
        ({"tag": ["x", "y"], "labels": ["x", "y"]}, {}, "not clear what in t.csv is a label"),
        ({}, {}, "it has no other columns"),
        ({"wet": ["1", "0"]}, {"extra_columns": ["wet"]}, "it has no other columns"),
        ({"wet": ["1", "0"]}, {"column": "x"}, "column='x': t.csv has no such column"),
        ({"wet": ["1", "0"]}, {"column": "wet", "label_columns": []}, "pass one"),
        ({"wet": ["1", "x"]}, {"label_columns": ["wet"]}, "line 3, column 'wet' holds 'x'"),
        ({"wet": ["1", "inf"]}, {"label_columns": ["wet"]}, "column 'wet' holds 'inf'"),
    ],
)
def test_what_is_not_clear(table, form, message):
    with pytest.raises(ValueError, match=message):
        entries(columns(path=["a", "b"], **table), **form)


def test_lists_of_columns_are_lists():
    with pytest.raises(TypeError, match=r"label_columns=\['wet'\]"):
        entries(columns(path=["a", "b"], wet=["1", "0"]), label_columns="wet")


def test_states_of_tags():
    rows = [["b", "a"], [], None]
    states, names = states_of_tags(rows, "negative", "unknown")
    assert (states.tolist(), names) == ([[1, 1], [0, 0], [-1, -1]], ["a", "b"])
    states, names = states_of_tags(rows, "unknown", "negative", names=["c", "b", "a"])
    assert (states.tolist(), names) == ([[-1, 1, 1], [-1, -1, -1], [0, 0, 0]], ["c", "b", "a"])


def read(values, is_text=False, blank=-1, **codes):
    given = {"positive": 1, "negative": 0, "unknown": -1} | codes
    table = Columns({"a": values}, "t.csv", lines=range(2, 9), is_text=is_text)
    return Codes(**given, blank=blank).read(table, "a").tolist()


def test_codes():
    assert read(np.array([1, 0, -1])) == read(np.array([1.0, 0.0, np.nan])) == [1, 0, -1]
    assert read(np.array([True, False])) == read([True, False]) == [1, 0]
    assert read(["1", "0.0", "", " -1 ", "True", "nan"], is_text=True) == [1, 0, -1, -1, 1, -1]
    assert read(["yes", None, "no"], positive="yes", negative="no", blank=0) == [1, 0, 0]
    assert read([1, "1", 2], positive=["1"], negative=2) == [1, 1, 0]
    assert read(["", "1"], unknown=" ", blank=0, is_text=True) == [-1, 1]
    assert read(["", "1"], negative=[0, ""], is_text=True) == [0, 1]


@pytest.mark.parametrize("value", ["1", [1], {}, 2, 0.5, "yes", (1,)])
def test_what_is_no_code(value):
    with pytest.raises(ValueError, match="t.csv, line 3, column 'a' holds .* positive=..."):
        read([1, value])


def test_rows_together():
    states = np.array([[1, 0, -1], [0, 0, -1], [1, 1, 1]], dtype=np.int8)
    together, contradicts = combined(states, np.array([0, 2]), is_explicit=True)
    assert together.tolist() == [[-1, 0, -1], [1, 1, 1]]
    assert contradicts.tolist() == [[True, False, False], [False] * 3]
    together, contradicts = combined(states, np.array([0, 2]), is_explicit=False)
    assert together.tolist() == [[1, 0, -1], [1, 1, 1]] and not contradicts.any()
