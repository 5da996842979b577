"""Fixtures for the tests of images."""

import pytest
from made_images import photo
from PIL import Image


@pytest.fixture
def paths(tmp_path):
    """Three files of different sizes and formats."""
    files = [tmp_path / "a.png", tmp_path / "b.jpg", tmp_path / "c.png"]
    for file, size in zip(files, [(24, 36), (40, 20), (9, 9)], strict=True):
        Image.fromarray(photo(*size)).save(file)
    return files
