"""load_tags: each form of a table gives the same data set, each argument does what it says."""

import os

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from sklearn_ctran.datasets import load_tags

NAN = np.nan
PATHS = ["a.jpg", "b.jpg", "c.jpg"]
TAGS = ["cat", "dog"]
STATES = [[1, 1], [0, 1], [NAN, NAN]]


def check(data, folder, states=STATES, names=TAGS, paths=PATHS):
    expected = pd.DataFrame(states, paths, names, np.float32)
    pd.testing.assert_frame_equal(
        data.target, expected, check_names=False, check_column_type=False, check_index_type=False
    )
    assert data.images == [os.path.join(folder, path) for path in paths]
    assert data.target_names.tolist() == names


@pytest.mark.parametrize(
    "text",
    [
        "path,tags\na.jpg,cat;dog\nb.jpg,dog\nc.jpg,\n",
        "tags,path\n dog ; cat,a.jpg\ndog;,b.jpg\n,c.jpg\n",
        'path;tags\na.jpg;cat,dog\n\nb.jpg;"dog"\nc.jpg;""\n',
        "\ufeffpath\ttags\r\na.jpg\tcat|dog\r\nb.jpg\tdog\r\nc.jpg\t\r\n",
        'path,tags\na.jpg,"[""cat"", ""dog""]"\nb.jpg,"[\'dog\']"\nc.jpg,\n',
        'path,tags\na.jpg,"cat\ndog"\nb.jpg,dog\nc.jpg,',
    ],
)
def test_tags_in_one_column_of_a_csv_file(text, write, folder):
    check(load_tags(write(text), missing="negative", blank="unknown"), folder)


@pytest.mark.parametrize(
    "text",
    [
        "path,cat,dog\na.jpg,1,1\nb.jpg,0,1\nc.jpg,,\n",
        "path,cat,dog\na.jpg,1.0,True\nb.jpg,0,true\nc.jpg,-1,nan\n",
        "Image Path;cat;dog\na.jpg;1;1\nb.jpg;0;1\nc.jpg;;\n",
        ",cat,dog\na.jpg,1,1\nb.jpg,0,1\nc.jpg,,\n",
    ],
)
def test_a_column_for_each_label_of_a_csv_file(text, write, folder):
    check(load_tags(write(text)), folder)


LISTS = {"path": PATHS, "tags": [["cat", "dog"], ["dog"], None]}
COLUMNS = {"path": PATHS, "cat": [1, 0, None], "dog": [True, True, None]}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.parametrize("values", [LISTS, COLUMNS], ids=["lists", "columns"])
def test_frames(make, values, folder, monkeypatch):
    missing = {"missing": "negative", "blank": "unknown"} if values is LISTS else {}
    check(load_tags(make(values), images=folder, **missing), folder)
    monkeypatch.chdir(folder)
    check(load_tags(make(values), **missing), "")


@pytest.mark.parametrize("values", [LISTS, COLUMNS], ids=["lists", "columns"])
def test_parquet_files(values, folder):
    parquet.write_table(pa.table(values), folder / "tags.parquet")
    missing = {"missing": "negative", "blank": "unknown"} if values is LISTS else {}
    check(load_tags(folder / "tags.parquet", **missing), folder)


def test_the_target_of_a_data_set_is_a_table_too(write, folder):
    data = load_tags(write("path,cat,dog\na.jpg,1,1\nb.jpg,0,1\nc.jpg,,\n"))
    check(load_tags(data.target, images=folder), folder)


def test_what_the_bunch_holds(write, folder):
    text = "file,tags,indoor,city,part\na.jpg,cat;dog,1,Rome,train\nb.jpg,dog,,,test\n"
    data = load_tags(
        write(text),
        missing="negative",
        extra_columns=["indoor", "city"],
        split_column="part",
    )
    assert data.target.index.name == "file"
    assert data.counts.loc["cat"].to_dict() == {"positive": 1, "negative": 1, "unknown": 0}
    assert data.extra_names.tolist() == ["indoor", "city=Rome"]
    np.testing.assert_array_equal(data.extra, [[1, 1], [NAN, NAN]])
    assert data.groups == {"city": ("city=Rome",)}
    assert data.split.tolist() == ["train", "test"]
    assert "tags.csv" in data.DESCR
    plain = load_tags(write(text), missing="negative", column="tags")
    assert plain.extra is plain.extra_names is plain.groups is plain.split is None


