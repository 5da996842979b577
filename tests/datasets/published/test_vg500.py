"""load_vg500: lists of photos and numbers of labels."""

import json

import numpy as np
import pytest

from sklearn_ctran.datasets import load_vg500
from sklearn_ctran.datasets._published import vg500

LABELS = {"2328403.jpg": [499, 3], "61540.jpg": [], "3.jpg": [0]}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "VG"
    folder.mkdir()
    (folder / "train_list_500.txt").write_text("61540.jpg\n2328403.jpg\n")
    (folder / "test_list_500.txt").write_text("3.jpg")
    write(folder, LABELS)
    return folder


def write(folder, labels):
    (folder / "vg_category_500_labels_index.json").write_text(json.dumps(labels))


def test_labels(folder, tmp_path):
    data = load_vg500(tmp_path, check_counts=False)
    photos = ("61540.jpg", "2328403.jpg", "3.jpg")
    assert data.images == [str(folder / "VG_100K" / photo) for photo in photos]
    assert np.argwhere(data.target.to_numpy() == 1).tolist() == [[1, 3], [1, 499], [2, 0]]
    assert data.target.shape == (3, 500) and not data.target.isna().any(axis=None)
    assert data.target_names[[0, 499]].tolist() == ["object 0", "object 499"]
    assert data.split.tolist() == ["train", "train", "test"]
    assert data.extra is data.extra_names is data.groups is None


def test_photos_of_the_second_archive(folder, tmp_path):
    (folder / "VG_100K_2").mkdir()
    (folder / "VG_100K_2/61540.jpg").touch()
    images = load_vg500(tmp_path, check_counts=False).images
    assert images[0] == str(folder / "VG_100K_2/61540.jpg")
    assert images[1] == str(folder / "VG_100K/2328403.jpg")


def test_names_of_labels(folder, tmp_path):
    names = [f"thing {number}" for number in range(500)]
    data = load_vg500(tmp_path, label_names=names, check_counts=False)
    assert data.target.columns.tolist() == names
    with pytest.raises(ValueError, match="label_names has 2 names, but there are 500"):
        load_vg500(tmp_path, label_names=["a", "b"], check_counts=False)


def test_official_numbers(folder, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"train_list_500\.txt has 2 .* but 98,249 are published"):
        load_vg500(tmp_path)
    for part, n in (("train", 2), ("test", 1)):
        monkeypatch.setitem(vg500._ABOUT.counts, part, n)
    assert len(load_vg500(tmp_path).images) == 3


@pytest.mark.parametrize("odd", [500, -1, "3", 1.0, True, None])
def test_a_label_that_is_none(folder, tmp_path, odd):
    write(folder, LABELS | {"2328403.jpg": [3, odd]})
    with pytest.raises(ValueError, match=rf"json, '2328403\.jpg': .* from 0 to 499, got {odd!r}"):
        load_vg500(tmp_path, check_counts=False)


def test_broken_files(folder, tmp_path):
    write(folder, LABELS | {"61540.jpg": 3})
    with pytest.raises(ValueError, match=r"'61540\.jpg' must be a list"):
        load_vg500(tmp_path, check_counts=False)
    write(folder, {"61540.jpg": [], "3.jpg": []})
    with pytest.raises(ValueError, match=r"train_list_500\.txt, line 2: .* of the photo '2328403"):
        load_vg500(tmp_path, check_counts=False)
    write(folder, [])
    with pytest.raises(ValueError, match="index.json, all of it, must be an object"):
        load_vg500(tmp_path, check_counts=False)
    write(folder, LABELS)
    (folder / "test_list_500.txt").write_text("3.jpg\n61540.jpg\n")
    with pytest.raises(ValueError, match=r"test_list_500\.txt, line 2 is .* line 1 is"):
        load_vg500(tmp_path, check_counts=False)
    (folder / "test_list_500.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"test_list_500\.txt is empty"):
        load_vg500(tmp_path, check_counts=False)
    (folder / "test_list_500.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"test_list_500\.txt'.*HCPLab-SYSU/SSGRL"):
        load_vg500(tmp_path, check_counts=False)


def test_photos_are_looked_for_if_asked(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train_list_500\.txt, line 1: there is no file"):
        load_vg500(tmp_path, check_counts=False, on_missing_file="raise")
