"""load_image_folder.py and save_image_folder.py: tables beside images, and folders as labels."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets import load_image_folder, save_image_folder

NAN = np.nan


@pytest.fixture
def folder(tmp_path):
    for name in ("train/cat/a.jpg", "train/dog/b.jpg", "val/cat/c.PNG", "d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_folders_as_labels(folder):
    data = load_image_folder(folder)
    assert data.target.index.tolist() == [
        "d.jpg", "train/cat/a.jpg", "train/dog/b.jpg", "val/cat/c.PNG"
    ]  # fmt: skip
    assert data.target_names.tolist() == ["cat", "dog"]
    np.testing.assert_array_equal(data.target, [[NAN, NAN], [1, 0], [0, 1], [1, 0]])
    assert data.split.tolist() == [None, "train", "train", "validation"]
    plain = load_image_folder(folder / "train")
    assert plain.split is None and plain.target.index.tolist() == ["cat/a.jpg", "dog/b.jpg"]
    with pytest.raises(ValueError, match="has no table, metadata.csv, .* and no images in folders"):
        load_image_folder(folder / "train" / "cat")


def test_one_table(folder):
    text = "file_name,cat,dog\ntrain/cat/a.jpg,1,\nd.jpg,0,1\n"
    (folder / "metadata.csv").write_text(text)
    data = load_image_folder(folder)
    np.testing.assert_array_equal(data.target, [[1, NAN], [0, 1]])
    assert data.images == [str(folder / "train/cat/a.jpg"), str(folder / "d.jpg")]
    assert data.summary.unlisted_files == ["train/dog/b.jpg", "val/cat/c.PNG"]
    assert len(load_image_folder(folder, unlisted="unknown").images) == 4
    assert load_image_folder(folder, label_columns=["dog"]).target_names.tolist() == ["dog"]


def test_a_table_for_each_part(folder):
    (folder / "train" / "metadata.jsonl").write_text(
        '{"file_name": "cat/a.jpg", "tags": ["cat"], "city": "Rome"}\n\n'
        '{"file_name": "dog/b.jpg", "tags": null}\n'
    )
    pd.DataFrame({"tags": [["cat", "sun"]], "file_name": ["cat/c.PNG"], "city": ["Oslo"]}
                 ).to_parquet(folder / "val" / "metadata.parquet")  # fmt: skip
    data = load_image_folder(
        folder, missing="negative", blank="unknown", column="tags", extra_columns=["city"]
    )
    assert data.split.tolist() == ["train", "train", "validation"]
    np.testing.assert_array_equal(data.target, [[1, 0], [NAN, NAN], [1, 1]])
    assert data.extra_names.tolist() == ["city=Oslo", "city=Rome"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"metadata.csv": "path,cat\na,1\n"}, "must have a column 'file_name'"),
        ({"metadata.jsonl": "{\n"}, "metadata.jsonl, line 1, column 2: it is no JSON"),
        ({"metadata.jsonl": "[1]\n"}, "metadata.jsonl, line 1 must be an object"),
        ({"metadata.csv": "file_name\n", "metadata.jsonl": "{}"}, "has several tables"),
        ({"metadata.csv": "file_name,a\n", "val/metadata.csv": "file_name,b\n"}, "see a, b"),
        ({"metadata.csv": "file_name,cat\nd.jpg,5\n", "val/metadata.csv": "file_name,cat\n"},
         "metadata.csv, line 2, column 'cat' holds '5'"),
        ({"metadata.csv": "file_name,tags\nd.jpg,cat\n"}, "Say missing='negative'"),
    ],
)  # fmt: skip
def test_broken_tables(tables, message, folder):
    for name, text in tables.items():
        (folder / name).write_text(text)
    given = {"label_columns": ["cat"]} if "'5'" in message else {}
    with pytest.raises(ValueError, match=message):
        load_image_folder(folder, **given)


def test_what_is_wrong(folder):
    (folder / "metadata.csv").write_text("file_name,cat\nd.jpg,1\nd.jpg,1\nx.jpg,1\n")
    with pytest.raises(FileNotFoundError, match="line 4: there is no file"):
        load_image_folder(folder)
    with pytest.raises(ValueError, match="line 3 has the path 'd.jpg'"):
        load_image_folder(folder, on_missing_file="skip")
    data = load_image_folder(folder, on_missing_file="skip", duplicates="first")
    assert len(data.images) == 1
    with pytest.raises(FileNotFoundError, match="folder='nowhere' must be a folder"):
        load_image_folder("nowhere")


@pytest.mark.parametrize("table", ["metadata.csv", "metadata.jsonl"])
@pytest.mark.parametrize("form", ["columns", "tags"])
def test_there_and_back(table, form, folder):
    values = [[1.0, 0.0], [0.0, 0.0], [NAN, NAN]]
    paths = ["d.jpg", "train/cat/a.jpg", "val/cat/c.PNG"]
    target = pd.DataFrame(values, paths, ["Käse", 'a;"b'])
    save_image_folder(folder, target, table=table, form=form)
    given = {"missing": "negative", "blank": "unknown"} if form == "tags" else {}
    data = load_image_folder(folder, **given)
    assert data.target.index.tolist() == paths
    np.testing.assert_array_equal(data.target["Käse"], [row[0] for row in values])
    assert form == "tags" or data.target_names.tolist() == ["Käse", 'a;"b']


def test_where_images_are(folder, monkeypatch):
    target = pd.DataFrame({"cat": [1]})
    monkeypatch.chdir(folder)
    for path in (folder / "train/cat/a.jpg", "train/cat/a.jpg", "cat/a.jpg"):
        save_image_folder("train", target, images=[path])
        line = (folder / "train" / "metadata.jsonl").read_text()
        assert json.loads(line)["file_name"] == "cat/a.jpg"
    with pytest.raises(ValueError, match="is not in the folder folder='train'"):
        save_image_folder("train", target, images=["../d.jpg"])


@pytest.mark.parametrize("argument", ["table", "form"])
def test_what_is_refused(argument, folder):
    target = pd.DataFrame({"file_name": [1]}, index=["d.jpg"])
    with pytest.raises(ValueError, match=f"{argument} must be one of"):
        save_image_folder(folder, target, **{argument: "x"})
    with pytest.raises(ValueError, match="A label is called 'file_name'"):
        save_image_folder(folder, target)
