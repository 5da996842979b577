"""Files of words of Corel5k's photos: numbers of words, and INRIA's vectors."""

import numpy as np

from sklearn_ctran._utils.names import shortened
from sklearn_ctran.datasets._published.lists import read_lines
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE

#: What fills lines up to one length.
_NO_WORD = -99


def read_words(path, names):
    """States (n_photos, n_words) from a file with the numbers of each photo's words, from 1 on.

    Raises ValueError where a number is none of a word.
    """
    rows, lines = read_lines(path)
    states = np.full((len(rows), len(names)), NEGATIVE, dtype=np.int8)
    for row, (text, line) in enumerate(zip(rows, lines, strict=True)):
        try:
            # Some copies of the files have numbers such as 1.0000000e+00, as Matlab writes them.
            numbers = np.array(text.split(), dtype=np.float64)
        except ValueError:
            raise ValueError(
                f"{path}, line {line} must have numbers of words, got {shortened(text)!r}."
            ) from None
        numbers = numbers[numbers != _NO_WORD]
        wrong = numbers[~np.isin(numbers, np.arange(1, len(names) + 1))]
        if len(wrong):
            raise ValueError(
                f"{path}, line {line} has the word {wrong[0]:g}, but words are 1 to {len(names)}."
            )
        states[row, numbers.astype(np.int64) - 1] = POSITIVE
    return states


def read_vectors(path, names):
    """States (n_photos, n_words) from a ``.hvecs`` file of 16-bit numbers.

    A vector is its length and its values, 0 and 1. Raises ValueError if lengths or values are
    others.
    """
    values = np.fromfile(path, dtype="<u2")
    n_words = len(names)
    if len(values) % (n_words + 1) or not len(values):
        raise ValueError(
            f"{path} has {values.nbytes:,} bytes, which are no vectors of {n_words} words. Is it "
            "complete?"
        )
    values = values.reshape(-1, n_words + 1)
    wrong = np.argwhere(values != np.where(np.arange(n_words + 1) == 0, n_words, values > 0))
    if len(wrong):
        row, column = wrong[0].tolist()
        what = f"its length is not {n_words}" if column == 0 else "its values are not 0 and 1"
        raise ValueError(f"{path}, vector {row + 1}: {what}, but {values[row, column]}.")
    return values[:, 1:].astype(np.int8)
