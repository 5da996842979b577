"""Rows as text."""

import pytest
from docutils.core import publish_parts

from sklearn_ctran._utils import tables as _tables

ROWS = [["name", "b"], ["x", "1"], ["longer", "22"]]


def test_plain():
    assert _tables.plain(ROWS) == "name     b\nx        1\nlonger  22"


def test_markdown():
    assert _tables.markdown([["n", "b"], ["x", "1"]]) == "| n  |  b |\n| -- | -: |\n| x  |  1 |"
    assert _tables.markdown_text("a|b*c<d>") == r"a\|b\*c\<d>"
    assert _tables.markdown_text("_lr_ ~x~\n&amp;") == r"\_lr\_ \~x\~ \&amp;"


def test_rst():
    assert _tables.rst(ROWS) == (
        "======  ==\nname     b\n======  ==\nx        1\nlonger  22\n======  =="
    )
    assert _tables.rst_text("a_b_ c*") == r"a_b\_ c\*"


@pytest.mark.parametrize("text", ["- x", "1. x", "a) x", "..", "===", "(2) x", "a\nb", "+ y", "x"])
def test_rst_shows_any_name_as_it_is(text):
    shown = publish_parts(_tables.rst([["n", "b"], [_tables.rst_text(text), "1"]]), writer="html5")
    assert f"<p>{' '.join(text.split())}</p>" in shown["body"]
    assert "system-message" not in shown["body"]
