"""Attributes of ARFF files, and how values are written."""

import pytest

from sklearn_ctran.datasets._published.arff_header import Attribute, read_attribute, unquoted


@pytest.mark.parametrize(
    "text, expected",
    [
        ("@attribute a numeric", Attribute("a")),
        ("@ATTRIBUTE  a\tReal", Attribute("a")),
        ("@attribute 'a b' integer", Attribute("a b")),
        ('@attribute "it\'s" integer', Attribute("it's")),
        ("@attribute 'it\\'s' integer", Attribute("it's")),
        ("@attribute don't real", Attribute("don't")),
        ("@attribute a string", Attribute("a", is_text=True)),
        ("@attribute a date 'yyyy'", Attribute("a", is_text=True)),
        ("@attribute a{0,1}", Attribute("a", ("0", "1"), {"0": 0.0, "1": 1.0})),
        ("@attribute a { 1 , 0 }", Attribute("a", ("1", "0"), {"1": 1.0, "0": 0.0})),
        ("@attribute a {x,'y, z'}", Attribute("a", ("x", "y, z"), {"x": 0.0, "y, z": 1.0})),
        ("@attribute a {1,1.0}", Attribute("a", ("1", "1.0"), {"1": 0.0, "1.0": 1.0})),
        ("@attribute a {1,nan}", Attribute("a", ("1", "nan"), {"1": 0.0, "nan": 1.0})),
    ],
)
def test_attributes(text, expected):
    assert read_attribute(text, "x") == expected


@pytest.mark.parametrize(
    "text, message",
    [
        ("@attribute a", "no attribute with a name and a type"),
        ("@attribute a {0,1", "no list of different values"),
        ("@attribute a {0,0}", "no list of different values"),
        ("@attribute a {}", "no list of different values"),
        ("@attribute a relational", "the type 'relational' cannot be read"),
    ],
)
def test_attributes_that_cannot_be_read(text, message):
    with pytest.raises(ValueError, match=f"pets, line 2: .*{message}"):
        read_attribute(text, "pets, line 2")


def test_what_sparse_rows_omit_and_what_is_spelled():
    assert Attribute("a").omitted == 0 and Attribute("a").is_spelled
    three = read_attribute("@attribute a {3,4}", "x")
    assert three.omitted == 3 and three.is_spelled
    words = read_attribute("@attribute a {x,1}", "x")
    assert words.omitted == 0 and not words.is_spelled
    assert not Attribute("a", is_text=True).is_spelled


def test_quotation_marks():
    assert [unquoted(each) for each in ("a", "'a'", '"a"', "'", r"'a\'\n\%'")] == [
        "a", "a", "a", "'", "a'\n%",
    ]  # fmt: skip
