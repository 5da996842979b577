"""load_news500: the files that C-Tran's published code reads."""

import pickle

import numpy as np
import pytest

from sklearn_ctran.datasets import load_news500
from sklearn_ctran.datasets._published import news500

PARTS = {"train": 2, "val": 1, "test": 1}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "NEWS"
    folder.mkdir()
    for part, n in PARTS.items():
        photos = [
            {"file_path": f"/localtmp/data/data/2014/{part}_{i}.jpg", "image_id": i, "caption": "x"}
            for i in range(n)
        ]
        write(folder, part, photos, np.eye(n, 500, k=3))
    return folder


def write(folder, part, photos, states=None):
    (folder / f"{part}_split.p").write_bytes(pickle.dumps(photos, 2))
    if states is not None:
        np.save(folder / f"caption_{part}_space.npy", states)


def test_labels(folder, tmp_path):
    data = load_news500(tmp_path, check_counts=False)
    names = [f"2014/{part}_{i}.jpg" for part, n in PARTS.items() for i in range(n)]
    assert data.images == [str(folder / name) for name in names]
    assert np.argwhere(data.target.to_numpy() == 1).tolist() == [[0, 3], [1, 4], [2, 3], [3, 3]]
    assert data.target.shape == (4, 500)
    assert data.split.tolist() == ["train", "train", "val", "test"]
    assert data.target_names[[0, 499]].tolist() == ["noun 0", "noun 499"]
    assert data.extra is data.extra_names is data.groups is None


def test_names_of_labels(folder, tmp_path):
    names = [f"thing {number}" for number in range(500)]
    assert (
        load_news500(tmp_path, label_names=names, check_counts=False).target_names[7] == "thing 7"
    )


def test_official_numbers(folder, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"train_split\.p has 2 .* but 151,873 are published"):
        load_news500(tmp_path)
    for part, n in PARTS.items():
        monkeypatch.setitem(news500._ABOUT.counts, part, n)
    assert len(load_news500(tmp_path).images) == 4


def test_broken_files(folder, tmp_path):
    write(folder, "val", [{"image_id": 3}])
    with pytest.raises(ValueError, match=r"val_split\.p, photo 0 has no 'file_path'"):
        load_news500(tmp_path, check_counts=False)
    write(folder, "val", {"file_path": "a.jpg"})
    with pytest.raises(ValueError, match=r"val_split\.p must be a list"):
        load_news500(tmp_path, check_counts=False)
    write(folder, "val", ["a.jpg"])
    with pytest.raises(ValueError, match=r"val_split\.p, photo 0 must be an object"):
        load_news500(tmp_path, check_counts=False)
    write(folder, "val", [{"file_path": "a.jpg"}, {"file_path": "b.jpg"}])
    with pytest.raises(ValueError, match=r"caption_val_space\.npy must hold an array of 2 x 500"):
        load_news500(tmp_path, check_counts=False)
    write(folder, "val", [{"file_path": "2014/train_0.jpg"}])
    with pytest.raises(ValueError, match=r"val_split\.p, photo 0 is .* train_split\.p, photo 0 is"):
        load_news500(tmp_path, check_counts=False)


def test_a_missing_file(folder, tmp_path):
    (folder / "caption_val_space.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"caption_val_space\.npy'.* on request only"):
        load_news500(tmp_path, check_counts=False)


def test_photos_are_looked_for_if_asked(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train_split\.p, photo 0: there is no file"):
        load_news500(tmp_path, check_counts=False, on_missing_file="raise")
