"""Labels: targets, extra labels and known labels in, label states out.

The only module that knows how a label may be written down: 0, 1, booleans, -1 or NaN for "not
known", arrays, sparse matrices, data frames, dictionaries, 1-D classes. Everything behind it sees
*states*: -1 unknown, 0 known negative, 1 known positive.
"""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d

UNKNOWN, NEGATIVE, POSITIVE = -1, 0, 1


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
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None."
        )
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


def _as_array(y):
    """Lists of rows: NaN and None are kept, ragged rows are told as such."""
    try:
        return np.asarray(y)
    except ValueError as error:
        raise ValueError(f"Labels cannot be read as a table of labels: {error}.") from error


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


def as_names(names):
    """Names of labels, tuples among them, as an array.

    Parameters
    ----------
    names : iterable of length n_labels

    Returns
    -------
    names : ndarray of shape (n_labels,), object
    """
    names = names.tolist() if isinstance(names, np.ndarray) else list(names)
    array = np.empty(len(names), dtype=object)
    array[:] = names  # np.array(names) would make a table of tuples.
    return array


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


def encode_known_labels(
    known_labels, n_samples, names, *, what="known_labels", groups=None, others=None
):
    """Turn `known_labels` or `extra_labels`, in any accepted form, into label states.

    Parameters
    ----------
    known_labels : None, array-like of shape (n_samples, n_labels), DataFrame or dict
        A DataFrame has some of the label names as columns; a dict maps a label name to a scalar
        or a column. Values: 0 known negative, 1 known positive, -1 or NaN unknown. The name of a
        group stands for all its labels: its value is the one that applies, or a tuple or set of
        those that do, or None; for all rows, or a column of such values.
    n_samples : int
        The number of rows expected.
    names : ndarray of shape (n_labels,)
        The label names.
    what : str
        The argument's name, for errors.
    groups : dict, optional
        Group name -> names of its labels, in a tuple. Only groups all of whose labels are among
        `names` can be told.
    others : dict, optional
        Names of labels that another argument tells, by the argument's name.

    Returns
    -------
    states : ndarray of shape (n_samples, n_labels), int8

    Raises
    ------
    ValueError
        If the shape or a value does not fit, a name is unknown, or a label is told twice.
    """
    states = np.full((n_samples, len(names)), UNKNOWN, dtype=np.int8)
    if known_labels is None:
        return states
    if isinstance(known_labels, Mapping) or hasattr(known_labels, "columns"):
        _fill_by_name(states, known_labels, names, what, groups or {}, others or {})
        return states
    if sparse.issparse(known_labels):
        raise TypeError(
            f"{what} must be dense: in a sparse matrix an absent entry could mean both 'known "
            "negative' and 'unknown'. Pass an array with -1 or NaN where unknown."
        )
    array = _as_array(known_labels)
    if array.shape != states.shape:
        raise ValueError(
            f"{what} must have shape (n_samples, n_labels) = {states.shape}, got {array.shape}."
        )
    return read_states(array, names, what)


def encode_known(
    known_labels,
    extra_labels,
    n_samples,
    names,
    extra_names=(),
    groups=None,
    what=("known_labels", "extra_labels"),
):
    """Label states of targets and extra labels side by side.

    Parameters
    ----------
    known_labels, extra_labels : None, array-like, DataFrame or dict
        As in :func:`encode_known_labels`.
    n_samples : int
    names, extra_names : ndarray of shape (n_labels,), (n_extra_labels,)
    groups : dict, optional
        Group name -> names of its labels.
    what : (str, str)
        What the user calls the two arguments, for errors.

    Returns
    -------
    states : ndarray of shape (n_samples, n_labels + n_extra_labels), int8

    Raises
    ------
    ValueError
        As :func:`encode_known_labels`, and if there are no extra labels to be told.
    """
    if extra_labels is not None and not len(extra_names):
        raise ValueError(
            f"{what[1]} is given, but the estimator was fitted without extra labels: pass "
            "extra_labels to fit too."
        )
    extra_names = np.asarray(extra_names)
    targets = encode_known_labels(
        known_labels,
        n_samples,
        names,
        what=what[0],
        groups=groups,
        others={what[1]: extra_names.tolist()},
    )
    extra = encode_known_labels(
        extra_labels,
        n_samples,
        extra_names,
        what=what[1],
        groups=groups,
        others={what[0]: names.tolist()},
    )
    return np.concatenate([targets, extra], axis=1)


