"""Errors name the rows that cannot be read, and keep the type that one image would raise."""

import pickle

import pytest

from sklearn_ctran._images.errors import (
    IMAGES_ARE,
    MissingImages,
    NoImages,
    UnreadableImages,
    unreadable,
)


def test_one_keeps_its_message_and_cause():
    cause = SyntaxError("broken PNG file")
    first = ValueError("row 7: a.png: cannot be read")
    first.__cause__ = cause
    error = unreadable({7: first}, 9)
    assert type(error) is UnreadableImages and isinstance(error, ValueError)
    assert str(error) == "row 7: a.png: cannot be read"
    assert error.__cause__ is cause
    assert error.messages == {7: str(error)} and error.n_images == 9


@pytest.mark.parametrize(
    ("errors", "kind", "base"),
    [
        ({4: ValueError("b"), 2: FileNotFoundError("a")}, MissingImages, FileNotFoundError),
        ({4: ValueError("b"), 2: TypeError("a")}, NoImages, TypeError),
        ({4: FileNotFoundError("b"), 2: OSError("a")}, UnreadableImages, ValueError),
    ],
)
def test_the_first_gives_the_type(errors, kind, base):
    error = unreadable(errors, 9)
    assert type(error) is kind and isinstance(error, base)
    assert str(error).startswith("2 of 9 images cannot be read:\na\nb\nLeave these rows out")
    assert list(error.messages) == [2, 4]


def test_the_first_twenty_are_named():
    text = str(unreadable({row: ValueError(f"<{row}>") for row in range(25)}, 30))
    assert "25 of 30" in text and "<19>\n... and 5 more." in text and "<20>" not in text


def test_worker_processes_can_raise_them():
    for kind in (UnreadableImages, MissingImages, NoImages):
        again = pickle.loads(pickle.dumps(kind("row 1")))
        assert type(again) is kind and str(again) == "row 1"
        assert again.messages == {} and again.n_images is None


def test_what_an_image_is_is_said_once():
    errors = {row: TypeError(f"row {row} is a NoneType; {IMAGES_ARE}") for row in range(3)}
    error = unreadable(errors, 9)
    assert str(error).count("is a path") == 1
    assert "row 1 is a NoneType\n" in str(error) and "\nAn image is a path, " in str(error)
    assert error.messages[2].endswith(IMAGES_ARE)
