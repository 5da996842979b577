"""Tables of any kind as columns, and what is no table."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_ctran.datasets._tags.columns import as_text, folder_of, read_columns


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (5.0, "5"), (5.5, "5.5"), (" a ", "a"), ("", None), (" ", None), (None, None),
     (np.nan, None), (pd.NA, None), (True, "True"), (np.int64(3), "3"), (np.float32(2), "2"),
     (float("inf"), "inf")],
)  # fmt: skip
def test_cells_as_texts(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames(make):
    columns = read_columns(make({"a": [1, 2], "b": ["x", None], "c": [[1], None]}))
    assert columns.names == ["a", "b", "c"] and len(columns) == 2
    assert columns.texts("a") == ["1", "2"] and columns.texts("b") == ["x", None]
    assert [cell is None for cell in columns["c"]] == [False, True]
    assert columns.place(1).endswith(", row 1") and not columns.is_text
    assert columns.check("a", "column") == "a"
    with pytest.raises(ValueError, match="column='A': the .* has no such column, only 'a'"):
        columns.check("A", "column")


def test_gaps_among_numbers():
    columns = read_columns(pl.DataFrame({"a": [1, None]}))
    assert columns.texts("a") == ["1", None]
    columns = read_columns(pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}))
    assert columns.texts("a") == ["1", None]


def test_names_and_index_of_pandas():
    columns = read_columns(pd.DataFrame({0: [1]}, index=["a.jpg"]))
    assert columns.names == ["0"] and columns.index == ["a.jpg"]
    assert read_columns(pd.DataFrame({0: [1]})).index is None
    for names in (["a", "a"], [0, "0"]):
        with pytest.raises(ValueError, match="two columns of one name"):
            read_columns(pd.DataFrame([[1, 2]], columns=names))


def test_json_lines(write):
    columns = read_columns(write('{"a": 1}\n\n{"b": [2], "a": null}\n', "x.jsonl"))
    assert columns["a"] == [1, None] and columns["b"] == [None, [2]]
    assert columns.place(1) == "x.jsonl, line 3" and not columns.is_text
    with pytest.raises(ValueError, match="x.jsonl, line 2, column 1: it is no JSON"):
        read_columns(write('{"a": 1}\nx\n', "x.jsonl"))


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (3, TypeError, "must be the path of a CSV or Parquet file, or a frame"),
        ([["a"]], TypeError, "got list"),
        (pl.DataFrame({"a": [1]}).lazy(), TypeError, "LazyFrame"),
        ("x.xlsx", ValueError, "A spreadsheet program saves its tables as CSV"),
        ("x.parquet", FileNotFoundError, "There is no file"),
        ("x.csv", FileNotFoundError, "There is no file"),
    ],
)
def test_what_is_no_table(table, error, message):
    with pytest.raises(error, match=message):
        read_columns(table)


def test_a_broken_parquet_file(write):
    with pytest.raises(ValueError, match="x.pq cannot be read as a Parquet file"):
        read_columns(write("PAR1 no", "x.pq"))
    with pytest.raises(ValueError, match="encoding and delimiter are for CSV files"):
        read_columns(write("", "x.pq"), encoding="utf-8")


def test_packages_that_are_not_there(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[tables\]'"):
        read_columns(pd.DataFrame({"a": [1]}))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"\[tables,parquet\]"):
        read_columns(write("", "x.pq"))


def test_folders(folder):
    assert folder_of(folder / "x.json") == ("x.json", str(folder))
    with pytest.raises(TypeError, match="A path of a file is needed, got int"):
        folder_of(3)
