"""load_yolo: labels of images from files of boxes, in the layouts that people have."""

import numpy as np
import pytest

from sklearn_ctran.datasets import load_yolo

NAN = np.nan
LABELS = {"a": "1 .5 .5 .1 .1\n1 .2 .2 .1 .1\n\n0 .1 .1 .2 .2 .3 .3\n", "b": "", "d": "0"}


def make(folder, names=("a.jpg", "b.PNG", "c.jpg"), images="images", labels="labels"):
    """Images of some names, and files of labels but for c."""
    for part in (images, labels):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / images / name).touch()
        stem = name.split(".")[0]
        if stem in LABELS:
            (folder / labels / f"{stem}.txt").write_text(LABELS[stem])


@pytest.fixture
def yaml(tmp_path):
    def write(text):
        (tmp_path / "data.yaml").write_text(text)
        return tmp_path / "data.yaml"

    return write


@pytest.mark.parametrize("names", ["[dog, cat]", "{0: dog, 1: cat}"])
def test_parts(names, yaml, tmp_path):
    make(tmp_path, images="images/train", labels="labels/train")
    make(tmp_path, ["d.jpg"], images="images/val", labels="labels/val")
    file = yaml(f"path: .\ntrain: images/train\nval: [images/val]\nnc: 2\nnames: {names}\n")
    for source in (file, tmp_path):
        data = load_yolo(source)
        assert data.target_names.tolist() == ["dog", "cat"]
        np.testing.assert_array_equal(data.target, [[1, 1], [0, 0], [0, 0], [1, 0]])
        assert data.split.tolist() == ["train"] * 3 + ["val"]
        assert data.target.index[1] == "images/train/b.PNG"
    assert load_yolo(file, splits=["val"]).split.tolist() == ["val"]
    with pytest.raises(ValueError, match="has no part 'test', only 'train', 'val'"):
        load_yolo(file, splits=["test"])
    with pytest.raises(TypeError, match="splits must be a list"):
        load_yolo(file, splits="val")


def test_an_empty_file_says_nothing_is_there_and_no_file_may_say_nothing(yaml, tmp_path):
    make(tmp_path)
    file = yaml("train: images\nnames: [dog, cat]\n")
    data = load_yolo(file, unannotated="unknown")
    np.testing.assert_array_equal(data.target, [[1, 1], [0, 0], [NAN, NAN]])


def test_a_folder_above_too_much(yaml, tmp_path):
    make(tmp_path, images="train/images", labels="train/labels")
    file = yaml("train: ../train/images\nnames: [dog, cat]\n")
    np.testing.assert_array_equal(load_yolo(file).target, [[1, 1], [0, 0], [0, 0]])


def test_labels_beside_images(yaml, tmp_path):
    make(tmp_path, images="all", labels="all")
    file = yaml("train: all\nnames: [dog, cat]\n")
    np.testing.assert_array_equal(load_yolo(file).target, [[1, 1], [0, 0], [0, 0]])


def test_a_list_of_paths(yaml, tmp_path):
    make(tmp_path)
    (tmp_path / "train.txt").write_text("./images/a.jpg\n\nimages/gone.jpg\n")
    file = yaml("train: train.txt\nnames: [dog, cat]\n")
    with pytest.raises(FileNotFoundError, match="data.yaml, image 1: there is no file"):
        load_yolo(file)
    data = load_yolo(file, on_missing_file="skip")
    np.testing.assert_array_equal(data.target, [[1, 1]])
    (tmp_path / "train.txt").write_text("images/a.jpg\nimages/a.jpg\n")
    with pytest.raises(ValueError, match="which data.yaml, image 0 has too"):
        load_yolo(file)
    assert len(load_yolo(file, duplicates="first").images) == 1


def test_classes_txt(tmp_path):
    make(tmp_path)
    (tmp_path / "labels" / "gone.txt").touch()
    (tmp_path / "classes.txt").write_text("dog\ncat\n")
    data = load_yolo(tmp_path)
    np.testing.assert_array_equal(data.target, [[1, 1], [0, 0], [0, 0]])
    assert data.split is None
    assert "1 file of labels without an image: not used" in data.DESCR


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: [", "cannot be read as YAML"),
        ("- a", "all of it, must be an object"),
        ("names: [a]", "has no 'train', 'val', 'test'"),
        ("train: images\nnames: [cat, [dog]]", "name 1 must be a text, got a list or object"),
        ("train: images", "'names' must be a list"),
        ("train: images\nnames: {1: a}", "must have the numbers 0 to 0"),
        ("train: images\nnames: [a, a]", "has the name 'a' twice"),
        ("train: images\nnames: []", "has no names of classes"),
        ("train: {a: b}\nnames: [a]", "'train' must be a list"),
        ("train: images\nnames: [a]", r"a.txt, line 1 begins with '1', which is no class"),
    ],
)
def test_broken_files(text, message, yaml, tmp_path):
    make(tmp_path)
    with pytest.raises(ValueError, match=message):
        load_yolo(yaml(text))


def test_lines_that_are_none(yaml, tmp_path):
    make(tmp_path)
    (tmp_path / "labels" / "b.txt").write_text("0 1\ncat 0.5\n")
    with pytest.raises(ValueError, match="b.txt, line 2 begins with 'cat'"):
        load_yolo(yaml("train: images\nnames: [dog, cat]\n"))


def test_what_is_not_there(yaml, tmp_path):
    with pytest.raises(FileNotFoundError, match="neither data.yaml nor classes.txt"):
        load_yolo(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder or list of images"):
        load_yolo(yaml("train: images\nnames: [a]\n"))
