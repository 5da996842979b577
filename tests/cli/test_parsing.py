"""Values of options."""

import pytest
import typer

from sklearn_ctran._cli.parsing import (
    parse_image_size,
    parse_list,
    parse_optional,
    parse_separator,
)


@pytest.mark.parametrize(
    ("text", "size"), [("224", 224), ("256,224", (256, 224)), ("auto", "auto"), ("none", None)]
)
def test_image_size(text, size):
    assert parse_image_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "224x224", "1,2,3", "-4", "224,"])
def test_no_image_size(text):
    with pytest.raises(typer.BadParameter, match="--image-size is a number such as 224"):
        parse_image_size(text)


def test_optional():
    assert parse_optional("DEFAULT") == "DEFAULT"
    assert parse_optional("none") is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (None, None),
        ("", []),
        ("beach, sunset,", ["beach", "sunset"]),
        ('beach,"red, white"', ["beach", "red, white"]),
    ],
)
def test_list(text, parts):
    assert parse_list(text, "--label-columns") == parts


def test_no_list():
    with pytest.raises(typer.BadParameter, match="--extra-columns: a line break"):
        parse_list("a\nb", "--extra-columns")


def test_separator():
    assert [parse_separator(text) for text in (None, ";", r"\t", r"\n")] == [None, ";", "\t", "\n"]
