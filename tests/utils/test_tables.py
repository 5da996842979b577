"""Rows as text."""

import pytest

from sklearn_ctran._utils import tables

ROWS = [["name", "b"], ["x", "1"], ["longer", "22"]]


def test_plain():
    assert tables.plain(ROWS) == "name     b\nx        1\nlonger  22"


def test_markdown():
    assert tables.markdown([["n", "b"], ["x", "1.50"]]) == (
        "| n   |    b |\n|:----|-----:|\n| x   | 1.50 |"
    )
    assert tables.markdown_text("a|b*c<d>") == r"a\|b\*c\<d>"
    assert tables.markdown_text("_lr_ ~x~\n&amp;") == r"\_lr\_ \~x\~ \&amp;"


def test_rst():
    assert tables.rst(ROWS) == (
        "======  ===\nname      b\n======  ===\nx         1\nlonger   22\n======  ==="
    )
    assert tables.rst_text("a_b_ c*") == r"a_b\_ c\*"


@pytest.mark.parametrize("form", [tables.plain, tables.markdown, tables.rst])
def test_rows_may_be_an_iterator_of_tuples(form):
    assert form(map(tuple, ROWS)) == form(ROWS)


@pytest.mark.parametrize(
    "text, escaped",
    [("- x", r"\ - x"), ("1. x", r"\ 1. x"), ("a) x", r"\ a) x"), ("..", r"\ .."), ("x", "x")],
)
def test_rst_text_escapes_what_begins_a_block(text, escaped):
    assert tables.rst_text(text) == escaped


@pytest.mark.parametrize("text", ["- x", "1. x", "a) x", "..", "===", "(2) x", "a\nb", "+ y", "x"])
def test_rst_shows_any_name_as_it_is(text):
    core = pytest.importorskip("docutils.core")
    table = tables.rst([["n", "b"], [tables.rst_text(text), "1"]])
    shown = core.publish_parts(table, writer="html5")
    assert f"<p>{' '.join(text.split())}</p>" in shown["body"]
    assert "system-message" not in shown["body"]
