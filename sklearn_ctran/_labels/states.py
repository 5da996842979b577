"""States of labels: -1 unknown, 0 negative, 1 positive.

Users write a label as 0, 1, a boolean, -1, NaN or None. This package turns all of these into
states, so that the rest of the code sees nothing else.
"""

from contextlib import suppress
from numbers import Real

import numpy as np

from sklearn_ctran._labels.forms import BINARIZE, check_kind, unmask
from sklearn_ctran._utils.frames import plain, select
from sklearn_ctran._utils.names import as_names, did_you_mean, listed
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def read_states(table, names, what):
    """States (n_samples, n_labels), int8, of a table of 0, 1, booleans; -1, NaN or None is unknown.

    Masked entries are unknown too. `what` is the argument's name. Raises ValueError for any other
    value; the message names its row and label.
    """
    table = plain(table, what)
    check_kind(table, what)
    try:
        values = as_floats(table)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} must hold numbers (0, 1, and -1 or NaN where not known)"
            f"{_where_no_number(table, names)}."
        ) from error
    if values.ndim != 2 or values.shape[1] != len(names):
        raise ValueError(
            f"{what} must have one column for each of {len(names)} labels, got shape "
            f"{values.shape}."
        )
    states = np.where(np.isnan(values), UNKNOWN, values)
    wrong = ~np.isin(states, [UNKNOWN, NEGATIVE, POSITIVE])
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{what} must hold 0 and 1, and -1 or NaN where not known; row {row}, label "
            f"{as_names(names)[column]!r} holds {values[row, column]:g}."
        )
    return states.astype(np.int8)


def _where_no_number(table, names):
    """Say which entry of a table is no number, and what to write instead."""
    table = np.asarray(table, dtype=object)
    if table.ndim != 2 or table.shape[1] != len(names):
        return f"; if these are the tags of each image, {BINARIZE}"
    for (row, column), value in np.ndenumerate(table):
        try:
            _number(0.0 if is_missing(value) else value)
        except (TypeError, ValueError):
            shown = repr(value) if isinstance(value, str) else f"a {type(value).__name__}"
            shown = shown if len(shown) <= 40 else f"{shown[:40]}..."
            return (
                f"; row {row}, label {as_names(names)[column]!r} holds {shown}. "
                "sklearn_ctran.datasets.read_codes(y, positive='yes', negative='no', unknown='') "
                f"reads texts. If these are the tags of each image, {BINARIZE}"
            )
    return ""


def in_order(table, names, what="y"):
    """A data frame of labels with its columns in the order of `names`, the labels of a fit.

    Raises ValueError as :func:`column_order`.
    """
    table = plain(table, what)
    order = column_order(table.columns, names, what)
    return table if order == sorted(order) else select(table, order)


def column_order(columns, names, what="y"):
    """The position among `columns` of each of `names`, a list; raises ValueError if they differ."""
    columns, names = as_names(columns).tolist(), as_names(names).tolist()
    positions = {column: i for i, column in enumerate(columns)}
    if positions.keys() != set(names) or len(columns) != len(names):
        raise ValueError(_about_columns(columns, names, positions, what))
    return [positions[name] for name in names]


def _about_columns(columns, names, positions, what):
    """Say which columns are missing, are no labels, or are there twice."""
    wanted = set(names)
    missing = [name for name in names if name not in positions]
    strange = [column for column in columns if column not in wanted]
    twice = [column for i, column in enumerate(columns) if positions[column] != i]
    wrong = {"lacks": missing, "has, beside the labels,": strange, "has twice": twice}
    texts = [f"{verb} {listed(found, most=5)}" for verb, found in wrong.items() if found]
    hint = did_you_mean(strange[0], missing) if strange else ""
    return (
        f"The columns of {what} must be the labels {listed(names)}, but {what} "
        f"{' and '.join(texts)}.{hint}"
    )


def as_table(labels):
    """Turn lists of rows into an array; arrays and data frames stay. Masked entries are missing."""
    labels = unmask(labels)
    if hasattr(labels, "ndim"):
        return labels
    try:
        return np.asarray(labels)
    except ValueError as error:
        raise ValueError(
            "Labels cannot be read as a table of labels, because the rows differ in length. If "
            f"they are the tags of each image, {BINARIZE}. (NumPy says: {error}.)"
        ) from error


def as_floats(table):
    """Turn a table or column of labels into float64, with NaN where a value is missing."""
    if hasattr(table, "to_numpy") and not _has_objects(table):
        with suppress(TypeError, ValueError):  # pandas' NA among objects
            return table.to_numpy(dtype=np.float64, na_value=np.nan)
    table = np.asarray(unmask(table))
    if table.dtype.kind == "S":
        raise TypeError("Bytes are no numbers.")
    if table.dtype == object:
        values = [np.nan if is_missing(value) else _number(value) for value in table.ravel()]
        return np.array(values, dtype=np.float64).reshape(table.shape)
    return table.astype(np.float64)


def _has_objects(table):
    dtypes = np.atleast_1d(np.asarray(getattr(table, "dtypes", ()), dtype=object))
    return any(getattr(dtype, "kind", "") == "O" for dtype in dtypes)


def _number(value):
    """A number as a float; raises TypeError for lists and arrays, also of a single number."""
    if hasattr(value, "__len__") and not isinstance(value, str):
        raise TypeError(f"{value!r} is no number.")
    return float(value)


def is_missing(value):
    """Tell None, NaN, pandas' NA and what is masked from any other value."""
    # pandas' NA equals nothing, not even itself.
    if value is None or value is np.ma.masked or type(value).__name__ == "NAType":
        return True
    return isinstance(value, Real) and bool(value != value)
