"""What is wrong in a table is told, and put right by an argument."""

import os
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets import load_tags

NAN = np.nan


def read(table, **arguments):
    return load_tags(table, missing="negative", **arguments)


def test_rows_without_a_file(write, folder):
    table = write("path,tags\na.jpg,cat\nx.jpg,cat\n,dog\ny.jpg,\n")
    with pytest.raises(FileNotFoundError) as caught:
        read(table)
    message = str(caught.value)
    assert f"tags.csv, line 3: there is no file '{folder}/x.jpg', and 2 other rows" in message
    assert "on_missing_file='skip'" in message and "images='...'" in message
    data = read(table, on_missing_file="skip")
    assert data.target.index.tolist() == ["a.jpg"]
    assert data.summary.missing_files == ["x.jpg", "", "y.jpg"]
    assert "3 rows ('x.jpg', '', 'y.jpg') without a file were left out" in str(data.summary)
    with pytest.raises(ValueError, match="line 4 has no path. on_missing_file='skip'"):
        read(table, on_missing_file="keep")
    data = read(write("path,tags\nx.jpg,cat\nhttp://a.org/b.jpg,\n"), on_missing_file="keep")
    assert data.images == [str(folder / "x.jpg"), "http://a.org/b.jpg"]
    assert "without a file are kept" in str(data.summary)


@pytest.mark.parametrize("way", ["raise", "skip"])
def test_a_folder_without_any_of_the_files_is_the_wrong_one(way, write, folder):
    table = write("path,tags\nx.jpg,cat\ny.jpg,dog\n")
    with pytest.raises(FileNotFoundError, match="no file .*x.jpg', nor one of any other row") as e:
        read(table, on_missing_file=way)
    assert "on_missing_file='keep' keeps rows" in str(e.value) and "'skip'" not in str(e.value)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("more", "It is a folder"),
        ("gone.jpg", "It is a link to a file that is gone"),
        ("A.jpg", "But 'a.jpg' is there: capital letters count"),
        ("a", "suffix='.jpg' adds what the table lacks"),
        ("C:\\photos\\a.jpg", "is the folder in the table another one"),
        ("/photos/a.jpg", "is the folder in the table another one"),
        ("nothing.jpg", "Paths are relative to the table"),
        ("zero\0.jpg", "Paths are relative to the table"),
        ("x" * 5000, "Paths are relative to the table"),
    ],
)
def test_hints(written, hint, folder):
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    table = pd.DataFrame({"path": [written], "tags": [["cat"]]})
    with pytest.raises(FileNotFoundError, match=hint.replace(".", r"\.")):
        read(table, images=folder)


def test_paths_of_all_kinds(folder):
    (folder / "link.jpg").symlink_to(folder / "a.jpg")
    written = [
        str(folder / "a.jpg"),
        "more\\d.JPG",
        "link.jpg",
        f"../{folder.name}/b.jpg",
    ]
    data = read(pd.DataFrame({"path": written, "tags": ["x"] * 4}), images=folder)
    assert all(map(os.path.isfile, data.images))
    assert data.target.index.tolist() == written


def test_images_without_a_row(write, folder):
    table = write("path,tags,city\na.jpg,cat,Rome\n")
    assert read(table, column="tags").summary.unlisted_files == []  # Nobody asked.
    data = read(table, column="tags", images=folder)
    assert data.summary.unlisted_files == ["b.jpg", "c.jpg", "more/d.JPG"]
    assert "3 images ('b.jpg', 'c.jpg', 'more/d.JPG') in the folder without a row" in data.DESCR
    data = read(
        table,
        column="tags",
        images=folder,
        unlisted="unknown",
        extra_columns=["city"],
        split_column="city",
    )
    assert data.target.index.tolist() == ["a.jpg", "b.jpg", "c.jpg", "more/d.JPG"]
    assert data.images[3] == str(folder / "more/d.JPG")
    np.testing.assert_array_equal(data.target["cat"], [1, NAN, NAN, NAN])
    np.testing.assert_array_equal(data.extra["city=Rome"], [1, NAN, NAN, NAN])
    assert data.split.tolist() == ["Rome", None, None, None]
    assert data.summary.without_label == ["b.jpg", "c.jpg", "more/d.JPG"]


