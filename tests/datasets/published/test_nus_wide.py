"""NUS-WIDE's files: a list of photos, and a file of 0 and 1 for each concept."""

import numpy as np
import pytest

from sklearn_ctran.datasets import load_nus_wide

LABELS = "Groundtruth/TrainTestLabels/Labels"


@pytest.fixture
def home(tmp_path):
    files = {
        "ConceptsList/Concepts81.txt": "airport\ncat \n\n",
        "ImageList/TrainImagelist.txt": "a\\1.jpg\r\nb\\2.jpg\r\nb\\3.jpg\r\n",
        "ImageList/TestImagelist.txt": "a\\4.jpg\n",
        f"{LABELS}_airport_Train.txt": "1\n0\n0\n",
        f"{LABELS}_cat_Train.txt": "0\r\n0\r\n1\r\n",
        f"{LABELS}_airport_Test.txt": "1\n",
        f"{LABELS}_cat_Test.txt": "0",
    }
    for name, text in files.items():
        path = tmp_path / "NUS-WIDE" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path


def test_photos_labels_and_split(home):
    data = load_nus_wide(home, check_counts=False)
    folder = home / "NUS-WIDE" / "Flickr"
    assert data.images == [str(folder / x) for x in ("a/1.jpg", "b/2.jpg", "b/3.jpg", "a/4.jpg")]
    np.testing.assert_array_equal(data.target, [[1, 0], [0, 0], [0, 1], [1, 0]])
    assert data.target_names.tolist() == ["airport", "cat"]
    assert data.split.tolist() == ["train"] * 3 + ["test"]
    assert data.extra is data.extra_names is data.groups is None
    assert "Photos without any of the concepts are kept" in data.DESCR


def test_photos_without_concepts(home):
    data = load_nus_wide(home, without_concepts="skip", check_counts=False)
    assert data.target.index.tolist() == ["Flickr/a/1.jpg", "Flickr/b/3.jpg", "Flickr/a/4.jpg"]
    assert data.split.tolist() == ["train", "train", "test"]
    assert "are left out" in data.DESCR


def test_photos_elsewhere(home, tmp_path):
    data = load_nus_wide(home, images=tmp_path / "photos", check_counts=False)
    assert data.images[0] == str(tmp_path / "photos" / "a" / "1.jpg")
    with pytest.raises(TypeError, match="images must be the path of a folder"):
        load_nus_wide(home, images=None)


@pytest.mark.parametrize("what, n", [("keep", "161,789"), ("skip", "125,449")])
def test_counts(home, what, n):
    with pytest.raises(ValueError, match=f"images in 'train', but {n} are published"):
        load_nus_wide(home, without_concepts=what)


@pytest.mark.parametrize(
    "name, archive",
    [
        ("ConceptsList/Concepts81.txt", "Concepts List"),
        ("ImageList/TestImagelist.txt", "Image List"),
        (f"{LABELS}_cat_Test.txt", "Groundtruth"),
    ],
)
def test_missing_files_are_named(home, name, archive):
    (home / "NUS-WIDE" / name).unlink()
    with pytest.raises(FileNotFoundError, match=f'{name}.*"{archive}", at https://lms'):
        load_nus_wide(home, check_counts=False)


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("ImageList/TestImagelist.txt", "", "TestImagelist.txt is empty"),
        ("ImageList/TestImagelist.txt", "a\\1.jpg", r"'Flickr/a/1.jpg', which .*Train.*line 1 is"),
        (f"{LABELS}_cat_Train.txt", "0\n0\n", r"has 2 entries, but .*Imagelist.txt has 3 photos"),
        (f"{LABELS}_cat_Train.txt", "0\n0\n10\n", r"entry 3 must be 0 or 1, got '10'"),
        ("ImageList/TestImagelist.txt", "..\\..\\1.jpg", "leads out of the folder"),
        ("ConceptsList/Concepts81.txt", "cat\ncat\n", "labels must have different names"),
        (f"{LABELS}_cat_Train.txt", b"0\n0\n\xff\n", r"entry 3 must be 0 or 1, got"),
        (f"{LABELS}_cat_Train.txt", "0 1\n1 0\n", r"has 4 entries, but"),
    ],
)
def test_broken_files(home, name, text, message):
    content = text if isinstance(text, bytes) else text.encode()
    (home / "NUS-WIDE" / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_nus_wide(home, check_counts=False)


def test_a_wrong_choice(home):
    with pytest.raises(ValueError, match="without_concepts"):
        load_nus_wide(home, without_concepts="drop")
