"""load_shards: images in tar files, their labels beside them or in a table."""

import inspect
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_images import load, noise
from tars import LABELS, encoded, samples, write_shards, write_tar

from sklearn_ctran.datasets import _shards, load_shards

PNG = encoded(noise(1)[0])
TAGGED = {"0.png": PNG, "0.txt": b"cat"}


def tar(tmp_path, files, name="a.tar"):
    return write_tar(tmp_path / name, files)


def test_images_and_labels(tmp_path):
    pattern, states = write_shards(tmp_path)
    photos = load_shards(pattern)
    np.testing.assert_array_equal(photos.Y, states)
    assert photos.label_names.tolist() == list(LABELS)
    assert photos.images.keys.tolist() == [f"{i:05}" for i in range(60)]
    pixels = np.concatenate([noise(20, 10, 10, seed) for seed in (0, 20, 40)])
    np.testing.assert_array_equal(load(photos.images), load(pixels))


@pytest.mark.parametrize(
    "shards",
    [
        "photos-{00..02}.tar",
        "photos-{00,01,02}.tar",
        "photos-*.tar",
        "{photos,other}-0{0..2}.tar",
        ["photos-00.tar", "photos-0[12].tar"],
    ],
)
def test_patterns(tmp_path, monkeypatch, shards):
    write_shards(tmp_path)
    for number in range(3):
        write_tar(tmp_path / f"other-{number:02}.tar", {})
    monkeypatch.chdir(tmp_path)
    images = load_shards(shards, labels=None).images
    assert images.keys.tolist() == [f"{i:05}" for i in range(60)]


def test_paths_that_look_like_patterns(tmp_path):
    path = tmp_path / "a[1]{2,3}.tar"
    write_tar(path, {"0.png": PNG})
    assert len(load_shards(path, labels=None).images) == 1
    assert len(load_shards(str(path), labels=None).images) == 1


def test_the_order_of_a_list_stays_and_paths_become_absolute(tmp_path, monkeypatch):
    write_shards(tmp_path)
    monkeypatch.chdir(tmp_path)
    images = load_shards([Path("photos-01.tar"), "photos-00.tar"], labels=None).images
    assert images.keys[0] == "00020"
    assert images[0].shard.path == str(tmp_path / "photos-01.tar")


@pytest.mark.parametrize(
    ("shards", "error", "message"),
    [
        ("b-{0..2}.tar", FileNotFoundError, "There is no file '.*b-0.tar'"),
        ("b-*.tar", FileNotFoundError, r"There is no file '.*b-\*.tar'"),
        ("photos-{00..03}.tar", FileNotFoundError, "photos-03.tar"),
        (["photos-00.tar", "photos-0*.tar"], ValueError, "photos-00.tar is there 2 times"),
        ([], ValueError, "shards is empty"),
        (None, TypeError, "shards must be a path, a pattern or a list of them, got None"),
    ],
)
def test_shards_that_are_not_there(tmp_path, monkeypatch, shards, error, message):
    write_shards(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        load_shards(shards)


def test_classes_and_tags(tmp_path):
    files = {"0.png": PNG, "0.cls": b"2", "1.png": PNG, "1.cls": b"0 2"}
    photos = load_shards(tar(tmp_path, files))
    np.testing.assert_array_equal(photos.Y, [[0, 1], [1, 1]])
    assert photos.label_names.tolist() == [0, 2]
    photos = load_shards(tar(tmp_path, files), label_names=["cat", "dog", "sun"])
    np.testing.assert_array_equal(photos.Y, [[0, 0, 1], [1, 0, 1]])
    files = {"0.png": PNG, "0.txt": "\ufeffcat, Größe".encode(), "1.png": PNG, "1.txt": b""}
    photos = load_shards(tar(tmp_path, files))
    np.testing.assert_array_equal(photos.Y, [[1, 1], [0, 0]])
    assert photos.label_names.tolist() == ["Größe", "cat"]


def test_files_of_a_sample_in_any_order(tmp_path):
    files = {"1.txt": b"dog", "0.txt": b"cat", "x/0.txt": b"sun"}
    files |= {"x/0.png": PNG, "0.png": PNG, "1.png": PNG}
    photos = load_shards(tar(tmp_path, files))
    assert photos.images.keys.tolist() == ["x/0", "0", "1"]
    np.testing.assert_array_equal(photos.Y, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])


def test_other_files_are_passed_over(tmp_path):
    files = {"README": b"", ".DS_Store.png": b"x", "x/.hidden.txt": b"x", "__meta__.txt": b"x"}
    files |= {"0.PNG": PNG, "0.seg.png": b"x", "0.txt": b"cat", "0.npy": b"x"}
    photos = load_shards(tar(tmp_path, files))
    assert [image.name for image in photos.images] == ["0.PNG"]


