"""Cells that hold several tags."""

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets._tags.cells import read_tags
from sklearn_ctran.datasets._tags.columns import Columns


def tags(*cells, sep=None):
    return read_tags(Columns({"tags": list(cells)}, "t.csv"), "tags", sep)


@pytest.mark.parametrize("sep", [";", "|", ",", "\t", "\n"])
def test_the_separator_in_the_column(sep):
    rows, form = tags(f"a{sep} b c {sep}{sep}", "d", None, " ", sep)
    assert rows == [["a", "b c"], ["d"], None, None, [] if sep.strip() else None]
    assert form == f"column 'tags', separated by {sep!r}"


def test_one_tag_a_row():
    assert tags("a b", "c", None, 3) == (
        [["a b"], ["c"], None, ["3"]],
        "one tag a row in column 'tags'",
    )


def test_several_separators_are_asked_for():
    with pytest.raises(ValueError, match=r"';' in 2 rows and ',' in 1 rows.*sep=';'"):
        tags("a;b,c", "d;e")
    assert tags("a;b,c", "d;e", sep=";")[0] == [["a", "b,c"], ["d", "e"]]


@pytest.mark.parametrize("sep", [" ", "::", " and "])
def test_separators_of_any_kind(sep):
    assert tags(f"a{sep}b", sep=sep)[0] == [["a", "b"]]
    for wrong in ("", 3):
        with pytest.raises(ValueError, match="sep must be a text"):
            tags("a", sep=wrong)


def test_quotes():
    assert tags('"a;b";"say ""hi"""; c; 5" disk')[0] == [["a;b", 'say "hi"', "c", '5" disk']]
    assert tags('"a;b\nc";d', sep=";")[0] == [["a;b\nc", "d"]]
    with pytest.raises(ValueError, match="row 1: .* cannot be separated by ';'"):
        tags("a;b", '"c;d')


@pytest.mark.parametrize("kind", [list, tuple, np.array, set])
def test_lists(kind):
    rows, form = tags(kind(["a"]), kind([" b ", "a;c", None, 4]), [], None, np.nan, pd.NA, "")
    assert sorted(rows[1]) == ["4", "a;c", "b"]
    assert (rows[0], rows[2:]) == (["a"], [[], None, None, None, None])
    assert form == "lists in column 'tags'"


@pytest.mark.parametrize(
    ("cells", "sep", "message"),
    [
        ((["a"], "b"), None, "row 1 holds 'b', where other rows hold lists"),
        ((["a"], [["b"]]), None, "row 1: a list of tags holds texts"),
        ((["a"],), ";", "holds lists, which no sep=';' separates"),
        (("[a, b]",), None, r"row 0: '\[a, b\]' looks like a list, but is none"),
        (("[1]", "[" * 9999 + "]"), None, "row 1: .* looks like a list"),
    ],
)
def test_what_is_no_list(cells, sep, message):
    with pytest.raises(ValueError, match=message):
        tags(*cells, sep=sep)


def test_lists_as_texts():
    assert tags('["a", "b;c"]', "['d']", "[]", None, "[1, null]")[0] == [
        ["a", "b;c"],
        ["d"],
        [],
        None,
        ["1"],
    ]
    assert tags("[a],[b]", sep=",")[0] == [["[a]", "[b]"]]
