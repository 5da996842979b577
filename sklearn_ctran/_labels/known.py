"""What is known of labels, whatever it came as."""

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from sklearn_ctran._labels.states import _as_array, _is_missing, read_states
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


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
