"""load_coco80: instances of COCO."""

import copy
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sklearn_ctran.datasets import load_coco80
from sklearn_ctran.datasets._published import coco80
from sklearn_ctran.datasets._published.coco_files import CATEGORIES
from sklearn_ctran.datasets._published.download import Download

CONTENT = {
    "info": {"year": 2014},
    "licenses": [],
    "images": [
        {"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "height": 480, "width": 640},
        {"id": 25, "file_name": "COCO_train2014_000000000025.jpg", "height": 426, "width": 640},
        {"id": 30, "file_name": "COCO_train2014_000000000030.jpg", "height": 428, "width": 640},
    ],
    "annotations": [
        {"id": 1, "image_id": 30, "category_id": 90, "iscrowd": 0, "area": 3.5,
         "segmentation": [[1.5, 2, 3, 4, 5, 6]], "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": 9, "category_id": 1, "iscrowd": 1, "area": 3.5,
         "segmentation": {"counts": [1, 2], "size": [480, 640]}, "bbox": [1, 2, 3, 4]},
    ],
    "categories": [
        {"supercategory": "person", "id": 1, "name": "person"},
        {"supercategory": "indoor", "id": 90, "name": "toothbrush"},
    ],
}  # fmt: skip


@pytest.fixture
def content():
    return copy.deepcopy(CONTENT)


@pytest.fixture
def write(tmp_path):
    folder = tmp_path / "coco/annotations"
    folder.mkdir(parents=True)

    def write(content, part="train2014"):
        text = json.dumps(content).replace("train2014", part)
        (folder / f"instances_{part}.json").write_text(text)

    write(CONTENT)
    write(CONTENT, "val2014")
    return write


def test_photos_with_objects(write, tmp_path):
    data = load_coco80(tmp_path, check_counts=False)
    assert data.images == [
        str(tmp_path / f"coco/{part}/COCO_{part}_0000000000{number}.jpg")
        for part in ("train2014", "val2014")
        for number in ("09", "30")
    ]
    np.testing.assert_array_equal(data.target, [[1, 0], [0, 1]] * 2)
    assert data.target_names.tolist() == ["person", "toothbrush"]
    assert data.split.tolist() == ["train", "train", "val", "val"]
    assert data.extra is data.extra_names is data.groups is None
    assert data.DESCR.startswith("COCO-80: photos")


def test_the_folder_of_the_environment(write, tmp_path, monkeypatch):
    monkeypatch.setenv("SKLEARN_CTRAN_DATA", str(tmp_path))
    assert len(load_coco80(check_counts=False).images) == 4


def test_official_numbers_and_names(write, tmp_path, content, monkeypatch):
    with pytest.raises(ValueError, match=r"other categories than the 80 .* 'airplane'"):
        load_coco80(tmp_path)
    content["categories"] = [{"id": i, "name": name} for i, name in enumerate(CATEGORIES, 1)]
    content["annotations"][0]["category_id"] = 80
    for part in ("train2014", "val2014"):
        write(content, part)
    with pytest.raises(ValueError, match=r"2 images in 'train', but 82,081 are published"):
        load_coco80(tmp_path)
    monkeypatch.setitem(coco80._ABOUT.counts, "train", 2)
    with pytest.raises(ValueError, match=r"instances_val2014\.json has 2 .* but 40,137 are"):
        load_coco80(tmp_path)
    monkeypatch.setitem(coco80._ABOUT.counts, "val", 2)
    data = load_coco80(tmp_path)
    assert data.target_names.tolist() == list(CATEGORIES) and len(set(CATEGORIES)) == 80
    content["categories"][:2] = reversed(content["categories"][:2])
    write(content)
    with pytest.raises(ValueError, match="80 of COCO: their order differs"):
        load_coco80(tmp_path)


def test_broken_files(write, tmp_path, content):
    file = tmp_path / "coco/annotations/instances_train2014.json"
    text = file.read_text()
    file.write_text(text[:200])
    with pytest.raises(ValueError, match=r"train2014\.json, line 1, .* Is the file complete\?"):
        load_coco80(tmp_path, check_counts=False)
    for key in ("images", "annotations", "categories"):
        write({name: value for name, value in content.items() if name != key})
        with pytest.raises(ValueError, match=rf"train2014\.json has no '{key}'"):
            load_coco80(tmp_path, check_counts=False)
    content["annotations"][1]["category_id"] = 91
    write(content)
    with pytest.raises(ValueError, match=r"annotation 1 has the category_id 91, which is not"):
        load_coco80(tmp_path, check_counts=False)


def test_a_photo_listed_twice(write, tmp_path, content):
    content["images"][2]["file_name"] = content["images"][0]["file_name"]
    write(content)
    with pytest.raises(ValueError, match=r"json, image 30 is the photo .*, image 9 is too"):
        load_coco80(tmp_path, check_counts=False)


def test_photos_are_looked_for_if_asked(write, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train2014\.json, image 9: there is no file"):
        load_coco80(tmp_path, check_counts=False, on_missing_file="raise")
    with pytest.raises(FileNotFoundError, match="nor one of any other row"):
        load_coco80(tmp_path, check_counts=False, on_missing_file="skip")
    photo = "train2014/COCO_train2014_000000000009.jpg"
    (tmp_path / "coco" / photo).parent.mkdir()
    (tmp_path / "coco" / photo).touch()
    data = load_coco80(tmp_path, check_counts=False, on_missing_file="skip")
    assert [Path(path).name for path in data.images] == [Path(photo).name]


def test_a_missing_file(write, tmp_path):
    (tmp_path / "coco/annotations/instances_val2014.json").unlink()
    message = r"instances_val2014\.json'.*annotations_trainval2014\.zip of https.*download=True"
    with pytest.raises(FileNotFoundError, match=message):
        load_coco80(tmp_path, check_counts=False)


def test_downloads_one_archive_for_both_files(web, write, tmp_path, monkeypatch):
    names = [f"annotations/instances_{part}.json" for part in ("train2014", "val2014")]
    with zipfile.ZipFile(web.folder / "all.zip", "w") as file:
        for name in names:
            path = tmp_path / "coco" / name
            file.write(path, name)
            path.unlink()
    official = coco80.annotation_file

    def here(kind, part):
        file = official(kind, part)
        assert file.download.url.startswith("http://images.cocodataset.org/")
        return type(file)(
            file.name, file.published, Download(f"{web.url}/all.zip", None, (file.name,))
        )

    monkeypatch.setattr(coco80, "annotation_file", here)
    assert len(load_coco80(tmp_path, download=True, check_counts=False).images) == 4
    assert (tmp_path / "coco" / names[1]).is_file()
