"""load_voc: lists of photos for each class."""

import numpy as np
import pytest

from sklearn_ctran.datasets import load_voc
from sklearn_ctran.datasets._published.voc import _CLASSES, _COUNTS

PARTS = {"train": ["000012", "000017"], "val": ["000005"], "test": ["000001"]}


@pytest.fixture
def lists(tmp_path):
    folder = tmp_path / "VOCdevkit/VOC2007/ImageSets/Main"
    folder.mkdir(parents=True)
    for part, photos in PARTS.items():
        for name in _CLASSES:
            # The official files have the code to the right.
            lines = [f"{photo} -1\n" for photo in photos]
            (folder / f"{name}_{part}.txt").write_text("".join(lines))
    (folder / "car_train.txt").write_text("000012  1\n000017  0\n")
    (folder / "chair_val.txt").write_text("000005  1\n")
    return folder


@pytest.mark.parametrize("difficult", ["unknown", "negative", "positive"])
def test_labels(lists, tmp_path, difficult):
    data = load_voc(tmp_path, year=2007, difficult=difficult, check_counts=False)
    photos = [photo for some in PARTS.values() for photo in some]
    folder = tmp_path / "VOCdevkit/VOC2007/JPEGImages"
    assert data.images == [str(folder / f"{photo}.jpg") for photo in photos]
    expected = np.zeros((4, 20))
    expected[0, _CLASSES.index("car")] = expected[2, _CLASSES.index("chair")] = 1
    state = {"unknown": np.nan, "negative": 0, "positive": 1}[difficult]
    expected[1, _CLASSES.index("car")] = state
    np.testing.assert_array_equal(data.target, expected)
    assert data.target_names.tolist() == list(_CLASSES) == sorted(_CLASSES)
    assert data.split.tolist() == ["train", "train", "val", "test"]
    assert data.extra is data.extra_names is data.groups is None
    assert f"are {difficult}." in data.DESCR and "PASCAL VOC 2007" in data.DESCR


def test_difficult_and_the_year_must_be_said(lists, tmp_path):
    for choice in ({"year": 2007}, {"difficult": "unknown"}):
        with pytest.raises(TypeError, match="missing 1 required keyword-only argument"):
            load_voc(tmp_path, **choice)
    with pytest.raises(ValueError, match="difficult must be one of 'unknown', 'neg"):
        load_voc(tmp_path, year=2007, difficult="skip")
    with pytest.raises(ValueError, match="year must be one of 2007, 2012, got 2010"):
        load_voc(tmp_path, year=2010, difficult="unknown")


def test_2012_has_no_test_labels(lists, tmp_path):
    lists.parents[1].rename(tmp_path / "VOCdevkit/VOC2012")
    data = load_voc(tmp_path, year=2012, difficult="unknown", check_counts=False)
    assert data.split.tolist() == ["train", "train", "val"]
    assert "VOC2012" in data.images[0]


def test_official_numbers(lists, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"aeroplane_train\.txt has 2 .* but 2,501 are published"):
        load_voc(tmp_path, year=2007, difficult="unknown")
    for part, photos in PARTS.items():
        monkeypatch.setitem(_COUNTS[2007], part, len(photos))
    assert len(load_voc(tmp_path, year=2007, difficult="unknown").images) == 4


@pytest.mark.parametrize("line", ["000017 2", "000017", "-1", "000017 1 1"])
def test_a_broken_line(lists, tmp_path, line):
    (lists / "cat_train.txt").write_text(f"000012 -1\n{line}\n")
    with pytest.raises(ValueError, match=rf"cat_train\.txt, line 2 must be .* got '{line}'"):
        load_voc(tmp_path, year=2007, difficult="unknown", check_counts=False)


def test_lists_of_other_photos(lists, tmp_path):
    (lists / "cat_train.txt").write_text("000012 -1\n")
    with pytest.raises(ValueError, match=r"cat_train\.txt .* only one of them has '000017'"):
        load_voc(tmp_path, year=2007, difficult="unknown", check_counts=False)
    (lists / "cat_train.txt").write_text("000017 -1\n000012 -1\n")
    with pytest.raises(ValueError, match=r"cat_train\.txt .* their order differs"):
        load_voc(tmp_path, year=2007, difficult="unknown", check_counts=False)


def test_a_photo_listed_twice(lists, tmp_path):
    for name in _CLASSES:
        (lists / f"{name}_val.txt").write_text("000012 -1\n")
    with pytest.raises(ValueError, match=r"plane_val\.txt, line 1 is .*plane_train\.txt, line 1"):
        load_voc(tmp_path, year=2007, difficult="unknown", check_counts=False)


def test_a_missing_file(lists, tmp_path):
    (lists / "cat_test.txt").unlink()
    message = r"cat_test\.txt'.* in VOCtest_06-Nov-2007\.tar of http.*'VOCdevkit/VOC2007'"
    with pytest.raises(FileNotFoundError, match=message):
        load_voc(tmp_path, year=2007, difficult="unknown", check_counts=False)


def test_photos_are_looked_for_if_asked(lists, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"aeroplane_train\.txt, line 1: there is no file"):
        load_voc(
            tmp_path,
            year=2007,
            difficult="unknown",
            check_counts=False,
            on_missing_file="raise",
        )
