"""Labels: targets, extra labels and known labels in, label states out.

The only module that knows how a label may be written down: 0, 1, booleans, -1 or NaN for "not
known", arrays, sparse matrices, data frames, dictionaries, 1-D classes. Everything behind it sees
*states*: -1 unknown, 0 known negative, 1 known positive.
"""

from contextlib import suppress
from numbers import Real

import numpy as np

from sklearn_ctran._utils.names import as_names
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def _as_array(y):
    """Lists of rows: NaN and None are kept, ragged rows are told as such."""
    try:
        return np.asarray(y)
    except ValueError as error:
        raise ValueError(f"Labels cannot be read as a table of labels: {error}.") from error


def check_columns(columns, names):
    """Raise a ValueError unless the columns of a `y` are the labels of a fitted estimator.

    Parameters
    ----------
    columns : array-like of shape (n_columns,)
        Of the `y`.
    names : array-like of shape (n_labels,)
        `label_names_` of the estimator.
    """
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


def _is_missing(value):
    if value is None or type(value).__name__ == "NAType":  # pandas' NA, which equals nothing
        return True
    return isinstance(value, Real) and bool(value != value)


def read_states(table, names, what):
    """Read a table of 0 / 1 / -1 / NaN / None / booleans.

    Parameters
    ----------
    table : array-like of shape (n_samples, n_labels)
    names : sequence of length n_labels
        Named in errors.
    what : str
        The argument's name, for errors.

    Returns
    -------
    states : ndarray of shape (n_samples, n_labels), int8

    Raises
    ------
    ValueError
        If a value is anything else; the message names its row and label.
    """
    try:
        values = _as_floats(table)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} must hold numbers (0, 1, and -1 or NaN where not known): {error}."
        ) from error
    if values.ndim != 2 or values.shape[1] != len(names):
        raise ValueError(
            f"{what} must have one column for each of {len(names)} labels, got shape "
            f"{values.shape}."
        )
    missing = np.isnan(values)
    states = np.where(missing, UNKNOWN, values)
    wrong = ~np.isin(states, [UNKNOWN, NEGATIVE, POSITIVE])
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{what} must hold 0 and 1, and -1 or NaN where not known; row {row}, label "
            f"{as_names(names)[column]!r} holds {values[row, column]:g}."
        )
    return states.astype(np.int8)


def _as_floats(table):
    """An array of float64, NaN where a value is missing."""
    if hasattr(table, "to_numpy"):
        with suppress(TypeError, ValueError):  # pandas' NA among objects
            return table.to_numpy(dtype=np.float64, na_value=np.nan)
    table = np.asarray(table)
    if table.dtype == object:
        values = [np.nan if _is_missing(value) else value for value in table.ravel()]
        table = np.array(values, dtype=object).reshape(table.shape)
    return table.astype(np.float64)
