"""States of labels: -1 unknown, 0 negative, 1 positive.

Users write a label as 0, 1, a boolean, -1, NaN or None. This package turns all of these into
states, so that the rest of the code sees nothing else.
"""

from contextlib import suppress
from numbers import Real

import numpy as np

from sklearn_ctran._utils.names import as_names
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def read_states(table, names, what):
    """States (n_samples, n_labels), int8, of a table of 0, 1, booleans; -1, NaN or None is unknown.

    `what` is the argument's name. Raises ValueError for any other value; the message names its row
    and label.
    """
    try:
        values = as_floats(table)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} must hold numbers (0, 1, and -1 or NaN where not known): {error}."
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


def check_columns(columns, names):
    """Raise ValueError unless the columns of `y` are `names`, the labels of a fit, in order."""
    columns, names = np.asarray(columns).tolist(), np.asarray(names).tolist()
    if columns == names:
        return
    pairs = enumerate(zip(columns, names, strict=False))
    differing = (i for i, (column, name) in pairs if column != name)
    place = next(differing, min(len(columns), len(names)))
    found = repr(columns[place]) if place < len(columns) else "missing"
    wanted = repr(names[place]) if place < len(names) else "no further label"
    raise ValueError(
        f"The columns of y must be the estimator's labels in its order: column {place} is {found} "
        f"where the estimator has {wanted}. Reorder them with y[estimator.label_names_]."
    )


def as_table(labels):
    """Turn lists of rows into an array; arrays and data frames stay as they are."""
    if hasattr(labels, "ndim"):
        return labels
    try:
        return np.asarray(labels)
    except ValueError as error:
        raise ValueError(f"Labels cannot be read as a table of labels: {error}.") from error


def as_floats(table):
    """Turn a table or column of labels into float64, with NaN where a value is missing."""
    if hasattr(table, "to_numpy"):
        with suppress(TypeError, ValueError):  # pandas' NA among objects
            return table.to_numpy(dtype=np.float64, na_value=np.nan)
    table = np.asarray(table)
    if table.dtype == object:
        values = [np.nan if is_missing(value) else value for value in table.ravel()]
        table = np.array(values, dtype=object).reshape(table.shape)
    return table.astype(np.float64)


def is_missing(value):
    """Tell None, NaN and pandas' NA from any other value."""
    if value is None or type(value).__name__ == "NAType":  # pandas' NA equals nothing
        return True
    return isinstance(value, Real) and bool(value != value)
