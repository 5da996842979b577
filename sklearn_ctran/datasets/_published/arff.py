"""Weka's ARFF files, dense and sparse, read in blocks of rows.

Our own reader, because ``scipy.io.arff`` reads no sparse file, liac-arff has had no release since
2020 and makes a Python object of every number, and scikit-learn's copy of it is private.
"""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sklearn_ctran._utils.names import did_you_mean, listed, shortened
from sklearn_ctran.datasets._published.arff_header import (
    SPARSE_VALUE,
    cells_of,
    read_attribute,
    text_of,
    tokens,
    unquoted,
    value_of,
)

#: Bytes of lines that are read at a time.
_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class Block:
    """Some rows of a file.

    Attributes
    ----------
    values : ndarray or csr_array of shape (n_rows, n_attributes), float64
        NaN where a value is missing, and in the columns of texts.
    texts : dict
        Column -> its texts, None where one is missing.
    """

    values: object
    texts: dict


class ArffFile:
    """An ARFF file, of which the header is read.

    Parameters
    ----------
    path : str
        The file. It is UTF-8; lines that are not are read as Latin-1.

    Attributes
    ----------
    relation : str
        Its name.
    attributes : list of Attribute

    Raises
    ------
    ValueError
        If it is no ARFF file, or has attributes of a kind that cannot be read.
    """

    def __init__(self, path):
        self.path, self.relation, self.attributes = path, "", []
        with open(path, "rb") as file:
            self._start, self._first_line = self._read_header(file)
        names = [attribute.name for attribute in self.attributes]
        if not names:
            raise ValueError(f"{path} has no @attribute: is it an ARFF file?")
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"{path} has the attribute(s) {listed(twice)} twice.")
        self._numbers = _Numbers(self)

    def _read_header(self, file):
        """The byte at which rows begin, and the number of their first line."""
        for number, line in enumerate(iter(file.readline, b""), start=1):
            text = text_of(line).strip()
            word = text.split(maxsplit=1)[0].lower() if text else "%"
            if word == "@data":
                return file.tell(), number + 1
            if word == "@relation":
                self.relation = unquoted(text[len(word) :].strip())
            elif word == "@attribute":
                self.attributes.append(read_attribute(text, f"{self.path}, line {number}"))
            elif not word.startswith("%"):
                raise ValueError(
                    f"{self.path}, line {number}: {shortened(text)!r} is none of @relation, "
                    "@attribute and @data: it is no ARFF file, or damaged."
                )
        raise ValueError(f"{self.path} ends before @data: it is no ARFF file, or was cut short.")

    def index(self, names):
        """The columns of some attributes; ValueError if one is not there."""
        columns = {attribute.name: i for i, attribute in enumerate(self.attributes)}
        for name in names:
            if name not in columns:
                raise ValueError(
                    f"{self.path} has no attribute {name!r}.{did_you_mean(name, columns)}"
                )
        return np.array([columns[name] for name in names], dtype=np.int64)

    def blocks(self):
        """Yield the rows, as Blocks. All are dense, or all sparse; raises ValueError if not."""
        line, kind = self._first_line, None
        with open(self.path, "rb") as file:
            file.seek(self._start)
            while lines := file.readlines(_BLOCK_BYTES):
                rows = [(line + i, text_of(each).strip()) for i, each in enumerate(lines)]
                line += len(lines)
                rows = [(number, row) for number, row in rows if row and row[0] != "%"]
                if not rows:
                    continue
                kind = kind or row_kind(rows[0][1])
                for number, row in rows:
                    if row_kind(row) != kind:
                        raise self._error(number, f"it is {row_kind(row)}, but others are {kind}")
                yield (self._sparse if kind == "sparse" else self._dense)(rows)

    def _error(self, number, reason):
        return ValueError(f"{self.path}, line {number}: {reason}.")

    def _dense(self, rows):
        """The Block of dense rows."""
        values = None
        if self._numbers.are_spelled:
            texts = [row.replace("?", "nan") for _, row in rows]
            with suppress(ValueError):  # of quotation marks, and of rows of other lengths
                values = np.loadtxt(texts, delimiter=",", ndmin=2, comments=None)
        if values is not None and values.shape[1] == len(self.attributes):
            self._numbers.check(rows, values)
            return Block(values, {})
        texts = {i: [] for i, each in enumerate(self.attributes) if each.is_text}
        values = np.array([self._dense_row(number, row, texts) for number, row in rows])
        return Block(values, texts)

    def _dense_row(self, number, row, texts):
        found = cells_of(row)
        if found is None:
            raise self._error(number, f"{shortened(row)!r} cannot be read as values with commas")
        if len(found) != len(self.attributes):
            n_columns = len(self.attributes)
            raise self._error(number, f"it has {len(found)} values for {n_columns} attributes")
        values = [self._number(number, i, token) for i, token in enumerate(found)]
        for column, of_rows in texts.items():
            of_rows.append(value_of(found[column]))
        return values

    def _sparse(self, rows):
        """The Block of sparse rows."""
        bodies = [row[1:-1] for _, row in rows]
        counts = np.array([body.count(",") + bool(body.strip()) for body in bodies])
        pairs = None
        if self._numbers.are_spelled:
            joined = ",".join(body for body in bodies if body.strip()).replace("?", "nan")
            with suppress(ValueError):  # of quotation marks, and of what is no pair
                pairs = (
                    np.loadtxt(joined.split(","), ndmin=2, comments=None)
                    if joined
                    else np.empty((0, 2))
                )
        if pairs is not None and pairs.shape == (counts.sum(), 2):
            of_row, columns = np.repeat(np.arange(len(rows)), counts), pairs[:, 0]
            values, texts = pairs[:, 1], {}
            self._check_columns(rows, of_row, columns)
            self._numbers.check(rows, values, of_row, columns.astype(np.int64))
        else:
            of_row, columns, values, texts = self._sparse_rows(rows)
            self._check_columns(rows, of_row, columns)
        places = of_row, columns.astype(np.int64)
        return Block(self._numbers.filled(places, values, len(rows)), texts)

    def _sparse_rows(self, rows):
        """As one by one: rows, columns and numbers of entries, and texts."""
        of_row, columns, numbers = [], [], []
        texts = {i: [None] * len(rows) for i, each in enumerate(self.attributes) if each.is_text}
        for row, (number, text) in enumerate(rows):
            found = tokens(SPARSE_VALUE, text[1:-1])
            if found is None:
                raise self._error(
                    number, f"{shortened(text)!r} cannot be read as indices and values"
                )
            for index, token in found:
                column = int(index)
                if column >= len(self.attributes):
                    raise self._no_column(number, column)
                numbers.append(self._number(number, column, token))
                columns.append(column)
                of_row.append(row)
                if column in texts:
                    texts[column][row] = value_of(token)
        arrays = (np.array(of_row, dtype=np.int64), np.array(columns, dtype=np.float64))
        return *arrays, np.array(numbers, dtype=np.float64), texts

    def no_value(self, number, attribute, text):
        """The error for a value that a nominal attribute does not have."""
        names = listed(attribute.values, most=5)
        return self._error(number, f"{attribute.name!r} is {text!r}, which is none of {names}")

    def _no_column(self, number, column):
        return self._error(number, f"there is no attribute {column}: they are 0 to {self._last}")

    @property
    def _last(self):
        return len(self.attributes) - 1

    def _check_columns(self, rows, of_row, columns):
        """Raise ValueError for indices that are no attributes, or are twice in a row."""
        wrong = (columns < 0) | (columns > self._last) | (columns != np.floor(columns))
        if wrong.any():
            first = np.flatnonzero(wrong)[0]
            raise self._no_column(rows[of_row[first]][0], f"{columns[first]:g}")
        keys = np.sort(of_row * (self._last + 1) + columns.astype(np.int64))
        twice = keys[1:][keys[1:] == keys[:-1]]
        if len(twice):
            row, column = divmod(int(twice[0]), self._last + 1)
            raise self._error(rows[row][0], f"it has attribute {column} twice")

    def _number(self, number, column, token):
        """The number of a value as it is written; NaN if it is missing or a text."""
        attribute = self.attributes[column]
        value = value_of(token)
        if value is None or attribute.is_text:
            return np.nan
        if attribute.codes is not None:
            if value not in attribute.codes:
                raise self.no_value(number, attribute, value)
            return attribute.codes[value]
        try:
            return float(value)
        except ValueError:
            reason = f"{attribute.name!r} is {shortened(value)!r}, which is no number"
            raise self._error(number, reason) from None


