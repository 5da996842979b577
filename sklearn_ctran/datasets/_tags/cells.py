"""Cells that hold several tags: lists, or texts with a separator."""

import ast
import csv
import io
import json
from collections import Counter

import numpy as np

from sklearn_ctran._labels.states import is_missing
from sklearn_ctran.datasets._tags.columns import as_text

#: Separators that are looked for.
SEPARATORS = (";", "|", ",", "\t", "\n")

_LISTS = (list, tuple, set, frozenset, np.ndarray)


def read_tags(columns, name, sep=None):
    """The tags of each row of a column, lists of texts, None where a cell is empty; and the form.

    `sep` None: the one of SEPARATORS that is in the column. The form is in words. Raises
    ValueError where a cell cannot be read, and if it is not clear what separates tags.
    """
    values = columns[name]
    if any(isinstance(value, _LISTS) for value in values):
        if sep is not None:
            raise ValueError(
                f"{columns.source}, column {name!r} holds lists, which no sep={sep!r} separates."
            )
        rows = [_listed_tags(value, columns, row) for row, value in enumerate(values)]
        return rows, f"lists in column {name!r}"
    texts = columns.texts(name)
    if sep is None and _are_written_lists(texts):
        rows = [_written_list(text, columns, row) for row, text in enumerate(texts)]
        return rows, f"lists in column {name!r}"
    if sep is None:
        sep = _guess_separator(texts, columns, name)
        if sep is None:
            return [text and [text] for text in texts], f"one tag a row in column {name!r}"
    if not isinstance(sep, str) or not sep:
        raise ValueError(f"sep must be a text, such as ';', got {sep!r}.")
    rows = [text and _split(text, sep, columns, row) for row, text in enumerate(texts)]
    return rows, f"column {name!r}, separated by {sep!r}"


def _listed_tags(value, columns, row):
    if isinstance(value, _LISTS):
        if any(isinstance(tag, (dict, *_LISTS)) for tag in value):
            raise ValueError(f"{columns.place(row)}: a list of tags holds texts, not {value!r}.")
        return [tag for tag in map(as_text, value) if tag]
    if is_missing(value) or as_text(value) is None:
        return None
    raise ValueError(f"{columns.place(row)} holds {value!r}, where other rows hold lists of tags.")


def _are_written_lists(texts):
    """Whether a column has lists as texts, as pandas and datasets write them into CSV files."""
    texts = [text for text in texts if text]
    return bool(texts) and all(text.startswith("[") and text.endswith("]") for text in texts)


def _written_list(text, columns, row):
    if text is None:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return _listed_tags(read(text), columns, row)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    raise ValueError(
        f"{columns.place(row)}: {text[:60]!r} looks like a list, but is none. If tags are not "
        "lists, say what separates them: sep=','."
    )


def _guess_separator(texts, columns, name):
    """The only one of SEPARATORS in a column; None if there is none; ValueError if several."""
    counts = Counter(sep for text in texts if text for sep in SEPARATORS if sep in text)
    if len(counts) > 1:
        found = " and ".join(f"{sep!r} in {counts[sep]} rows" for sep in counts)
        raise ValueError(
            f"{columns.source}, column {name!r} has {found}. Say which separates tags: "
            f"sep={counts.most_common(1)[0][0]!r}."
        )
    return next(iter(counts), None)


def _split(text, sep, columns, row):
    """The tags of a text. Tags in quotes may have the separator in them, as cells of CSV files."""
    if '"' not in text or len(sep) > 1 or sep == "\n":
        return [tag for tag in map(str.strip, text.split(sep)) if tag]
    lines = io.StringIO(text, newline="")
    try:
        read = csv.reader(lines, delimiter=sep, strict=True, skipinitialspace=True)
        return [tag for line in read for tag in map(str.strip, line) if tag]
    except csv.Error as error:
        raise ValueError(
            f"{columns.place(row)}: {text[:60]!r} cannot be separated by {sep!r}: {error}. A "
            "quote inside of quotes is written twice."
        ) from None
