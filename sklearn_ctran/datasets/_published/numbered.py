"""Lists of things that have numbers, a line for each: "1 albatross"."""

import os

import numpy as np

from sklearn_ctran._utils.names import shortened
from sklearn_ctran.datasets._published.lists import read_lines, whole_number


class Numbered:
    """The lines of a file of numbers and texts.

    Parameters
    ----------
    path : str

    Attributes
    ----------
    source : str
        The name of the file.
    numbers : ndarray of shape (n_lines,), int64
        In the order of the file.
    texts : list of str
        What follows the numbers.

    Raises
    ------
    ValueError
        If a line has another form, a number is there twice, or there are no lines.
    """

    def __init__(self, path):
        self.source, self._path = os.path.basename(path), path
        contents, self._lines = read_lines(path)
        self.texts, numbers = [], {}
        for line, content in zip(self._lines, contents, strict=True):
            begin, _, text = content.partition(" ")
            number = whole_number(begin)
            if number is None or not text.strip():
                raise ValueError(
                    f"{path}, line {line} must be a number and a text, got {shortened(content)!r}."
                )
            if numbers.setdefault(number, line) != line:
                raise ValueError(
                    f"{path}, line {line} has the number {number}, which line {numbers[number]} "
                    "has too."
                )
            self.texts.append(text.strip())
        self.numbers = np.array(list(numbers), dtype=np.int64)

    def place(self, row):
        """Where a line is, in words."""
        return f"{self.source}, line {self._lines[row]}"

    def rows(self, numbers, place):
        """The rows that have some numbers, an array.

        Raises ValueError for a number that is not in the file; `place` says where the one at a
        position is, in words.
        """
        order = np.argsort(self.numbers)
        found = np.searchsorted(self.numbers, numbers, sorter=order).clip(0, len(order) - 1)
        rows = order[found]
        wrong = np.flatnonzero(self.numbers[rows] != numbers)
        if len(wrong):
            first = wrong[0]
            raise ValueError(
                f"{place(first)} has the number {numbers[first]}, which is not in {self._path}."
            )
        return rows

    def of(self, others):
        """The texts that belong to the lines of `others`, another Numbered with the same numbers.

        Raises ValueError if the numbers differ.
        """
        rows = self.rows(others.numbers, others.place)
        others.rows(self.numbers, self.place)
        return [self.texts[row] for row in rows]
