import numpy as np
import pytest

from sklearn_ctran.inspection._report import markup


@pytest.mark.parametrize(
    ("value", "expected"), [(1234, "1,234"), (0.12345, "0.123"), (np.nan, "–"), (np.int64(5), "5")]
)
def test_numbers_are_for_people(value, expected):
    assert markup.number(value) == expected


def test_a_table_sorts_by_the_numbers_themselves():
    table = markup.table(("a", "b"), [("x<y", 0.12345), ("z", np.nan)], "all & more")
    assert "<td>x&lt;y</td>" in table
    assert '<td class="number" data-value="0.12345">0.123</td>' in table
    assert 'data-value="nan">–</td>' in table
    assert "<caption>all &amp; more</caption>" in table
    assert '<th scope="col" class="number"><button type="button">b</button></th>' in table


def test_an_empty_table_has_its_head():
    assert "<button" in markup.table(("a",), [], "nothing")


def test_all_texts_are_escaped():
    hostile = "<img src=x onerror='1'>\""
    parts = [
        markup.paragraph(hostile),
        markup.heading(hostile),
        markup.tiles([(hostile, hostile)]),
        markup.table([hostile], [[hostile]], hostile),
        markup.picture("", hostile),
        markup.section("key", hostile).html,
    ]
    for part in parts:
        assert "<img" not in part and "&lt;img" in part
