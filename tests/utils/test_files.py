"""Files that are ordinary, and files that are replaced at once and completely."""

import hashlib
import os

import pytest

from sklearn_ctran._utils.files import file_status, replacing, sha256_of, sync_folder, writable


def test_a_new_file_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "a"
    for content in (b"old", b"new"):
        with replacing(path) as unfinished:
            unfinished.write_bytes(content)
            assert not path.exists() or path.read_bytes() == b"old"
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_errors_leave_the_old_one(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as unfinished:
        unfinished.write_bytes(b"ne")
        raise error
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_modes(tmp_path):
    """As of a file that is opened and written to, whatever a library makes of the new one."""
    path, plain = tmp_path / "a", tmp_path / "plain"
    plain.write_bytes(b"")
    for mode in (plain.stat().st_mode, 0o100604):
        with replacing(path) as unfinished:
            unfinished.write_bytes(b"x")
            unfinished.chmod(0o600)
        assert path.stat().st_mode == (mode if mode != 0o100604 else plain.stat().st_mode)
    path.chmod(0o604)
    with replacing(path) as unfinished:
        unfinished.write_bytes(b"x")
    assert path.stat().st_mode == 0o100604


def test_folders_that_cannot_be_opened(tmp_path):
    sync_folder(tmp_path / "nowhere")


def test_only_ordinary_files_have_a_status(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert file_status(path).st_size == 3
    with pytest.raises(ValueError, match="it is a folder"):
        file_status(tmp_path)
    with pytest.raises(FileNotFoundError):
        file_status(tmp_path / "b")


def test_a_file_that_can_be_written(tmp_path, monkeypatch):
    assert writable(str(tmp_path / "a.csv"), "b.csv") == tmp_path / "a.csv"
    with pytest.raises(IsADirectoryError, match="name a file in it, such as b.csv"):
        writable(tmp_path, "b.csv")
    with pytest.raises(FileNotFoundError, match="There is no folder .*gone to write a.csv into"):
        writable(tmp_path / "gone" / "a.csv", "b.csv")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # Root may write everywhere.
    with pytest.raises(PermissionError, match="cannot be written to: choose another path"):
        writable(tmp_path / "a.csv", "b.csv")


def test_sha256_of(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()
