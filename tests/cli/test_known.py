"""``--known``."""

import pytest
import typer

from sklearn_ctran._cli.known import parse_known

NAMES = ["rain coat", "truck", "red, white", "a=b", 'a "so-called" car', 7, "beach"]
GROUPS = {"weather": ("sunny", "rainy"), "city": ("city=Rome", "city=New York, NY")}


def parse(text):
    return parse_known(text, "--known", NAMES, GROUPS)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("rain coat=1,truck=0", {"rain coat": 1, "truck": 0}),
        (" rain coat = 1 , truck=0,", {"rain coat": 1, "truck": 0}),
        ('"red, white=1",truck=0', {"red, white": 1, "truck": 0}),
        ('truck=0, "red, white"=1', {"red, white": 1, "truck": 0}),
        ("a=b=1", {"a=b": 1}),
        ('"a ""so-called"" car=0"', {'a "so-called" car': 0}),
        ("7=1", {7: 1}),
        ("truck=1,truck=1", {"truck": 1}),
        ("weather=sunny", {"weather": "sunny"}),
        ("city=Rome", {"city": "city=Rome"}),
        ('"city=New York, NY"', {"city": "city=New York, NY"}),
    ],
)
def test_pairs(text, known):
    assert parse(text) == known


def test_nothing_is_known():
    assert parse_known(None, "--known", NAMES, GROUPS) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--known is empty"),
        (" , ", "--known is empty"),
        ("a\nb=1", "a line break"),
        ("truck", """'truck' must end with "=1" or "=0".*in double quotes"""),
        ("truck=2", """'truck=2' must end with "=1" or "=0"."""),
        ("=1", "no label ''"),
        (
            "raincoat=1",
            "no label 'raincoat' here. Did you mean 'rain coat'\\? It has 'rain coat', ",
        ),
        ("red, white=1", """'red' must end with"""),
        ("weather=suny", "the group 'weather' has no label 'suny'. Did you mean 'sunny'"),
        ("truck=1,truck=0", "--known says two things about 'truck'"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(text, message):
    with pytest.raises(typer.BadParameter, match=message):
        parse(text)