def test_return_X_y(write, folder):
    images, target = load_tags(write("path,cat\na.jpg,1\n"), return_X_y=True)
    assert images == [str(folder / "a.jpg")]
    assert target.columns.tolist() == ["cat"]


def test_missing_has_no_default_for_tags(write):
    table = write("path,tags\na.jpg,cat\nb.jpg,\n")
    with pytest.raises(ValueError, match="missing='negative' if .* missing='unknown' if"):
        load_tags(table)
    with pytest.raises(ValueError, match="missing must be one of None, 'negative', 'unknown'"):
        load_tags(table, missing="no")
    np.testing.assert_array_equal(load_tags(table, missing="negative").target, [[1], [0]])
    np.testing.assert_array_equal(load_tags(table, missing="unknown").target, [[1], [NAN]])
    blank = load_tags(table, missing="unknown", blank="negative").target
    np.testing.assert_array_equal(blank, [[1], [0]])


def test_missing_of_label_columns_is_about_empty_cells(write):
    table = write("path,cat\na.jpg,1\nb.jpg, \n")
    np.testing.assert_array_equal(load_tags(table).target, [[1], [NAN]])
    np.testing.assert_array_equal(load_tags(table, missing="negative").target, [[1], [0]])


def test_codes(write):
    table = write("path,cat,dog\na.jpg,yes,no\nb.jpg,?,1\n")
    data = load_tags(table, label_columns=["dog", "cat"], positive=["yes", 1], negative="no",
                     unknown="?")  # fmt: skip
    assert data.target_names.tolist() == ["dog", "cat"]
    np.testing.assert_array_equal(data.target, [[0, 1], [1, NAN]])
    with pytest.raises(ValueError, match=r"line 3, column 'cat' holds '\?'.*unknown="):
        load_tags(table, label_columns=["cat"], positive="yes", negative="no")


def test_no_labels_at_all(write):
    assert load_tags(write("path\na.jpg\n"), label_columns=[]).target.shape == (1, 0)


def test_suffix(write, folder):
    data = load_tags(write("id,cat\na,1\nb,0\n"), path_column="id", suffix=".jpg")
    assert data.images == [str(folder / "a.jpg"), str(folder / "b.jpg")]
    assert data.target.index.tolist() == ["a", "b"]


def test_arguments_of_csv_files(write):
    table = write("path;tags\na.jpg;Käse\n", encoding="cp1252")
    with pytest.raises(ValueError, match="line 2 is not utf-8.*encoding='cp1252'"):
        load_tags(table, missing="negative")
    data = load_tags(table, missing="negative", encoding="cp1252", delimiter=";")
    assert data.target_names.tolist() == ["Käse"]
    with pytest.raises(ValueError, match="encoding and delimiter are for CSV files"):
        load_tags(pd.DataFrame(COLUMNS), encoding="utf-8")


def test_estimators_take_what_comes(write, folder):
    from sklearn_ctran._utils.rows import check_rows

    data = load_tags(write("path,cat\nmore/d.JPG,0\na.jpg,1\n"))
    check_rows(X=data.images, y=data.target)  # It would warn, or raise, if the rows differed.
    data = load_tags(write("path,cat\nb.jpg,0\na.jpg,1\n"))
    with pytest.raises(ValueError, match="different orders"):
        check_rows(X=data.images[::-1], y=data.target)


def test_many_rows_take_seconds(tmp_path):
    n = 20_000
    tags = [f"tag{row % 97};tag{row % 89};other {row % 7}" for row in range(n)]
    table = pd.DataFrame({"path": [f"{row}.jpg" for row in range(n)], "tags": tags})
    table.to_csv(tmp_path / "tags.csv", index=False)
    data = load_tags(tmp_path / "tags.csv", missing="negative", on_missing_file="keep")
    assert data.target.shape == (n, 104)
