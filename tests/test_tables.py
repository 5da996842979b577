"""Rows as text."""

from sklearn_ctran import _tables

ROWS = [["name", "b"], ["x", "1"], ["longer", "22"]]


def test_plain():
    assert _tables.plain(ROWS) == "name     b\nx        1\nlonger  22"


def test_markdown():
    assert _tables.markdown([["n", "b"], ["x", "1"]]) == "| n  |  b |\n| -- | -: |\n| x  |  1 |"
    assert _tables.markdown_text("a|b*c<d>") == r"a\|b\*c\<d>"


def test_rst():
    assert _tables.rst(ROWS) == (
        "======  ==\nname     b\n======  ==\nx        1\nlonger  22\n======  =="
    )
    assert _tables.rst_text("a_b_ c*") == r"a_b\_ c\*"
