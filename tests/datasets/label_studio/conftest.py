"""A folder of images, and exports beside them."""

import json

import pytest
from label_studio_exports import CONFIG


@pytest.fixture
def config():
    """Labels dog, cat; day or night."""
    return CONFIG


@pytest.fixture
def folder(tmp_path):
    """A folder with a.jpg, b.jpg, c.jpg."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def write(folder):
    """Write an export; return its path."""

    def write(tasks):
        (folder / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
        return folder / "export.json"

    return write
