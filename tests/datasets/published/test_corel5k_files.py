"""Numbers of words, and vectors of 16-bit numbers."""

import numpy as np
import pytest

from sklearn_ctran.datasets._published.corel5k_files import read_vectors, read_words

NAMES = ["a", "b", "c"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x"


def test_numbers_of_words(path):
    path.write_text(" 1 3 -99\n\n2.0000000e+00 -99 -99\n-99 -99 -99\n")
    np.testing.assert_array_equal(read_words(path, NAMES), [[1, 0, 1], [0, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize("word", ["0", "4", "-1", "1.5", "nan"])
def test_numbers_of_no_word(path, word):
    path.write_text(f"1\n2 {word}\n")
    with pytest.raises(ValueError, match=f"line 2 has the word {word}, but words are 1 to 3"):
        read_words(path, NAMES)


def test_texts_that_are_no_numbers(path):
    path.write_text("1\ncat\n")
    with pytest.raises(ValueError, match="line 2 must have numbers of words, got 'cat'"):
        read_words(path, NAMES)


def test_vectors(path):
    np.array([[3, 1, 0, 1], [3, 0, 0, 0]], dtype="<u2").tofile(path)
    np.testing.assert_array_equal(read_vectors(path, NAMES), [[1, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize(
    "values, message",
    [
        ([3, 1, 0], "has 6 bytes, which are no vectors of 3 words"),
        ([], "has 0 bytes"),
        ([3, 1, 0, 1, 2, 0, 0, 0], "vector 2: its length is not 3, but 2"),
        ([3, 1, 0, 2], "vector 1: its values are not 0 and 1, but 2"),
    ],
)
def test_broken_vectors(path, values, message):
    np.array(values, dtype="<u2").tofile(path)
    with pytest.raises(ValueError, match=message):
        read_vectors(path, NAMES)
