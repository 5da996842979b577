"""Files inside of tar files are read as files of their own."""

import io
import os
import pickle

import numpy as np
import pytest
from PIL import Image
from tars import encoded, write_tar

from sklearn_ctran._images.tar_members import Shard, TarMember
from sklearn_ctran.datasets._tar_files import members_of, shard_of

CONTENT = bytes(range(256)) * 40


def members(path):
    shard = shard_of(str(path))
    return [TarMember(shard, *found) for found in members_of(str(path))]


@pytest.fixture
def member(tmp_path):
    write_tar(tmp_path / "a.tar", {"before": b"x" * 700, "b.bin": CONTENT, "after": b"y" * 900})
    return members(tmp_path / "a.tar")[1]


def test_bytes(member, tmp_path):
    assert member.read() == CONTENT
    assert member.path == f"{tmp_path}/a.tar/b.bin"


def test_it_is_a_file_with_a_beginning_and_an_end(member):
    with member.open() as file:
        assert file.seek(-3, io.SEEK_END) == len(CONTENT) - 3
        assert file.read(100) == CONTENT[-3:]
        assert file.read() == b""
        file.seek(len(CONTENT) + 50)
        assert file.read(1) == b""
        file.seek(10)
        file.seek(5, io.SEEK_CUR)
        assert (file.tell(), file.read(2)) == (15, CONTENT[15:17])
        with pytest.raises(ValueError, match="no position -1"):
            member.raw().seek(-1)
        with pytest.raises(OSError):
            file.fileno()


def test_many_are_open_at_once_and_none_stays_open(member):
    files = [member.open() for _ in range(50)]
    for step, file in enumerate(files):
        assert file.read(step + 1) == CONTENT[: step + 1]
    raw = [file.raw for file in files]
    for file in files:
        file.close()
    assert all(each._file.closed for each in raw)


def test_it_is_small_when_it_travels(member):
    data = pickle.dumps(member)
    assert pickle.loads(data) == member
    assert pickle.loads(data).read() == CONTENT
    assert len(data) < 500


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_pictures(tmp_path, form):
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    content = encoded(pixels, form)
    write_tar(tmp_path / "a.tar", {"0": b"0", "1": content})
    with Image.open(members(tmp_path / "a.tar")[1].open()) as image:
        found = np.asarray(image)
    np.testing.assert_array_equal(found, np.asarray(Image.open(io.BytesIO(content))))


def test_a_tar_file_that_changes_is_noticed(member):
    later = member.shard.mtime_ns + 10**9
    os.utime(member.shard.path, ns=(later, later))
    with pytest.raises(ValueError, match="has changed since load_shards"):
        member.read()
    with pytest.raises(FileNotFoundError):
        TarMember(Shard(member.shard.path + "x", 0, 0), "a", 0, 1).read()
