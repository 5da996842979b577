"""A folder belongs to one server and one model."""

import json

import pytest

from sklearn_ctran._serve.folder import ServerFolder


@pytest.fixture
def make(model, tmp_path):
    folders = []

    def make(path=model):
        folders.append(ServerFolder(tmp_path / "server", path))
        return folders[-1]

    yield make
    for folder in folders:
        folder.close()


def test_a_new_folder(make, model, photos):
    folder = make()
    assert folder.current["version"] == "0" and folder.versions == ["0"]
    assert folder.next_version == "1" and folder.file_of("0") == model
    served = folder.load("0")
    assert served.version == "0" and served.labels[:2] == ["digit 0", "digit 1"]
    served.estimator.predict_proba(photos[:1])
    assert any(folder.tokens.iterdir())


def test_the_next_server_goes_on(make, model):
    folder = make()
    folder.load("0").estimator.save(folder.file_of("12"))
    folder.set_current("12", 7)
    folder.close()
    folder = make()
    assert folder.current["version"] == "12" and folder.current["n_changes"] == 7
    assert folder.versions == ["0", "12"] and folder.next_version == "13"


def test_two_servers(make):
    make()
    with pytest.raises(ValueError, match="Another server uses the folder"):
        make()


def test_another_model(make, model, tmp_path):
    make().close()
    other = tmp_path / "other.ctran"
    other.write_bytes(model.read_bytes() + b" ")
    with pytest.raises(ValueError, match="belongs to another model than"):
        make(other)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ("{}", "is damaged"),
        ("[]", "is damaged"),
        ('{"model": "a", "version": "../../etc", "n_changes": 0}', "file is not there"),
        ('{"model": "a", "version": "3", "n_changes": 0}', "file is not there"),
        ('{"model": "a", "version": "0", "n_changes": "b"}', "is damaged"),
    ],
)
def test_a_damaged_folder(text, message, make, tmp_path):
    make().close()
    (tmp_path / "server" / "current.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        make()
    # The lock is free again.
    (tmp_path / "server" / "current.json").unlink()
    make()


def test_images_are_kept_once(make):
    folder = make()
    path = folder.keep_image(b"image")
    assert folder.keep_image(b"image") == path and folder.keep_image(b"other") != path
    with open(path, "rb") as file:
        assert file.read() == b"image"
    assert json.loads((folder.path / "current.json").read_text())["version"] == "0"
