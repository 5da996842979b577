"""Labels to learn from, whatever they came as."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d

from sklearn_ctran._labels.states import _as_array, _as_floats, _is_missing, read_states
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


@dataclass(frozen=True)
class Targets:
    """The training labels, whatever they came as.

    Attributes
    ----------
    states : ndarray of shape (n_samples, n_labels), int8
        1 positive, 0 negative, -1 not annotated.
    names : ndarray of shape (n_labels,)
        Column names of a data frame, positions of an array, classes of a 1-D `y`.
    classes : ndarray
        ``[[0, 1]] * n_labels``, or the classes of a 1-D `y`.
    exclusive : bool
        Whether `y` was 1-D: exactly one label of each row is positive.
    """

    states: np.ndarray
    names: np.ndarray
    classes: np.ndarray
    exclusive: bool


def encode_targets(y):
    """Turn any accepted `y` into :class:`Targets`.

    Parameters
    ----------
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
        Two dimensions: values 0, 1 (or booleans), and -1 or NaN where nobody annotated the label.
        One dimension: one class a sample, of any type.

    Returns
    -------
    Targets

    Raises
    ------
    ValueError
        If `y` is None or empty, holds other values, or has a label without any annotation.
    """
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    names = getattr(y, "columns", None)
    if sparse.issparse(y):
        y = y.toarray()
    array = y if hasattr(y, "columns") or hasattr(y, "ndim") else _as_array(y)
    if array.ndim == 2 and not _is_column_of_classes(array):
        names = np.arange(array.shape[1]) if names is None else np.asarray(names)
        states = _read_table(array, names, "y")
        return Targets(states, names, np.tile([0, 1], (len(names), 1)), exclusive=False)
    if array.ndim == 2:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=4,
        )
        array = np.asarray(array)[:, 0]
    if array.ndim != 1:
        raise ValueError(
            f"y must be of shape (n_samples, n_labels), or (n_samples,) with one class a sample; "
            f"got {array.ndim} dimensions."
        )
    return _encode_classes(array)


def _is_column_of_classes(array):
    """Tell an (n, 1) column of classes, to be read as 1-D, from a single label's 0 and 1."""
    if array.shape[1] != 1:
        return False
    try:
        values = _as_floats(array)
    except (TypeError, ValueError):
        return True
    return not np.isin(values[~np.isnan(values)], [UNKNOWN, NEGATIVE, POSITIVE]).all()


def encode_extra_labels(extra_labels):
    """Turn any accepted `extra_labels` of `fit` into label states.

    Parameters
    ----------
    extra_labels : array-like, sparse matrix, DataFrame or dict, or None
        Of shape (n_samples, n_extra_labels); a dict maps names to columns. Values as of
        :func:`encode_targets`.

    Returns
    -------
    states : ndarray of shape (n_samples, n_extra_labels), int8, or None
    names : ndarray of shape (n_extra_labels,)
        Columns of a data frame or a dict, else "extra0", "extra1", ...

    Raises
    ------
    ValueError
        If the shape or a value does not fit, or a label has no annotation.
    """
    if extra_labels is None:
        return None, np.array([], dtype=object)
    names = getattr(extra_labels, "columns", None)
    if isinstance(extra_labels, Mapping):
        names = list(extra_labels)
        columns = [np.asarray(column, dtype=object) for column in extra_labels.values()]
        if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
            raise ValueError("extra_labels, a dict, must map names to columns of one length.")
        extra_labels = np.stack(columns, axis=1)
    elif sparse.issparse(extra_labels):
        extra_labels = extra_labels.toarray()
    table = extra_labels if hasattr(extra_labels, "ndim") else _as_array(extra_labels)
    if table.ndim != 2:
        raise ValueError(
            "extra_labels must be of shape (n_samples, n_extra_labels), got "
            f"{table.ndim} dimension(s). Give classes one column each, as pandas.get_dummies does."
        )
    if names is None:
        names = [f"extra{i}" for i in range(table.shape[1])]
    names = as_names(names)
    return _read_table(table, names, "extra_labels"), names


def _read_table(table, names, what):
    """States of a table of labels to learn from."""
    if 0 in table.shape:
        raise ValueError(f"{what} is empty: its shape is {table.shape}.")
    if len(set(names.tolist())) != len(names):
        raise ValueError(f"The columns of {what} must have different names.")
    states = read_states(table, names, what)
    _check_absence_is_zero(states, what)
    annotated = (states != UNKNOWN).any(axis=0)
    if not annotated.any():
        raise ValueError(f"{what} has no annotated entry at all: every value is -1 or NaN.")
    if not annotated.all():
        bad = ", ".join(repr(name) for name in names[~annotated][:5].tolist())
        raise ValueError(
            f"No sample is annotated for label(s) {bad} of {what} (every value is -1 or NaN): "
            "leave the column(s) out or annotate some samples."
        )
    return states


def _check_absence_is_zero(states, what):
    if (states == UNKNOWN).any() and (states == POSITIVE).any() and not (states == NEGATIVE).any():
        raise ValueError(
            f"{what} has no 0 at all, only 1 and -1 (or NaN). Here -1 and NaN mean that nobody "
            "looked, and nothing can be learned from presence alone: write 0 where a label is "
            "absent."
        )


def _encode_classes(y):
    y = column_or_1d(y, dtype=None)
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class only ({classes[0]!r}): a classifier needs samples of at least two "
            "classes."
        )
    states = np.zeros((len(y), len(classes)), dtype=np.int8)
    states[np.arange(len(y)), codes] = POSITIVE
    return Targets(states, classes, classes, exclusive=True)


def encode_known_classes(y, classes):
    """Label states of one class a sample, None, NaN or -1 where it is not known.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        -1 is a class where `classes` has it.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    states : ndarray of shape (n_samples, n_classes), int8
        All unknown in a row whose class is not known.

    Raises
    ------
    ValueError
        If `y` is not one-dimensional, or holds anything else; the message names the row.
    """
    values = column_or_1d(y, dtype=None).tolist()
    classes = classes.tolist()
    codes = {label: code for code, label in enumerate(classes)}
    states = np.full((len(values), len(classes)), UNKNOWN, dtype=np.int8)
    for row, value in enumerate(values):
        # To Python True is 1.
        if isinstance(value, bool) and not isinstance(classes[0], bool):
            raise ValueError("y holds booleans, but the classes of fit are no booleans.")
        if value in codes:
            states[row] = NEGATIVE
            states[row, codes[value]] = POSITIVE
        elif not _is_missing(value) and value != UNKNOWN:
            raise ValueError(f"y, row {row}: {value!r} is not one of the classes of fit.")
    return states


def log_odds(states, weights):
    """How likely each label is before anything is known.

    Parameters
    ----------
    states : ndarray of shape (n_samples, n_labels), int8
        1 positive, 0 negative, -1 not annotated.
    weights : ndarray of shape (n_samples,), float64
        How many samples each one stands for.

    Returns
    -------
    log_odds : ndarray of shape (n_labels,), float32
        Of one more positive and one more negative than there are, hence finite.
    """
    n_positive, n_negative = (weights @ (states == value) for value in (POSITIVE, NEGATIVE))
    return np.log((n_positive + 1) / (n_negative + 1)).astype(np.float32)
