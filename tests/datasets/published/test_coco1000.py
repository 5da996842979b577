"""load_coco1000: words of the captions of COCO."""

import json
import pickle

import numpy as np
import pytest

from sklearn_ctran.datasets import load_coco1000
from sklearn_ctran.datasets._published import coco1000

VOCABULARY = ({0: "dog", 1: "sun"}, {"dog": 0, "sun": 1}, {0: 9, 1: 3})
TEXTS = {
    "train": {1: ["a dog .", "two dog"], 2: ["a cat"], 3: ["sun , sun"]},
    "val": {4: ["a sun"], 5: ["dog and sun"], 6: ["x"]},
    "test": {7: ["dog dog"]},
}


def captions(part, texts, year):
    """The content of a file of captions; `texts`: photo -> captions."""
    return {
        "images": [{"id": i, "file_name": f"COCO_{year}_{i}.jpg"} for i in texts],
        "annotations": [
            {"id": 9, "image_id": i, "caption": text} for i, some in texts.items() for text in some
        ],
    }


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "coco"
    for name in ("annotations", "annotations_pytorch"):
        (folder / name).mkdir(parents=True)
    (folder / "coco_words_vocabulary.p").write_bytes(pickle.dumps(VOCABULARY, 0))
    for part, texts in TEXTS.items():
        year = "train2014" if part == "train" else "val2014"
        text = json.dumps(captions(part, texts, year))
        (folder / f"annotations_pytorch/captions_{part}2014.json").write_text(text)
        (folder / f"annotations/captions_{part}2014.json").write_text(text)
    division = [("val2014", 4, "test"), ("val2014", 5, "restval"), ("val2014", 6, "val"),
                ("train2014", 1, "train"), ("train2014", 2, "train")]  # fmt: skip
    images = [
        {"filename": f"COCO_{year}_{i}.jpg", "split": part, "sentences": [{"raw": "x"}]}
        for year, i, part in division
    ]
    (folder / "dataset_coco.json").write_text(json.dumps({"images": images, "dataset": "coco"}))
    instances = captions("train", TEXTS["train"], "train2014") | {
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [{"image_id": i, "category_id": 1} for i in (1, 3)],
    }
    (folder / "annotations/instances_train2014.json").write_text(json.dumps(instances))
    return folder


def test_the_authors_files(folder, tmp_path):
    data = load_coco1000(tmp_path, words=str.split, check_counts=False)
    assert data.target_names.tolist() == ["dog", "sun"]
    expected = [[1, 0], [0, 0], [0, 1], [0, 1], [1, 1], [0, 0], [1, 0]]
    np.testing.assert_array_equal(data.target, expected)
    assert data.split.tolist() == ["train"] * 3 + ["val"] * 3 + ["test"]
    assert data.images[0] == str(folder / "train2014/COCO_train2014_1.jpg")
    assert data.images[6] == str(folder / "val2014/COCO_val2014_7.jpg")
    assert data.extra is data.extra_names is data.groups is None


def test_a_vocabulary_that_is_counted(folder, tmp_path):
    (folder / "coco_words_vocabulary.p").unlink()
    data = load_coco1000(tmp_path, words=str.split, vocabulary="counted", check_counts=False)
    # Of the training captions only, without punctuation.
    assert data.target_names.tolist() == ["a", "dog", "sun", "two", "cat"]


def test_the_number_of_words_that_are_counted(folder, tmp_path):
    words = " ".join(f"w{number}" for number in range(1100))
    text = json.dumps(captions("train", {1: [words, "w1099"]}, "train2014"))
    (folder / "annotations_pytorch/captions_train2014.json").write_text(text)
    data = load_coco1000(tmp_path, words=str.split, vocabulary="counted", check_counts=False)
    assert data.target.shape == (5, 1000)
    assert data.target_names[:2].tolist() == ["w1099", "w0"]


def test_the_words_of_nltk(folder, tmp_path, monkeypatch):
    class Words(coco1000.NltkWords):
        def __init__(self):
            pass

        def __call__(self, caption):
            return caption.upper().split()

        def is_label(self, word):
            return word not in ("A", "AND")

    monkeypatch.setattr(coco1000, "NltkWords", Words)
    data = load_coco1000(tmp_path, vocabulary="counted", check_counts=False)
    assert data.target_names.tolist() == ["DOG", "SUN", ".", "TWO", "CAT", ","]


def test_karpathys_division(folder, tmp_path):
    choice = {"words": str.split, "division": "karpathy"}
    data = load_coco1000(tmp_path, **choice, check_counts=False)
    # The second training photo has no object, and the fifth photo is for nothing.
    names = ["train2014_1", "train2014_3", "val2014_6", "val2014_4"]
    assert [path.partition("COCO_")[2] for path in data.images] == [f"{x}.jpg" for x in names]
    assert data.split.tolist() == ["train", "train", "val", "test"]
    np.testing.assert_array_equal(data.target, [[1, 0], [0, 1], [0, 0], [0, 1]])


def test_official_numbers(folder, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"captions_train2014\.json has 3 .* but 82,081 are"):
        load_coco1000(tmp_path, words=str.split)
    for part, texts in TEXTS.items():
        monkeypatch.setitem(coco1000._ABOUT.counts, part, len(texts))
    with pytest.raises(ValueError, match="has 2 labels in 'train', but 1,000 are published"):
        load_coco1000(tmp_path, words=str.split)


def test_a_missing_file(folder, tmp_path):
    (folder / "annotations_pytorch/captions_test2014.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"captions_test2014\.json'.*division='karpathy'"):
        load_coco1000(tmp_path, words=str.split)
    (folder / "dataset_coco.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"dataset_coco\.json'.*deepimagesent"):
        load_coco1000(tmp_path, words=str.split, division="karpathy")
    (folder / "coco_words_vocabulary.p").unlink()
    with pytest.raises(FileNotFoundError, match=r"vocabulary\.p'.*uvavision/feedbackprop"):
        load_coco1000(tmp_path, words=str.split)


@pytest.mark.parametrize(
    "content", [{}, (), ("a",), ({1: "a"},), ({0: "a", "1": "b"},), ({0: ["a"]},)]
)
def test_a_vocabulary_that_is_none(folder, tmp_path, content):
    (folder / "coco_words_vocabulary.p").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=r"vocabulary\.p must hold a tuple whose first item"):
        load_coco1000(tmp_path, words=str.split)


def test_a_division_that_is_none(folder, tmp_path):
    content = {"images": [{"filename": "a.jpg", "split": "dev"}]}
    (folder / "dataset_coco.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"dataset_coco\.json, image 0 has the split 'dev'"):
        load_coco1000(tmp_path, words=str.split, division="karpathy")


def test_arguments(folder, tmp_path):
    with pytest.raises(ValueError, match="division must be one of"):
        load_coco1000(tmp_path, division="mine")
    with pytest.raises(ValueError, match="vocabulary must be one of"):
        load_coco1000(tmp_path, vocabulary="mine")
    with pytest.raises(TypeError, match="words must be a function of a caption, got 'split'"):
        load_coco1000(tmp_path, words="split")


def test_what_is_shown(folder, tmp_path, capsys):
    load_coco1000(tmp_path, words=str.split, check_counts=False, verbose=1)
    assert "words of captions: 8captions" in capsys.readouterr().err


def test_photos_are_looked_for_if_asked(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"captions_train2014\.json, image .* is no file"):
        load_coco1000(tmp_path, words=str.split, check_counts=False, on_missing_file="raise")
