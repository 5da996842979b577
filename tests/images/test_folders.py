"""Image files in folders are found."""

import pytest

from sklearn_ctran._images.folders import find_images, image_suffixes


def test_suffixes_are_of_images():
    assert {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".gif"} <= image_suffixes()
    assert not {".pdf", ".txt", ".mpg", ".csv", ""} & image_suffixes()


def test_files_and_folders(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "d.png").mkdir()
    for name in ("b/z.JPG", "b/c/a.png", "b/.hidden.png", "b/notes.txt", "y.gif", "other.bin"):
        (tmp_path / name).touch()
    given = [tmp_path / "other.bin", tmp_path / "b", str(tmp_path / "y.gif")]
    expected = ["other.bin", "b/c/a.png", "b/z.JPG", "y.gif"]
    assert find_images(given) == [str(tmp_path / name) for name in expected]


def test_places_without_images(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no image in the folder '.*'\."):
        find_images([tmp_path])
    with pytest.raises(FileNotFoundError, match=r"There is no file or folder '.*gone'\."):
        find_images([tmp_path / "gone"])
