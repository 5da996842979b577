"""One file of tensors and JSON: what is written, how, and what is not read."""

import json
import os
import pickle
import stat
from importlib.metadata import version

import pytest
import torch
from model_files import header_and_tensors, write
from safetensors.torch import save_file

from sklearn_ctran._persistence.container import MOST_TEXT, as_path, read_container, write_container

TREE = {"a": [1, 2.5, None, True, "text", "\ud800"], "b": {"c": []}}
TENSORS = {
    "matrix": torch.arange(6.0).reshape(2, 3),
    "scalar": torch.tensor(3),
    "none": torch.zeros(0, 4),
    "flags": torch.tensor([True, False]),
    "half": torch.ones(2, dtype=torch.float16),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "m.safetensors"
    write_container(path, TREE, TENSORS)
    return path


def test_comes_back(path):
    tree, tensors = read_container(path)
    assert tree == TREE
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == TENSORS[name].dtype
        assert torch.equal(tensor, TENSORS[name])


def test_equal_content_is_an_equal_file(path):
    before = path.read_bytes()
    write_container(path, TREE, dict(reversed(TENSORS.items())))
    assert path.read_bytes() == before


def test_other_tools_can_read_it(path):
    header, tensors = header_and_tensors(path)
    assert header["format"] == "sklearn-ctran model"
    assert header["version"] == 1
    assert header["written_by"]["torch"] == version("torch")
    assert tensors.keys() == TENSORS.keys()


def test_what_was_read_does_not_depend_on_the_file(path):
    _, tensors = read_container(path)
    path.write_bytes(b"")
    assert tensors["matrix"].sum() == 15


# -- writing ---------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_written_leaves_the_old_one(path, monkeypatch):
    before = path.read_bytes()

    def fail(tensors, file, metadata):
        file.write_bytes(b"half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(OSError, match="No space"):
        write_container(path, {}, {})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_directories_that_cannot_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError):
        write_container(tmp_path / "m", {}, {})


def test_directories(tmp_path):
    with pytest.raises(FileNotFoundError, match="no directory .*nowhere' to save"):
        write_container(tmp_path / "nowhere" / "m", {}, {})
    with pytest.raises(IsADirectoryError, match="is a directory: add the name"):
        write_container(tmp_path, {}, {})


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_links_and_modes(path):
    link = path.with_name("link")
    link.symlink_to(path)
    path.chmod(0o640)
    write_container(as_path(link), {}, {"a": torch.ones(1)})
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert read_container(path) == ({}, {"a": torch.ones(1)})


def test_too_much_text(tmp_path):
    with pytest.raises(ValueError, match="m': names and other values .* pickle or joblib"):
        write_container(tmp_path / "m", {"a": "x" * MOST_TEXT}, {})
    assert not list(tmp_path.iterdir())


# -- what is refused -------------------------------------------------------------------------------


def refused(path, message):
    with pytest.raises(ValueError, match=message):
        read_container(path)


def test_files_of_another_kind(tmp_path):
    path = tmp_path / "m"
    for content in (pickle.dumps({}), b"PK\x03\x04" + bytes(100)):
        path.write_bytes(content)
        refused(path, "perhaps a pickle, or one of torch.save.* only if you trust")
    for content in (b"", b"text", bytes(1000), b"\xff" * 100):
        path.write_bytes(content)
        refused(path, "cut short, damaged or of another kind")
    save_file(TENSORS, path)
    refused(path, "holds tensors, but no model that")
    save_file(TENSORS, path, {"sklearn_ctran": '{"format": "other"}'})
    refused(path, "holds tensors, but no model that")


def test_cut_short(path):
    whole = path.read_bytes()
    for n in range(0, len(whole), 37):
        path.write_bytes(whole[:n])
        refused(path, "cut short, damaged or of another kind")
    path.write_bytes(whole + b"more")
    refused(path, "cut short, damaged or of another kind")


def test_altered(path):
    """Each byte of the tensors and of the text counts."""
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    for at in range(start, len(whole)):
        if whole[at - 3 : at] == b"":
            continue
        changed = bytearray(whole)
        changed[at] ^= 1
        path.write_bytes(changed)
        refused(path, "changed or damaged")
    path.write_bytes(whole.replace(b"text", b"test"))
    refused(path, "changed or damaged")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2, of a newer sklearn-ctran; this one, .* up to 1: update"),
        ({"version": 0}, "no version of which there are files, but 0"),
        ({"version": True}, "but True"),
        ({"version": "1"}, "but '1'"),
        ({"more": 1}, "other entries: 'more'"),
    ],
)
def test_headers(path, change, message):
    header, tensors = header_and_tensors(path)
    write(path, header | change, tensors)
    refused(path, message)


def test_text_that_is_no_plain_json(path):
    header, tensors = header_and_tensors(path)
    text = json.dumps(header)
    for changed, message in (
        (text.replace("2.5", "NaN"), "has NaN, which is no JSON"),
        (text.replace("2.5", "-Infinity"), "has -Infinity"),
        (text.replace('"b":', '"a":'), "has an entry twice"),
        (text[:-1], "delimiter"),
    ):
        save_file(tensors, path, {"sklearn_ctran": changed})
        refused(path, message)
    save_file(tensors, path, {"sklearn_ctran": "[" * 100_000})
    with pytest.raises(RecursionError):
        read_container(path)
    save_file(tensors, path, {"sklearn_ctran": " " * (MOST_TEXT + 1)})
    refused(path, "longer than")
