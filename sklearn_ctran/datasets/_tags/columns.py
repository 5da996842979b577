"""Tables of any kind as columns: CSV and Parquet files, frames of pandas, polars and pyarrow."""

import os
from collections import Counter
from pathlib import Path

import numpy as np

from sklearn_ctran._labels.states import is_missing
from sklearn_ctran._utils.frames import columns_of
from sklearn_ctran._utils.names import did_you_mean, listed
from sklearn_ctran.datasets._tags.csv_files import read_csv, read_text
from sklearn_ctran.datasets._tags.json_files import check_kind, parse_json

_CSV = {".csv": None, ".txt": None, ".tsv": "\t", ".tab": "\t"}
#: Extensions of Parquet files.
PARQUET = (".parquet", ".pq")


#: Extensions of files with an object of JSON in each line.
_JSON_LINES = (".jsonl", ".ndjson")


class Columns:
    """Columns under their names, which are texts.

    Attributes
    ----------
    names : list of str
    source : str
        What errors call the table.
    folder : str
        Where the table is, "" for a frame.
    index : list or None
        The index of a frame of pandas, if it has one of texts.
    is_text : bool
        Whether all cells are texts, numbers too, as in a CSV file.
    """

    def __init__(self, values, source, folder="", lines=None, index=None, is_text=False):
        self._values = values
        self._lines = lines
        self.names = list(values)
        self.source, self.folder, self.index = source, folder, index
        self.is_text = is_text

    def __len__(self):
        if not self._values:
            return len(self.index or ())
        return len(next(iter(self._values.values())))

    def __getitem__(self, name):
        """The values of a column: an array of numbers, or a list."""
        return self._values[name]

    def texts(self, name):
        """The values of a column as texts, None where there is nothing."""
        return [as_text(value) for value in self[name]]

    def place(self, row):
        """Where a row is, for errors: "tags.csv, line 7"."""
        where = f"row {row}" if self._lines is None else f"line {self._lines[row]}"
        return f"{self.source}, {where}"

    def check(self, name, argument):
        """Return the name of a column as a text; ValueError if there is none of this name."""
        if str(name) not in self._values:
            hint = did_you_mean(str(name), self.names)
            raise ValueError(
                f"{argument}={name!r}: {self.source} has no such column, only "
                f"{listed(self.names)}.{hint}"
            )
        return str(name)


def as_text(value):
    """A cell as a text without spaces around it, None if nothing is in it; 5.0 is "5"."""
    if is_missing(value):
        return None
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return str(value).strip() or None


def folder_of(path):
    """What errors call a file, its name, and the folder that it is in."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"A path of a file is needed, got {type(path).__name__}.")
    return Path(path).name, str(Path(path).parent)


def read_columns(table, encoding=None, delimiter=None):
    """Return the Columns of a path to a file, or of a frame.

    Raises ValueError for a file that is broken, TypeError for what is no table.
    """
    if isinstance(table, (str, os.PathLike)):
        return _read_file(Path(table), encoding, delimiter)
    if encoding is not None or delimiter is not None:
        raise ValueError("encoding and delimiter are for CSV files, but table is a frame.")
    return _read_frame(table, f"the {type(table).__name__}")


def _read_file(path, encoding, delimiter):
    suffix = path.suffix.lower()
    if suffix in _CSV:
        names, cells, lines = read_csv(path, encoding, delimiter or _CSV[suffix])
        values = dict(zip(names, cells, strict=True))
        return Columns(values, path.name, str(path.parent), lines, is_text=True)
    if suffix not in (*PARQUET, *_JSON_LINES):
        raise ValueError(
            f"{path}: tables are files of CSV ({', '.join(_CSV)}), Parquet ({', '.join(PARQUET)}) "
            f"or JSON Lines ({', '.join(_JSON_LINES)}). A spreadsheet program saves its tables as "
            "CSV."
        )
    if encoding is not None or delimiter is not None:
        raise ValueError(f"encoding and delimiter are for CSV files, but table is {path}.")
    columns = _read_parquet(path) if suffix in PARQUET else _read_json_lines(path)
    columns.folder = str(path.parent)
    return columns


def _read_json_lines(path):
    """The Columns of objects; a key that an object has not is an empty cell."""
    rows, lines = [], []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            row = parse_json(line, str(path), number)
            rows.append(check_kind(row, dict, f"{path}, line {number}"))
            lines.append(number)
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row.get(name) for row in rows] for name in names}
    return Columns(values, path.name, lines=lines)


def _read_parquet(path):
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise ImportError(
            "Parquet files need pyarrow: pip install 'sklearn-ctran[tables,parquet]'."
        ) from error
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        frame = parquet.read_table(path)
    except (ArrowException, OSError) as error:
        raise ValueError(f"{path} cannot be read as a Parquet file: {error}") from error
    return _read_frame(frame, path.name)


def _read_frame(table, source):
    try:
        import narwhals.stable.v1 as nw
    except ImportError as error:
        raise ImportError(
            "Frames of tags need narwhals: pip install 'sklearn-ctran[tables]'."
        ) from error
    names = [str(name) for name in columns_of(table, "table") or ()]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"{source} has two columns of one name: {listed(twice)}.")
    try:
        frame = nw.from_native(table, eager_only=True)
    except TypeError:
        raise TypeError(
            "table must be the path of a CSV or Parquet file, or a frame of pandas, polars or "
            f"pyarrow, got {type(table).__name__}."
        ) from None
    values = {str(name): _values(frame.get_column(name), nw) for name in frame.columns}
    index = getattr(table, "index", None) if hasattr(table, "iloc") else None
    has_texts = index is not None and len(index) and all(isinstance(row, str) for row in index)
    return Columns(values, source, index=list(index) if has_texts else None)


def _values(column, nw):
    """The values of a column: an array, if they are numbers without gaps or floats."""
    kind = column.dtype
    is_float = kind in (nw.Float32, nw.Float64)
    if is_float or (kind.is_numeric() or kind == nw.Boolean) and not column.null_count():
        return np.asarray(column.to_numpy())
    return column.to_list()
