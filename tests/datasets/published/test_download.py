"""Downloads of official files: from a server on this machine."""

import hashlib
import sys
import zipfile

import pytest

from sklearn_ctran.datasets._published.download import Download, fetch

CONTENT = b"1 2 3\n" * 50


def checksum(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "set"


def test_a_file_is_fetched_once(web, folder):
    (web.folder / "labels.txt").write_bytes(CONTENT)
    download = Download(f"{web.url}/labels.txt", checksum(CONTENT))
    for _ in range(2):
        fetch(download, folder, "A set: labels.txt")
    assert (folder / "labels.txt").read_bytes() == CONTENT
    assert web.asked == ["/labels.txt"]


def test_without_a_checksum_any_content_is_taken(web, folder):
    (web.folder / "labels.txt").write_bytes(CONTENT)
    fetch(Download(f"{web.url}/labels.txt"), folder, "A set: labels.txt")
    assert (folder / "labels.txt").read_bytes() == CONTENT


def test_members_of_a_zip_file(web, folder):
    with zipfile.ZipFile(web.folder / "all.zip", "w") as file:
        file.writestr("annotations/a.json", "{}")
        file.writestr("annotations/b.json", "[]")
        file.writestr("other.txt", "")
    content = (web.folder / "all.zip").read_bytes()
    members = ("annotations/a.json", "annotations/b.json")
    fetch(Download(f"{web.url}/all.zip", checksum(content), members), folder, "A set")
    assert (folder / "annotations/a.json").read_text() == "{}"
    assert (folder / "annotations/b.json").read_text() == "[]"
    assert not (folder / "other.txt").exists()


def test_a_member_that_is_not_there(web, folder):
    with zipfile.ZipFile(web.folder / "all.zip", "w") as file:
        file.writestr("a.json", "{}")
    with pytest.raises(ValueError, match=r"all\.zip cannot be unpacked .*'b\.json'"):
        fetch(Download(f"{web.url}/all.zip", members=("b.json",)), folder, "A set")
    (web.folder / "none.zip").write_bytes(CONTENT)
    with pytest.raises(ValueError, match=r"none\.zip cannot be unpacked .* not a zip file"):
        fetch(Download(f"{web.url}/none.zip", members=("b.json",)), folder, "A set")


def test_another_content_is_not_kept(web, folder):
    (web.folder / "labels.txt").write_bytes(CONTENT)
    download = Download(f"{web.url}/labels.txt", checksum(b"other"))
    with pytest.raises(ValueError, match=r"labels\.txt is not the file that was published \(sha"):
        fetch(download, folder, "A set: labels.txt")
    assert list(folder.iterdir()) == []


def test_an_interrupted_download_is_not_kept(web, folder):
    (web.folder / "labels.txt").write_bytes(CONTENT)
    web.longer.add("/labels.txt")
    with pytest.raises(ConnectionError, match=r"^A set: .* could not be downloaded"):
        fetch(Download(f"{web.url}/labels.txt"), folder, "A set")
    assert list(folder.iterdir()) == []


def test_a_file_that_the_server_lacks(web, folder):
    with pytest.raises(ConnectionError, match=r"none\.txt could not be downloaded \(404"):
        fetch(Download(f"{web.url}/none.txt"), folder, "A set")


def test_no_server(web, folder):
    web.server_close()
    with pytest.raises(ConnectionError, match=r"could not be downloaded .*put it into '.*set'"):
        fetch(Download(f"{web.url}/labels.txt"), folder, "A set")


def test_the_bar_counts_megabytes(web, folder, capsys, monkeypatch):
    import sklearn_ctran.datasets._published.download as module

    monkeypatch.setattr(module, "_CHUNK", 100)
    (web.folder / "labels.txt").write_bytes(CONTENT)
    fetch(Download(f"{web.url}/labels.txt"), folder, "A set: labels.txt", verbose=1)
    assert "A set: labels.txt: 3MB" in capsys.readouterr().err


def test_without_pooch(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[download\]'"):
        fetch(Download("http://127.0.0.1/labels.txt"), folder, "A set")