def test_repeated_paths(write):
    table = write("path,tags,wet\na.jpg,cat,1\nb.jpg,sun,1\n./a.jpg,dog,0\na.jpg,cat,\n")
    given = {"column": "tags", "extra_columns": ["wet"]}
    with pytest.raises(ValueError) as caught:
        read(table, **given)
    assert "line 4 has the path './a.jpg', which tags.csv, line 2 has too" in str(caught.value)
    first = read(table, duplicates="first", **given)
    np.testing.assert_array_equal(first.target, [[1, 0, 0], [0, 0, 1]])
    assert first.summary.repeated_paths == ["a.jpg"]
    merged = read(table, duplicates="merge", **given)
    np.testing.assert_array_equal(merged.target, [[1, 1, 0], [0, 0, 1]])
    np.testing.assert_array_equal(merged.extra, [[NAN], [1]])
    assert merged.summary.conflicts == [("a.jpg", "wet")]
    assert "1 path ('a.jpg') in several rows: their labels are united" in str(merged.summary)


def test_rows_that_contradict_each_other_leave_a_label_unknown(write):
    table = write("path,cat,dog\na.jpg,1,\na.jpg,0,0\na.jpg,,0\n")
    data = load_tags(table, duplicates="merge")
    np.testing.assert_array_equal(data.target, [[NAN, 0]])
    assert data.summary.conflicts == [("a.jpg", "cat")]
    assert "1 entry ('a.jpg: cat') both 1 and 0: unknown" in str(data.summary)


def test_spellings(write):
    table = write("path,tags\na.jpg,Sun set\nb.jpg,sun-set\nc.jpg,sun-set;cat\n")
    data = read(table)
    assert data.summary.spellings == [["sun-set", "Sun set"]]
    assert "merge_spellings=True makes them one" in str(data.summary)
    merged = read(table, merge_spellings=True)
    assert merged.target_names.tolist() == ["sun-set", "cat"]
    np.testing.assert_array_equal(merged.target, [[1, 0], [1, 0], [1, 1]])
    columns = write("path,Sun,sun\na.jpg,1,0\nb.jpg,,1\nc.jpg,0,\n")
    merged = load_tags(columns, merge_spellings=True)
    np.testing.assert_array_equal(merged.target, [[NAN], [1], [0]])
    assert merged.summary.conflicts == [("a.jpg", "Sun")]


def test_rename(write):
    table = write("path,tags\na.jpg,cat;kitty\nb.jpg,kitty;todo\n")
    data = read(table, rename={"kitty": "cat", "todo": None})
    assert data.target_names.tolist() == ["cat"]
    np.testing.assert_array_equal(data.target, [[1], [1]])
    assert read(table, rename=dict.fromkeys(["cat", "kitty", "todo"])).target.shape == (2, 0)
    with pytest.raises(ValueError, match="rename has 'kity', which is no label. Did you mean 'ki"):
        read(table, rename={"kity": "cat"})
    with pytest.raises(TypeError, match="rename must be a dict"):
        read(table, rename=["cat"])


def test_min_count(write):
    table = write("path,tags\na.jpg,cat;sun\nb.jpg,cat\n")
    data = read(table, min_count=2)
    assert data.target_names.tolist() == ["cat"]
    assert data.summary.rare_labels == ["sun"]
    assert "1 label ('sun') with less than 2 positives: left out" in str(data.summary)


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("on_missing_file", "warn", ValueError),
        ("unlisted", "negative", ValueError),
        ("duplicates", "last", ValueError),
        ("min_count", -1, ValueError),
        ("suffix", None, TypeError),
    ],
)
def test_what_no_argument_may_be(argument, value, error, write):
    with pytest.raises(error, match=f"{argument} must be"):
        read(write("path,tags\na.jpg,cat\n"), **{argument: value})


def test_the_folder_of_images(write, folder):
    table = write("path,tags\na.jpg,cat\n")
    with pytest.raises(FileNotFoundError, match="must be a folder, but it is not there"):
        read(table, images=folder / "nowhere")
    with pytest.raises(FileNotFoundError, match="must be a folder, but it is a file"):
        read(table, images=folder / "a.jpg")
    with pytest.raises(TypeError, match="images must be the path of a folder"):
        read(table, images=["a.jpg"])


def test_an_empty_table(write):
    data = read(write("path,tags\n"), column="tags")
    assert (data.images, data.target.shape, data.counts.shape) == ([], (0, 0), (0, 3))


def test_labels_may_have_any_name(write):
    table = write('path,tags\na.jpg,class;None;3;=1+1;"a;b";Käse\n')
    names = read(table).target_names.tolist()
    assert names == ["3", "=1+1", "Käse", "None", "a;b", "class"]


def test_without_pandas(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[tables\]'"):
        read(write("path,tags\na.jpg,cat\n"))
