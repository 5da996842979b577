"""Tar files that are not whole, or hold what is no file, are refused; tarfile passes over them."""

import gzip
import os
import tarfile

import pytest
from tars import write_tar

from sklearn_ctran.datasets._tar_files import members_of, shard_of

FILES = {"a.txt": b"a" * 600, "b.txt": b"", "c/d.txt": b"d" * 512}


@pytest.fixture
def path(tmp_path):
    return write_tar(tmp_path / "a.tar", FILES)


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    return {
        each.name: content[each.offset : each.offset + each.size] for each in members_of(str(path))
    }


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members(tmp_path, form):
    files = FILES | {"x" * 90 + "/" + "y" * 90 + ".txt": b"long", "ü.txt": b"u"}
    write_tar(tmp_path / "a.tar", files, format=form, encoding="utf-8")
    assert read(tmp_path / "a.tar") == files


def test_shards(path):
    shard = shard_of(path)
    assert (shard.path, shard.size) == (path, os.path.getsize(path))
    assert shard.mtime_ns == os.stat(path).st_mtime_ns


def test_folders_are_passed_over(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"a")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(folder, "x")
    assert read(tmp_path / "a.tar") == {"x/a.txt": b"a"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_are_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        info = tarfile.TarInfo("a.jpg")
        info.type, info.linkname = kind, "b.jpg"
        tar.addfile(info)
    with pytest.raises(ValueError, match=r"a\.tar, 'a\.jpg': it is (a .* link|no ordinary file)"):
        read(tmp_path / "a.tar")


def test_compressed_files_are_refused(path):
    with open(path, "rb") as file:
        content = file.read()
    with gzip.open(path, "wb") as file:
        file.write(content)
    with pytest.raises(ValueError, match=r"a\.tar is compressed by gzip.*without compression"):
        shard_of(path)


def test_what_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="it is a folder, but shards are tar files"):
        shard_of(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        shard_of(str(tmp_path / "b.tar"))


@pytest.mark.parametrize("n_bytes", [0, 100, 512, 900, 1536, 2048, 2560, 3071, 3072])
def test_files_that_were_cut_short(path, n_bytes):
    """Wherever the cut is, also between two members, where tarfile takes it for the end."""
    os.truncate(path, n_bytes)
    with pytest.raises(ValueError, match=r"a\.tar is damaged, or no tar file: .*fetch it again"):
        read(path)


def change(path, offset, data):
    with open(path, "rb+") as file:
        file.seek(offset)
        file.write(data)


def test_damaged_headers(path):
    """tarfile takes a damaged header in the middle for the end."""
    change(path, 1536, b"?")
    with pytest.raises(ValueError, match="damaged.*what is at byte 1,536 is no header"):
        read(path)
    change(path, 0, b"?")
    with pytest.raises(ValueError, match="damaged"):
        read(path)


def test_sizes_that_lead_back_or_beyond(path):
    for number in (b"\xff" * 12, b"77777777777\0"):
        with open(path, "rb") as file:
            header = bytearray(file.read(512))
        header[124:136] = number
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        change(path, 0, bytes(header))
        with pytest.raises(ValueError, match="damaged"):
            read(path)


def test_files_that_were_joined(path, tmp_path):
    with open(path, "rb") as file:
        content = file.read()
    (tmp_path / "b.tar").write_bytes(content * 2)
    with pytest.raises(ValueError, match="more follows after the end mark.*were files joined"):
        read(tmp_path / "b.tar")


def test_other_files(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"\xff\xd8" + bytes(5000))
    with pytest.raises(ValueError, match="damaged, or no tar file"):
        read(tmp_path / "a.tar")