class _Numbers:
    """The numbers that the values of a file's attributes can be."""

    def __init__(self, file):
        self._file = file
        attributes = file.attributes
        self.are_spelled = all(each.is_spelled for each in attributes)
        #: Of nominal attributes with the numbers 0, 1, 2, ...: the last one, else infinity.
        self._last = np.full(len(attributes), np.inf)
        self._others, self._filled = [], []
        for column, each in enumerate(attributes):
            if each.omitted:
                self._filled.append(column)
            if each.codes and list(each.codes.values()) == list(range(len(each.codes))):
                self._last[column] = len(each.codes) - 1
            elif each.codes:
                self._others.append(column)

    def check(self, rows, values, of_row=None, of_column=None):
        """Raise ValueError for numbers that nominal attributes do not have.

        `values` are a table, or entries that are of these rows and columns.
        """
        is_table = of_column is None
        last = self._last if is_table else self._last[of_column]
        with np.errstate(invalid="ignore"):
            wrong = (values < 0) | (values > last) | (values != np.floor(values))
        wrong &= np.isfinite(last) & ~np.isnan(values)
        for column in self._others:
            known = list(self._file.attributes[column].codes.values())
            where = (slice(None), column) if is_table else of_column == column
            wrong[where] = ~np.isin(values[where], known) & ~np.isnan(values[where])
        if wrong.any():
            first = tuple(np.argwhere(wrong)[0])
            row, column = first if is_table else (of_row[first], of_column[first])
            attribute = self._file.attributes[column]
            raise self._file.no_value(rows[row][0], attribute, f"{values[first]:g}")

    def filled(self, places, values, n_rows):
        """A sparse matrix of entries, and of the first values that rows omit, if these are no 0."""
        rows, columns, numbers = [places[0]], [places[1]], [values]
        for column in self._filled:
            absent = np.setdiff1d(np.arange(n_rows), places[0][places[1] == column])
            rows.append(absent)
            columns.append(np.full(len(absent), column))
            numbers.append(np.full(len(absent), self._file.attributes[column].omitted))
        coordinates = (np.concatenate(rows), np.concatenate(columns))
        shape = (n_rows, len(self._file.attributes))
        return sparse.csr_array((np.concatenate(numbers), coordinates), shape=shape)


def row_kind(row):
    """The kind of a row: "sparse" or "dense"."""
    return "sparse" if row.startswith("{") and row.endswith("}") else "dense"