def _fill_by_name(states, columns, names, what, groups, others):
    positions = {name: i for i, name in enumerate(names.tolist())}
    keys = list(columns.columns) if hasattr(columns, "columns") else list(columns)
    told_by = {}
    for key in keys:
        if key in positions:
            members, told = [key], _read_column(columns[key], len(states), key, what)
        elif key in groups:
            members = groups[key]
            outside = [name for name in members if name not in positions]
            if outside:
                raise ValueError(
                    f"{what} names the group {key!r}, whose label {outside[0]!r} does not belong "
                    f"to {what}: tell its labels one by one."
                )
            told = _read_group(columns[key], len(states), key, members, what)
        else:
            for other, belongs in others.items():
                if key in belongs:
                    raise ValueError(
                        f"{what} names {key!r}, which belongs to {other}: pass it there."
                    )
            raise ValueError(
                f"{what} names {key!r}, which is not one of its labels. They are "
                f"{', '.join(map(repr, names[:10].tolist()))}{', ...' if len(names) > 10 else ''}."
            )
        places = [positions[name] for name in members]
        before = states[:, places]
        differs = (before != UNKNOWN) & (told != UNKNOWN) & (before != told)
        if differs.any():
            row, i = (int(k) for k in np.argwhere(differs)[0])
            raise ValueError(
                f"{what}, row {row}: {told_by[members[i]]!r} and {key!r} contradict each other "
                f"about {members[i]!r}."
            )
        told_by.update(dict.fromkeys(members, key))
        states[:, places] = np.where(told == UNKNOWN, before, told)


def _read_column(column, n_samples, key, what):
    """States (n_samples, 1) of one label, from a scalar or a column."""
    shape = np.shape(column)
    if shape not in ((), (n_samples,)):
        raise ValueError(
            f"{what}[{key!r}] must be a scalar or a column of {n_samples} values, got shape "
            f"{shape}."
        )
    column = column if shape else [column]
    column = column.to_frame() if hasattr(column, "to_frame") else _as_array(column)[:, None]
    return np.broadcast_to(read_states(column, [key], what), (n_samples, 1))


def _read_group(column, n_samples, key, members, what):
    """States (n_samples, n_members) of a whole group, from the labels that apply."""
    is_one = isinstance(column, (str, bytes, tuple, set, frozenset))
    if is_one or not hasattr(column, "__len__"):
        column = [column]
    elif len(column) != n_samples:
        raise ValueError(
            f"{what}[{key!r}] must be a label, a tuple or set of labels, or a column of "
            f"{n_samples} of these, got {len(column)} values."
        )
    states = [_group_states(labels, key, members, what, i) for i, labels in enumerate(column)]
    return np.broadcast_to(np.array(states, dtype=np.int8), (n_samples, len(members)))


def _group_states(labels, key, members, what, row):
    if isinstance(labels, np.ndarray):
        raise ValueError(f"{what}[{key!r}] must be a column, one value a row.")
    if _is_missing(labels):
        return [UNKNOWN] * len(members)
    if isinstance(labels, (bool, np.bool_, float, np.floating)):
        # To Python, True is 1 and 0.0 is 0: no names were meant.
        raise ValueError(
            f"{what}[{key!r}], row {row}, is {labels!r}, but a group is told by the labels that "
            f"apply, of {', '.join(map(repr, members))}."
        )
    # A label's name may be a tuple too.
    is_several = isinstance(labels, (tuple, list, set, frozenset)) and labels not in members
    labels = labels if is_several else [labels]
    outside = [label for label in labels if label not in members]
    if outside:
        raise ValueError(
            f"{what}, row {row}: {outside[0]!r} is not in the group {key!r}, whose labels are "
            f"{', '.join(map(repr, members))}."
        )
    return [POSITIVE if member in labels else NEGATIVE for member in members]


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
