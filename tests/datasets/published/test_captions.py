"""Captions in COCO's format."""

import json

import pytest

from sklearn_ctran._utils.progress import Progress
from sklearn_ctran.datasets._published.captions import Captions

CONTENT = {
    "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 5, "file_name": "b.jpg"}],
    "annotations": [
        {"image_id": 5, "id": 1, "caption": "sun and dog"},
        {"image_id": 7, "id": 2, "caption": "dog and sun and dog"},
        {"image_id": 7, "id": 3, "caption": "a cat"},
    ],
}


@pytest.fixture
def write(tmp_path):
    def write(content):
        (tmp_path / "captions.json").write_text(json.dumps(content))
        return tmp_path / "captions.json"

    return write


def test_labels_are_words_of_any_caption(write):
    entries = Captions(write(CONTENT), str.split).entries(["dog", "cat", "bird"])
    assert entries.states.tolist() == [[1, 1, 0], [1, 0, 0]]
    assert entries.paths == ["a.jpg", "b.jpg"] and entries.names == ["dog", "cat", "bird"]
    assert entries.place(1) == "captions.json, image 'b.jpg'"


def test_commonest_words(write):
    captions = Captions(write(CONTENT), str.split)
    # Twice in one caption counts twice; of equals, the first one comes first.
    assert captions.commonest(3, lambda word: True) == ["and", "dog", "sun"]
    assert captions.commonest(3, lambda word: word != "and") == ["dog", "sun", "a"]


def test_progress(write, capsys):
    with Progress("captions", verbose=1) as progress:
        Captions(write(CONTENT), str.split, progress)
    assert "captions: 3it" in capsys.readouterr().err


def test_broken_files(write):
    for key, value, message in (
        ("image_id", 8, r"captions\.json, annotation 1 has the image_id 8, which is not among"),
        ("image_id", [7], r"annotation 1 has the image_id \[7\], which is not among"),
        ("caption", None, r"annotation 1, 'caption' must be a text"),
    ):
        annotations = [dict(item) for item in CONTENT["annotations"]]
        annotations[1][key] = value
        with pytest.raises(ValueError, match=message):
            Captions(write(CONTENT | {"annotations": annotations}), str.split)
        del annotations[1][key]
        with pytest.raises(ValueError, match="annotation 1 has"):
            Captions(write(CONTENT | {"annotations": annotations}), str.split)
    with pytest.raises(ValueError, match=r"captions\.json has no 'annotations'"):
        Captions(write({"images": []}), str.split)


def test_a_function_that_returns_no_words(write):
    file = write(CONTENT)
    for words, shown in (
        (str.upper, "'SUN AND DOG'"),
        (len, "11"),
        (lambda caption: [3], "3"),
    ):
        with pytest.raises(TypeError, match=f"words must return a list of texts, got {shown} of"):
            Captions(file, words)
