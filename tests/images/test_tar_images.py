"""Images in tar files: a sequence that can be cut, sent and read like a list of paths."""

import os
import pickle

import numpy as np
import pytest
import torch
from made_images import load, noise
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing
from tars import encoded, write_tar

from sklearn_ctran._images import keys
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran._images.readable import with_readable
from sklearn_ctran._images.tar_images import TarImages, encoded_name, split_name
from sklearn_ctran._images.tar_members import TarMember
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran.datasets import load_shards

PIXELS = noise(5)


@pytest.fixture
def images(tmp_path):
    parts = {"a.tar": [0, 1, 2], "b.tar": [3, 4]}
    for name, rows in parts.items():
        write_tar(tmp_path / name, {f"x/{row}.png": encoded(PIXELS[row]) for row in rows})
    return load_shards(tmp_path / "*.tar", labels=None).images


def names(images):
    return [image.name for image in images]


def test_one_image(images):
    assert isinstance(images[0], TarMember)
    assert images[-1].name == "x/4.png" and images[np.int64(3)].path.endswith("b.tar/x/3.png")
    assert images[3].read() == encoded(PIXELS[3])
    with pytest.raises(IndexError):
        images[5]


def test_some_images(images):
    wanted = ["x/3.png", "x/0.png"]
    for rows in ([3, 0], np.array([3, 0]), (np.array([3, 0]), ...)):
        assert names(images[rows]) == wanted
    assert names(images[1:3]) == names(images)[1:3]
    assert names(images[images.keys == "x/4"]) == ["x/4.png"]
    assert len(images[[]]) == 0
    assert isinstance(_safe_indexing(images, np.array([1])), TarImages)
    left, right = train_test_split(images, random_state=0)
    assert sorted(names(left) + names(right)) == names(images)


def test_shape_keys_and_text(images):
    assert (len(images), images.shape, images.ndim) == (5, (5,), 1)
    assert images.keys.tolist() == [f"x/{row}" for row in range(5)]
    assert repr(images) == "TarImages(5 images in 2 tar files)"


def test_only_the_shards_of_the_images_travel(images):
    part = images[[4, 3]]
    assert repr(part) == "TarImages(2 images in 1 tar files)"
    again = pickle.loads(pickle.dumps(part))
    assert [image.read() for image in again] == [image.read() for image in part]
    assert b"a.tar" not in pickle.dumps(part)


def test_they_are_images_like_others(images):
    assert kind_of(images, takes_tokens=True) == ("images", images)
    expected = load(PIXELS)
    for X in (images, images[::-1][::-1], list(images), pickle.loads(pickle.dumps(images))):
        assert torch.equal(load(X), expected)
    assert torch.equal(load(images, n_jobs=2), expected)


def test_their_keys_are_those_of_files(images, tmp_path):
    paths = []
    for row, pixels in enumerate(PIXELS):
        paths.append(tmp_path / f"{row}.png")
        paths[-1].write_bytes(encoded(pixels))
    assert check_images(images).keys() == check_images(paths).keys()


def test_keys_are_remembered_as_long_as_the_tar_file_stays(images, monkeypatch):
    for image in images:
        os.utime(image.shard.path, ns=(10**18, 10**18))
    images = load_shards([image.shard.path for image in images[::4]], labels=None).images
    times = []
    read = TarMember.open
    monkeypatch.setattr(TarMember, "open", lambda self: times.append(1) or read(self))
    monkeypatch.setattr("sklearn_ctran._utils.file_memo._SETTLED_NS", -(10**18))
    keys._memo.clear()
    first = check_images(images).keys()
    n_read = len(times)
    assert check_images(images).keys() == first
    assert (n_read, len(times)) == (5, 5)


def test_only_heads_are_read_before_a_fit(tmp_path, monkeypatch):
    """As of paths: the pixels of a large image are read when they are needed."""
    big = encoded(noise(1, 400, 400)[0])
    write_tar(tmp_path / "a.tar", {"0.png": big, "1.png": big})
    images = load_shards(tmp_path / "a.tar", labels=None).images
    read, n_bytes = TarMember.raw, []

    def raw(member):
        window = read(member)
        readinto = window.readinto
        window.readinto = lambda buffer: n_bytes.append(readinto(buffer)) or n_bytes[-1]
        return window

    monkeypatch.setattr(TarMember, "raw", raw)
    check_images(images, decode=False)
    assert 0 < sum(n_bytes) < len(big) / 2


def test_errors_name_the_tar_file_and_the_member(tmp_path):
    broken = encoded(PIXELS[0])[:60]
    write_tar(tmp_path / "a.tar", {"0.png": encoded(PIXELS[0]), "x/1.png": broken})
    images = load_shards(tmp_path / "a.tar", labels=None).images
    with pytest.raises(ValueError, match=r"row 1: .*a\.tar/x/1\.png: cannot be read as an image"):
        check_images(images)
    used = with_readable(images, "skip", None, lambda X, rows, n: check_images(X))
    assert list(used.skipped) == [1] and len(used.result) == 1
    os.truncate(tmp_path / "a.tar", 2048)
    with pytest.raises(ValueError, match=r"row 0: .*0\.png: .*has changed since load_shards"):
        check_images(images)
    os.unlink(tmp_path / "a.tar")
    with pytest.raises(FileNotFoundError, match=r"row 0: .*a\.tar/0\.png: there is no such file"):
        check_images(images[:1])


def test_bytes_that_change_in_the_middle_of_a_pass_are_refused(images):
    """A time stamp that was put back says nothing; the digest of the bytes does."""
    from sklearn_ctran._images.preprocessing import Preprocessing

    checked = check_images(images)
    bound = checked.bound_to(checked.keys())
    shard, offset = images[1].shard, images[1].offset
    with open(shard.path, "rb+") as file:
        file.seek(offset + 50)
        file.write(b"\1\2\3")
    os.utime(shard.path, ns=(shard.mtime_ns, shard.mtime_ns))
    bound.batch([0], Preprocessing(8))
    with pytest.raises(ValueError, match=r"row 1: .*a\.tar/x/1\.png: .*it has changed since"):
        bound.batch([1], Preprocessing(8))


def test_labels_in_another_order_are_noticed(images):
    pd = pytest.importorskip("pandas", reason="needs pandas")
    Y = pd.DataFrame({"cat": range(5)}, index=images.keys)
    check_rows(X=images, y=Y)
    with pytest.raises(ValueError, match=r"row 0 is 'x/0' in X and 'x/4' in y.*the key of each"):
        check_rows(X=images, y=Y[::-1])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a/b.c/0001.seg.png", ("a/b.c/0001", "seg.png")),
        ("0001.jpg", ("0001", "jpg")),
        ("a/README", ("a/README", "")),
        ("a/.hidden", ("a/", "hidden")),
    ],
)
def test_names(name, parts):
    assert split_name(name) == parts


def test_names_of_any_bytes(tmp_path):
    name = "\udcff ü.png"
    write_tar(
        tmp_path / "a.tar",
        {name: encoded(PIXELS[0])},
        encoding="utf-8",
        errors="surrogateescape",
        format=1,
    )
    (image,) = load_shards(tmp_path / "a.tar", labels=None).images
    assert image.name == name
    assert encoded_name(name) == b"\xff \xc3\xbc.png"
