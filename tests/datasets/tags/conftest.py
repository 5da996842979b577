"""A folder of empty files, which nobody opens, and tables beside them."""

import pytest


@pytest.fixture
def folder(tmp_path):
    """A folder with a.jpg, b.jpg, c.jpg and more/d.JPG, and a note that is no image."""
    (tmp_path / "more").mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg", "more/d.JPG", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def write(folder):
    """Write a table of this text into the folder; return its path."""

    def write(text, name="tags.csv", encoding="utf-8"):
        path = folder / name
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    return write
