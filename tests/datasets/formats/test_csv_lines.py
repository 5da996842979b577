"""Rows as lines of CSV, which every reader reads."""

import csv
import io

import pytest

from sklearn_ctran.datasets._formats.csv_lines import csv_lines, csv_text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_come_back(delimiter):
    rows = [["a", 'say "hi"', "x,y;z\tw"], ["1\r2", "3\n4", "5\r\n6"], ["", " ", "=1"]]
    text = csv_text(rows, delimiter)
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == rows


def test_lines():
    assert csv_text([["a", 1], [None, 0.5]]) == "a,1\n,0.5\n"
    assert list(csv_lines([["a;b", "c"]], ";")) == ['"a;b";c']
