"""Pickles that hold data, and nothing that could run."""

import os
import pickle

import pytest

from sklearn_ctran.datasets._published.pickles import read_pickle


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_plain_data(tmp_path, protocol):
    data = [{"file_path": "a.jpg", "image_id": 3}, ("b", None, 1.5, True)]
    (tmp_path / "x.p").write_bytes(pickle.dumps(data, protocol))
    assert read_pickle(tmp_path / "x.p") == data


def test_texts_of_python_2(tmp_path):
    (tmp_path / "x.p").write_bytes(b"((dp0\nI0\nVman\np1\nsI1\nS'it'\nsg0\ntp2\n.")
    assert read_pickle(tmp_path / "x.p")[0] == {0: "man", 1: "it"}


def test_code_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.p").write_bytes(pickle.dumps([Harmful()]))
    with pytest.raises(ValueError, match=r"x\.p cannot be read: it names .*mkdir, which may be"):
        read_pickle(tmp_path / "x.p")
    assert not (tmp_path / "harm").exists()


def test_broken_files(tmp_path):
    (tmp_path / "x.p").write_bytes(b"\x80\x02}]K\x01s.")  # a list as a key
    with pytest.raises(ValueError, match=r"x\.p cannot be read: unhashable type"):
        read_pickle(tmp_path / "x.p")


@pytest.mark.parametrize("length", [0, 1, 10, 30])
def test_incomplete_files(tmp_path, length):
    (tmp_path / "x.p").write_bytes(pickle.dumps([{"file_path": "a.jpg"}] * 3)[:length])
    with pytest.raises(ValueError, match=r"x\.p cannot be read: .* Is the file complete\?"):
        read_pickle(tmp_path / "x.p")


def test_what_is_no_pickle(tmp_path):
    (tmp_path / "x.p").write_bytes(b"a text\n")
    with pytest.raises(ValueError, match=r"x\.p cannot be read"):
        read_pickle(tmp_path / "x.p")
