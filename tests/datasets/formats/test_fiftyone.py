"""load_fiftyone and save_fiftyone: fields of Classifications, and labels.json both ways."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets import load_fiftyone, save_fiftyone

NAN = np.nan


def classifications(*labels):
    return {
        "_cls": "Classifications",
        "classifications": [{"_cls": "Classification", "label": label} for label in labels],
    }


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("a.jpg", "b.JPG", "c.png"):
        (tmp_path / "data" / name).touch()
    return tmp_path


@pytest.fixture
def samples():
    return [
        {"_id": {"$oid": "1"}, "filepath": "data/a.jpg", "tags": ["train"],
         "truth": classifications("cat", "sun")},
        {"filepath": "data/b.JPG", "truth": classifications("cat")},
        {"filepath": "data/c.png", "truth": None},
    ]  # fmt: skip


def write(folder, content, name="samples.json"):
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_samples(samples, folder):
    write(folder, {"samples": samples})
    for source in (folder, folder / "samples.json"):
        data = load_fiftyone(source, missing="negative")
        assert data.target_names.tolist() == ["cat", "sun"]
        assert data.images[1] == str(folder / "data" / "b.JPG")
        np.testing.assert_array_equal(data.target, [[1, 1], [1, 0], [NAN, NAN]])
    data = load_fiftyone(folder, missing="unknown", blank="negative")
    np.testing.assert_array_equal(data.target, [[1, 1], [1, NAN], [0, 0]])
    with pytest.raises(ValueError, match="missing must be one of"):
        load_fiftyone(folder, missing=None)


def test_fields(samples, folder):
    samples[0]["guess"] = {"_cls": "Classification", "label": "dog"}
    write(folder, {"samples": samples})
    with pytest.raises(ValueError, match="has several, 'truth', 'guess'. Say which"):
        load_fiftyone(folder, missing="negative")
    data = load_fiftyone(folder, missing="negative", field="guess")
    np.testing.assert_array_equal(data.target, [[1], [NAN], [NAN]])
    with pytest.raises(ValueError, match="no field 'gues', only 'truth', 'guess'"):
        load_fiftyone(folder, missing="negative", field="gues")


@pytest.mark.parametrize(
    "labels",
    [
        {"classes": ["sun", "cat"], "labels": {"a": [1, 0], "b": 1, "c": None}},
        {"classes": ["sun", "cat"], "labels": {"a": ["cat", "sun"], "b": ["cat"], "c": None}},
        {"labels": {"a": [{"label": "cat", "confidence": 0.3}, {"label": "sun"}],
                    "b": {"label": "cat"}, "c": None}},
    ],
)  # fmt: skip
def test_labels_json(labels, folder):
    data = load_fiftyone(write(folder, labels, "labels.json"), missing="negative")
    assert data.images == [str(folder / "data" / name) for name in ("a.jpg", "b.JPG", "c.png")]
    np.testing.assert_array_equal(data.target[["cat", "sun"]], [[1, 1], [1, 0], [NAN, NAN]])
    assert data.target_names.tolist() == labels.get("classes", ["cat", "sun"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "all of it, must be an object"),
        ({}, "has no 'labels'"),
        ({"samples": [3]}, "sample 0 must be an object"),
        ({"samples": [{"filepath": "a"}]}, "but the file has none"),
        ({"samples": [{"t": classifications("a")}]}, "sample 0 has no 'filepath'"),
        ({"samples": [{"filepath": "a", "t": {"_cls": "Classifications"}}]}, "'classifications'"),
        ({"classes": ["a"], "labels": {"a": 1}}, "there is no class 1 among 1 classes"),
        ({"classes": ["a"], "labels": {"a": ["b"]}}, "has the label 'b', which is no class"),
        ({"labels": {"a": [1]}}, "has the label 1, which is no class"),
    ],
)
def test_broken_files(content, message, folder):
    with pytest.raises(ValueError, match=message):
        load_fiftyone(write(folder, content), missing="negative")


def test_an_empty_folder_and_missing_files(samples, folder):
    with pytest.raises(FileNotFoundError, match="neither samples.json nor labels.json"):
        load_fiftyone(folder, missing="negative")
    (folder / "data" / "a.jpg").unlink()
    write(folder, {"samples": samples})
    with pytest.raises(FileNotFoundError, match="sample 0: there is no file"):
        load_fiftyone(folder, missing="negative")
    data = load_fiftyone(folder, missing="negative", on_missing_file="skip")
    assert data.target.index.tolist() == ["data/b.JPG", "data/c.png"]
    with pytest.raises(ValueError, match="leave out field='x'"):
        load_fiftyone(write(folder, {"labels": {}}, "samples.json"), missing="negative", field="x")


def test_there_and_back(folder):
    paths = [str(folder / "data" / name) for name in ("a.jpg", "b.JPG", "c.png")]
    proba = pd.DataFrame({"Käse": [0.9, 0.3, NAN], "a;b": [0.6, 0.1, NAN]}, index=paths)
    save_fiftyone(folder / "labels.json", proba, folder / "data")
    content = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    assert content["labels"]["a"] == [
        {"label": 0, "confidence": 0.9},
        {"label": 1, "confidence": 0.6},
    ]
    data = load_fiftyone(folder, missing="negative", blank="negative")
    np.testing.assert_array_equal(data.target, [[1, 1], [0, 0], [0, 0]])
    save_fiftyone(folder / "labels.json", proba, folder / "data", thresholds={"a;b": 0.7},
                  confidence=False)  # fmt: skip
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["labels"]
    assert labels == {"a": [0], "b": [], "c": None}


def test_images_that_fiftyone_cannot_name(tmp_path):
    proba = pd.DataFrame({"cat": [0.9, 0.3]}, index=[tmp_path / "a.jpg", tmp_path / "a.png"])
    with pytest.raises(ValueError, match="but for its suffix"):
        save_fiftyone(tmp_path / "x.json", proba, tmp_path)
    with pytest.raises(ValueError, match="is not in the folder images="):
        save_fiftyone(tmp_path / "x.json", proba, tmp_path / "other")
