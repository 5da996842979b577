"""load_coco and save_coco: labels of images from instances, and back."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets import load_coco, save_coco

NAN = np.nan
CONTENT = {
    "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 5, "file_name": "b.jpg"},
               {"id": 6, "file_name": "sub/c.jpg"}],
    "categories": [{"id": 90, "name": "cat"}, {"id": 1, "name": "dog"}, {"id": 3, "name": "sun"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 90, "iscrowd": 0, "bbox": [0, 0, 1, 1]},
        {"id": 2, "image_id": 7, "category_id": 90, "iscrowd": 1},
        {"id": 3, "image_id": 7, "category_id": 1, "iscrowd": 1},
        {"id": 4, "image_id": 5, "category_id": 3},
    ],
}  # fmt: skip


@pytest.fixture
def content():
    return copy.deepcopy(CONTENT)


@pytest.fixture
def write(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.jpg", "b.jpg", "sub/c.jpg"):
        (tmp_path / name).touch()

    def write(content):
        (tmp_path / "instances.json").write_text(json.dumps(content), encoding="utf-8")
        return tmp_path / "instances.json"

    return write


def test_labels_of_images(content, write, tmp_path):
    data = load_coco(write(content))
    assert data.target_names.tolist() == ["cat", "dog", "sun"]
    assert data.images == [str(tmp_path / name) for name in ("a.jpg", "b.jpg", "sub/c.jpg")]
    np.testing.assert_array_equal(data.target, [[1, 1, 0], [0, 0, 1], [0, 0, 0]])


def test_crowds_and_images_without_annotations(content, write):
    data = load_coco(write(content), crowd="unknown", unannotated="unknown")
    np.testing.assert_array_equal(data.target, [[1, NAN, 0], [0, 0, 1], [NAN] * 3])
    for name in ("crowd", "unannotated"):
        with pytest.raises(ValueError, match=f"{name} must be one of"):
            load_coco(write(content), **{name: "skip"})


def test_absent_categories_of_lvis(content, write):
    content["images"][0]["neg_category_ids"] = [3]
    content["images"][2]["neg_category_ids"] = []
    data = load_coco(write(content))
    np.testing.assert_array_equal(data.target, [[1, 1, 0], [0, 0, 1], [NAN] * 3])
    content["images"][2]["neg_category_ids"] = [4]
    with pytest.raises(ValueError, match="image 6: neg_category_ids must list categories"):
        load_coco(write(content))


def test_images_and_fixes(content, write, tmp_path):
    file = write(content)
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="instances.json, image 5: there is no file"):
        load_coco(file)
    assert len(load_coco(file, on_missing_file="skip").images) == 2
    with pytest.raises(FileNotFoundError, match="must be a folder"):
        load_coco(file, images=tmp_path / "nowhere")
    content["images"][1]["file_name"] = "a.jpg"
    with pytest.raises(ValueError, match="image 5 has the path 'a.jpg', which"):
        load_coco(write(content))
    data = load_coco(write(content), duplicates="merge")
    assert data.target.loc["a.jpg"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("categories"), "has no 'categories': captions"),
        (lambda c: c.pop("images"), "has no 'images'"),
        (lambda c: c.update(annotations={}), "'annotations' must be a list"),
        (lambda c: c["annotations"].append(3), "annotation 4 must be an object"),
        (lambda c: c["annotations"][1].pop("image_id"), "annotation 1 has no 'image_id'"),
        (lambda c: c["annotations"][1].update(image_id=8), "annotation 1 has the image_id 8"),
        (lambda c: c["annotations"][1].update(image_id=[]), r"annotation 1 has the image_id \[\]"),
        (lambda c: c["annotations"][1].update(category_id=8), "the category_id 8, which is not"),
        (lambda c: c["categories"].append({"id": 4, "name": "cat"}), "one id or name 'cat'"),
        (lambda c: c["categories"][0].pop("name"), "category 0 has no 'name'"),
        (lambda c: c["images"][0].update(id=5), "image 1 has the id 5"),
        (lambda c: c["images"][0].update(file_name=5), "image 0, 'file_name' must be a text"),
    ],
)
def test_broken_files(change, message, content, write):
    change(content)
    with pytest.raises(ValueError, match=message):
        load_coco(write(content))


def test_many_annotations_take_seconds(content, write):
    content["annotations"] *= 25_000
    assert load_coco(write(content)).target.loc["a.jpg"].tolist() == [1, 1, 0]


@pytest.mark.parametrize("unknown", [False, True])
def test_there_and_back(unknown, tmp_path):
    values = [[1.0, 0.0], [NAN if unknown else 0.0, 1.0], [0.0, 0.0]]
    target = pd.DataFrame(values, ["a.jpg", "b.jpg", "c.jpg"], ["Käse", "class"])
    save_coco(tmp_path / "labels.json", target)
    data = load_coco(tmp_path / "labels.json", on_missing_file="keep")
    np.testing.assert_array_equal(data.target, target)
    assert data.target.index.tolist() == target.index.tolist()
    text = (tmp_path / "labels.json").read_text(encoding="utf-8")
    assert ("neg_category_ids" in text) == unknown and "Käse" in text


def test_save_names_files_relative_to_a_folder(tmp_path):
    target = pd.DataFrame({"cat": [1]})
    images = [tmp_path / "photos" / "a.jpg"]
    save_coco(tmp_path / "x.json", target, images=images, relative_to=tmp_path / "photos")
    assert json.loads((tmp_path / "x.json").read_text())["images"][0]["file_name"] == "a.jpg"
