"""Files of numbers and texts."""

import numpy as np
import pytest

from sklearn_ctran.datasets._published.numbered import Numbered


@pytest.fixture
def write(tmp_path):
    def write(text, name="x.txt"):
        path = tmp_path / name
        path.write_text(text)
        return Numbered(str(path))

    return write


def test_numbers_texts_and_places(write):
    birds = write("10 a gull\r\n\n2   wren\n")
    assert birds.numbers.tolist() == [10, 2] and birds.texts == ["a gull", "wren"]
    assert birds.source == "x.txt" and birds.place(1) == "x.txt, line 3"
    assert birds.rows(np.array([2, 10, 2]), None).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is empty"),
        ("1 a\n2\n", "line 2 must be a number and a text, got '2'"),
        ("a 1\n", "line 1 must be a number and a text"),
        ("9" * 30 + " a\n", "line 1 must be a number and a text, got '9{30} a'"),
        ("9" * 5000 + " a\n", r"line 1 must be a number and a text, got '9{60}\.\.\.'"),
        ("1 a\n2 b\n1 c\n", "line 3 has the number 1, which line 1 has too"),
    ],
)
def test_broken_files(write, text, message):
    with pytest.raises(ValueError, match=message):
        write(text)


@pytest.mark.parametrize("number", [0, 3, 99])
def test_numbers_that_are_not_there(write, number):
    with pytest.raises(ValueError, match=f"row 1 has the number {number}, which is not in .*x.txt"):
        write("10 a\n2 b\n").rows(np.array([2, number]), lambda row: f"row {row}")


def test_texts_of_the_lines_of_another_file(write):
    first, second = write("1 a\n2 b\n"), write("2 x\n1 y\n", "y.txt")
    assert second.of(first) == ["y", "x"]
    longer = write("2 x\n1 y\n3 z\n", "y.txt")
    with pytest.raises(ValueError, match=r"y.txt, line 3 has the number 3, .* not in .*x\.txt"):
        longer.of(first)
    with pytest.raises(ValueError, match=r"y.txt, line 3 has the number 3, .* not in .*x\.txt"):
        first.of(longer)