def test_the_image_of_several(tmp_path):
    files = {"0.png": PNG, "0.jpg": b"x", "0.left.png": PNG}
    with pytest.raises(ValueError, match=r"a\.tar: the sample '0' is there twice, .*image='jpg'"):
        load_shards(tar(tmp_path, files), labels=None)
    for image in ("jpg", "left.png"):
        images = load_shards(tar(tmp_path, files), labels=None, image=image).images
        assert images[0].name == f"0.{image}"
    with pytest.raises(ValueError, match="no images in '.*a.tar'"):
        load_shards(tar(tmp_path, files), labels=None, image="webp")


def test_tables_by_key(tmp_path):
    pattern, states = write_shards(tmp_path)
    keys = [f"{i:05}" for i in range(60)]
    frame = pd.DataFrame(states, index=keys, columns=LABELS)[::-1]
    np.testing.assert_array_equal(load_shards(pattern, frame).Y, states)
    tags = {key: frame.columns[frame.loc[key] == 1].tolist() for key in keys}
    photos = load_shards(pattern, tags, label_names=["sun", "dog", "cat"])
    np.testing.assert_array_equal(photos.Y, states[:, ::-1])
    with pytest.raises(ValueError, match=r"no '00007', the key of .*photos-00\.tar/00007\.png"):
        load_shards(pattern, frame.drop("00007"))


def test_no_labels(tmp_path):
    photos = load_shards(write_shards(tmp_path)[0], labels=None)
    assert (photos.Y, photos.label_names, len(photos.images)) == (None, None, 60)


@pytest.mark.parametrize(
    ("files", "labels", "message"),
    [
        (
            TAGGED | {"1.png": PNG},
            "auto",
            r"'1\.png' has no labels, no '1\.txt'",
        ),
        (
            TAGGED | {"1.txt": b""},
            "auto",
            r"'1\.txt' has labels, but .* no image",
        ),
        (TAGGED | {"0.cls": b"1"}, "auto", "several kinds, 'cls', 'txt': name"),
        ({"0.png": PNG}, "auto", r"no files of labels \('cls', 'json', 'txt'\)"),
        ({"0.png": PNG}, "csv", "labels='csv' is no extension"),
        ({"0.png": PNG, "0.cls": b"x"}, "cls", r"the labels in '0\.cls' cannot be read: .*'x'"),
        ({"0.png": PNG, "0.json": b"[" * 9000}, "json", r"labels in '0\.json' cannot be read"),
        ({"0.png": PNG, "0.txt": b"\xff"}, "txt", r"labels in '0\.txt' .* decode"),
        ({"0.png": PNG, "0.txt": b" " * 2**21}, "txt", r"labels in '0\.txt' .* 2,097,152 bytes"),
        ([("0.png", PNG), ("0.png", PNG)], None, r"the sample '0' is there twice"),
        ({}, None, "There are no images in"),
    ],
)
def test_shards_that_cannot_be_read(tmp_path, files, labels, message):
    with pytest.raises(ValueError, match=rf"(?s)(a\.tar.*)?{message}") as caught:
        load_shards(tar(tmp_path, files), labels)
    assert "a.tar" in str(caught.value) or labels == "csv"


def test_a_key_in_two_shards(tmp_path):
    """Many sets count anew in each shard. Then nobody can say by key whose labels are whose."""
    for name in ("a.tar", "b.tar"):
        tar(tmp_path, {"0.png": PNG, "0.txt": name[:1].encode()}, name)
    np.testing.assert_array_equal(load_shards(tmp_path / "*.tar").Y, [[1, 0], [0, 1]])
    with pytest.raises(ValueError, match=r"key '0' is there twice: .*a\.tar/0\.png and .*b\.tar/0"):
        load_shards(tmp_path / "*.tar", {"0": ["cat"]})


def test_damaged_shards_are_named(tmp_path):
    write_shards(tmp_path)
    os.truncate(tmp_path / "photos-01.tar", 10_000)
    with pytest.raises(ValueError, match=r"photos-01\.tar is damaged"):
        load_shards(tmp_path / "*.tar")


def test_only_places_are_in_memory(tmp_path):
    files, _ = samples(0, 30, side=60)
    images = load_shards(tar(tmp_path, files)).images
    arrays = [value for value in vars(images).values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in arrays) < 60 * len(images)


def test_the_extensions_that_are_documented():
    text = inspect.getdoc(load_shards)
    assert all(f"``.{extension}``" in text for extension in _shards.READERS)
