"""Data frames: results as those of pandas, arguments of polars and pyarrow. None need be there."""

from collections.abc import Mapping

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing


def import_pandas():
    """The module pandas; raises ImportError if it is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "A data frame needs pandas, which is not installed: pip install "
            "'sklearn-ctran[pandas]'. The same numbers are in the attributes of this object."
        ) from error
    return pandas


def to_frame(data, **options):
    """Make a data frame of a dict or array, with ``index``, ``columns`` and ``copy``.

    Raises ImportError if pandas is not installed.
    """
    return import_pandas().DataFrame(data, **options)


def like(table, values):
    """Values (n_rows, n_columns) as a frame of the kind, and with the names, of `table`.

    They stay an array if `table` is no frame.
    """
    if hasattr(table, "iloc") and hasattr(table, "columns"):
        return type(table)(values, index=table.index, columns=table.columns)
    if hasattr(table, "column_names"):
        return type(table).from_arrays(list(values.T), names=table.column_names)
    return type(table)(values, schema=table.columns) if hasattr(table, "get_columns") else values


def take(data, rows):
    """Some rows (ndarray of int; None for all) of labels in any form, a dict of columns too."""
    if rows is None or data is None:
        return data
    if isinstance(data, Mapping):
        return {name: take(column, rows) for name, column in data.items()}
    if _package(data) == "pyarrow":
        return data.take(rows)
    return _safe_indexing(data.tocsr() if sparse.issparse(data) else data, rows)


class Table:
    """Columns under their names, arrays of one length, read like a data frame of pandas.

    `columns` is the list of names. The table as an array has one dtype for all columns.
    """

    ndim = 2

    def __init__(self, names, arrays):
        self.columns = list(names)
        self._arrays = arrays

    @property
    def shape(self):
        """(n_rows, n_columns)."""
        return len(self), len(self._arrays)

    def __len__(self):
        return len(self._arrays[0]) if self._arrays else 0

    def __iter__(self):
        return iter(self.columns)

    def __getitem__(self, name):
        return self._arrays[self.columns.index(name)]

    def __array__(self, dtype=None, copy=None):
        if not self._arrays:
            return np.empty((0, 0), dtype=dtype)
        return np.stack(self._arrays, axis=1).astype(dtype or np.result_type(*self._arrays))


def check_computed(data, what):
    """Raise TypeError for a frame of polars that is not computed yet; `what` is its name."""
    if type(data).__name__ == "LazyFrame":
        raise TypeError(f"{what} is a LazyFrame, not computed yet: call its collect().")


def plain(data, what="X"):
    """Turn frames of polars and pyarrow into a Table, their columns into arrays; all else stays.

    Missing entries become NaN among numbers, else None. `what` is the argument's name, for errors.
    """
    if _package(data) not in ("polars", "pyarrow"):
        return data
    check_computed(data, what)
    if hasattr(data, "column_names"):  # a Table or RecordBatch of pyarrow
        return Table(data.column_names, [_values(column) for column in data.columns])
    if hasattr(data, "columns"):
        return Table(data.columns, [_values(column) for column in data.get_columns()])
    return _values(data) if hasattr(data, "to_numpy") else data


def columns_of(table, what="X"):
    """Names of the columns of a frame of any kind, in a list; None for what is no frame.

    `what` is the argument's name, for errors.
    """
    check_computed(table, what)
    # The `columns` of pyarrow are the values.
    names = getattr(table, "column_names" if _package(table) == "pyarrow" else "columns", None)
    return None if names is None else list(names)


def select(frame, order):
    """A frame of pandas, or a Table, with the columns at some positions, in their order."""
    if isinstance(frame, Table):
        names = [frame.columns[i] for i in order]
        return Table(names, [frame[name] for name in names])
    return frame.iloc[:, order]


def _package(data):
    return type(data).__module__.partition(".")[0]


def _values(column):
    """The values of a column of polars or pyarrow, as an array."""
    kind = str(getattr(column, "dtype", getattr(column, "type", ""))).lower()
    if kind.startswith("dictionary"):
        column = column.cast(column.type.value_type)  # Else NumPy would get texts in its gaps.
    if kind.startswith("struct"):
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
        return values
    # pyarrow's own method wants arguments that differ between its classes.
    return column.to_numpy() if hasattr(column, "rename") else np.asarray(column)
