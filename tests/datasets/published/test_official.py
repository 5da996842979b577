"""Where official files are looked for, and what is said of those that are not there."""

from pathlib import Path

import pytest

from sklearn_ctran.datasets._published.download import Download
from sklearn_ctran.datasets._published.official import (
    DEFAULT,
    VARIABLE,
    OfficialFile,
    SetFolder,
    find_data_home,
)

LABELS = OfficialFile("lists/labels.txt", "in lists.zip of https://example.org")


def test_data_home(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_data_home() == Path(DEFAULT).expanduser()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert find_data_home() == tmp_path
    assert find_data_home(tmp_path / "other") == tmp_path / "other"
    assert find_data_home("~/data") == Path.home() / "data"
    monkeypatch.setenv(VARIABLE, "")
    assert find_data_home() == Path(DEFAULT).expanduser()
    with pytest.raises(TypeError, match=r"data_home must be the path of a folder, got 3\."):
        find_data_home(3)


def test_finds_a_file(tmp_path):
    (tmp_path / "a_set/lists").mkdir(parents=True)
    (tmp_path / "a_set/lists/labels.txt").touch()
    folder = SetFolder("A set", "a_set", tmp_path)
    assert folder.has(LABELS)
    assert folder.find(LABELS) == str(tmp_path / "a_set/lists/labels.txt")
    assert folder.joined("b/c.jpg") == str(tmp_path / "a_set/b/c.jpg")


def test_says_which_file_is_missing_and_where_it_is_published(tmp_path):
    folder = SetFolder("A set", "a_set", tmp_path)
    assert not folder.has(LABELS)
    with pytest.raises(FileNotFoundError) as error:
        folder.find(LABELS)
    text = str(error.value)
    assert repr(str(tmp_path / "a_set/lists/labels.txt")) in text
    assert f"There is no folder {str(tmp_path / 'a_set')!r} either." in text
    assert "published in lists.zip of https://example.org." in text
    assert "data_home='...'" in text and VARIABLE in text
    assert "download" not in text
    (tmp_path / "a_set").mkdir()
    with pytest.raises(FileNotFoundError, match=r"labels\.txt'\. It is published"):
        folder.find(LABELS)


def test_says_what_can_be_downloaded(tmp_path):
    file = OfficialFile("labels.txt", "there", Download("http://127.0.0.1:9/labels.txt"))
    with pytest.raises(FileNotFoundError, match=r"download=True gets it\.$"):
        SetFolder("A set", "a_set", tmp_path).find(file)
    with pytest.raises(FileNotFoundError, match=r"It cannot be downloaded by a program"):
        SetFolder("A set", "a_set", tmp_path, download=True).find(LABELS)
    with pytest.raises(TypeError, match="download must be True or False"):
        SetFolder("A set", "a_set", tmp_path, download="yes")


def test_downloads_what_is_missing_only(web, tmp_path):
    (web.folder / "labels.txt").write_text("a\n")
    file = OfficialFile("labels.txt", "there", Download(f"{web.url}/labels.txt"))
    folder = SetFolder("A set", "a_set", tmp_path, download=True)
    for _ in range(2):
        assert Path(folder.find(file)).read_text() == "a\n"
    assert web.asked == ["/labels.txt"]


def test_a_download_that_holds_another_file(web, tmp_path):
    (web.folder / "labels.txt").write_text("a\n")
    file = OfficialFile("lists/labels.txt", "there", Download(f"{web.url}/labels.txt"))
    with pytest.raises(FileNotFoundError, match=r"does not hold the file 'lists/labels\.txt'"):
        SetFolder("A set", "a_set", tmp_path, download=True).find(file)
