"""Labels given after `fit`: `known_labels`, `extra_labels`, known classes; to label states."""

from collections.abc import Hashable, Mapping

import numpy as np
from scipy import sparse
from sklearn.utils.validation import column_or_1d

from sklearn_ctran._labels.forms import check_kind, unmask
from sklearn_ctran._labels.states import as_table, is_missing, read_states
from sklearn_ctran._utils.frames import plain
from sklearn_ctran._utils.names import did_you_mean, listed
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def encode_known(
    known_labels,
    extra_labels,
    n_samples,
    names,
    extra_names=(),
    groups=None,
    what=("known_labels", "extra_labels"),
):
    """Known states of targets and extra labels side by side, (n_samples, all labels), int8.

    `groups` maps a group's name to the names of its labels. `what` has the names of the two
    arguments, for errors. Raises ValueError as :func:`encode_known_labels`, and if `extra_labels`
    is given but there are none.
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


def encode_known_labels(
    known_labels, n_samples, names, *, what="known_labels", groups=None, others=None
):
    """States (n_samples, n_labels), int8, of `known_labels` or `extra_labels` in any accepted form.

    1 is known positive, 0 known negative, -1 or NaN unknown. The columns of a DataFrame or the keys
    of a dict are label names; labels left out are unknown. A dict maps a name to one value for all
    rows or to a column of values. The name of a group sets all its labels: its value is the one
    label that is positive, a tuple or set of those that are, or None where they are unknown.

    `what` is the argument's name, for errors. `groups` maps a group's name to the names of its
    labels, in a tuple; a group can be used only if all of them are among `names`. `others` maps the
    name of another argument to the names of its labels. Raises ValueError if the shape or a value
    does not fit, a name is unknown, or a label and its group contradict each other.
    """
    shape = (n_samples, len(names))
    known_labels = plain(known_labels, what)
    if known_labels is None:
        return np.full(shape, UNKNOWN, dtype=np.int8)
    if isinstance(known_labels, Mapping) or hasattr(known_labels, "columns"):
        return _read_by_name(known_labels, n_samples, names, what, groups or {}, others or {})
    if sparse.issparse(known_labels):
        raise TypeError(
            f"{what} must be dense: in a sparse matrix an absent entry could mean both 'known "
            "negative' and 'unknown'. Pass an array with -1 or NaN where unknown."
        )
    table = as_table(known_labels)
    check_kind(table, what)
    if table.shape != shape:
        raise ValueError(
            f"{what} must have shape (n_samples, n_labels) = {shape}, got {table.shape}."
        )
    return read_states(table, names, what)


def encode_known_classes(y, classes):
    """States (n_samples, n_classes), int8, of one class per sample.

    `y` (n_samples,) is None, NaN or -1 where the class is unknown, and so is its whole row of
    states; -1 is a class if `classes` has it. Raises ValueError, with the row, if `y` is not
    one-dimensional or has another value.
    """
    y = unmask(y)
    check_kind(y, "y")
    values = column_or_1d(y, dtype=None).tolist()
    classes = classes.tolist()
    codes = {label: code for code, label in enumerate(classes)}
    states = np.full((len(values), len(classes)), UNKNOWN, dtype=np.int8)
    for row, value in enumerate(values):
        if is_missing(value):
            continue
        # To Python, True is 1.
        if isinstance(value, bool) and not isinstance(classes[0], bool):
            raise ValueError("y holds booleans, but the classes of fit are no booleans.")
        if isinstance(value, Hashable) and value in codes:
            states[row] = NEGATIVE
            states[row, codes[value]] = POSITIVE
        elif not (np.isscalar(value) and value == UNKNOWN):
            raise ValueError(
                f"y, row {row}: {value!r} is not one of the classes of fit."
                f"{did_you_mean(value, classes)}"
            )
    return states


def _read_by_name(columns, n_samples, names, what, groups, others):
    """Read a dict or DataFrame whose keys are names of labels or groups."""
    states = np.full((n_samples, len(names)), UNKNOWN, dtype=np.int8)
    positions = {name: i for i, name in enumerate(names.tolist())}
    set_by = {}
    for key in columns.columns if hasattr(columns, "columns") else columns:
        if key in positions:
            members, given = [key], _read_column(columns[key], n_samples, key, what)
        elif key in groups:
            members = groups[key]
            _check_members(members, positions, key, what)
            given = _read_group(columns[key], n_samples, key, members, what)
        else:
            raise ValueError(f"{what} names {key!r}, {_why_no_label(key, names, groups, others)}")
        places = [positions[name] for name in members]
        before = states[:, places]
        differs = (before != UNKNOWN) & (given != UNKNOWN) & (before != given)
        if differs.any():
            row, i = (int(k) for k in np.argwhere(differs)[0])
            raise ValueError(
                f"{what}, row {row}: {set_by[members[i]]!r} and {key!r} contradict each other "
                f"about {members[i]!r}."
            )
        states[:, places] = np.where(given == UNKNOWN, before, given)
        set_by.update(dict.fromkeys(members, key))
    return states


def _check_members(members, positions, key, what):
    """Raise ValueError if some labels of a group are not among those of the argument."""
    outside = [name for name in members if name not in positions]
    if outside:
        raise ValueError(
            f"{what} names the group {key!r}, whose label {outside[0]!r} does not belong to "
            f"{what}: give the values of its labels one by one."
        )


def _why_no_label(key, names, groups, others):
    for other, belongs in others.items():
        if key in belongs:
            return f"which belongs to {other}: pass it there."
    hint = did_you_mean(key, [*names.tolist(), *groups])
    return f"which is not one of its labels.{hint} They are {listed(names)}."


def _read_column(column, n_samples, key, what):
    """States (n_samples, 1) of one label, from one value or a column."""
    column = unmask(column)
    shape = np.shape(column)
    if shape not in ((), (n_samples,)):
        raise ValueError(
            f"{what}[{key!r}] must be a scalar or a column of {n_samples} values, got shape "
            f"{shape}."
        )
    column = column if shape else [column]
    table = column.to_frame() if hasattr(column, "to_frame") else np.asarray(column)[:, None]
    return np.broadcast_to(read_states(table, [key], what), (n_samples, 1))


def _read_group(column, n_samples, key, members, what):
    """States (n_samples, n_members) of a group, from the labels that are positive."""
    column = unmask(column)
    is_one = isinstance(column, (str, bytes, tuple, set, frozenset))
    if is_one or not hasattr(column, "__len__"):
        column = [column]
    elif len(column) != n_samples:
        raise ValueError(
            f"{what}[{key!r}] must be a label, a tuple or set of labels, or a column of "
            f"{n_samples} of these, got {len(column)} values."
        )
    states = [_group_states(value, key, members, what, row) for row, value in enumerate(column)]
    return np.broadcast_to(np.array(states, dtype=np.int8), (n_samples, len(members)))


def _group_states(value, key, members, what, row):
    """States (n_members,) of a group in one row."""
    if is_missing(value):
        return [UNKNOWN] * len(members)
    _check_group_value(value, key, members, what, row)
    # The name of a label may itself be a tuple.
    is_several = isinstance(value, (tuple, list, set, frozenset)) and value not in members
    positive = value if is_several else [value]
    outside = [label for label in positive if label not in members]
    if outside:
        raise ValueError(
            f"{what}, row {row}: {outside[0]!r} is not in the group {key!r}, whose labels are "
            f"{', '.join(map(repr, members))}.{did_you_mean(outside[0], members)}"
        )
    return [POSITIVE if member in positive else NEGATIVE for member in members]


def _check_group_value(value, key, members, what, row):
    """Raise ValueError for values that cannot be meant as names, but may equal one."""
    if isinstance(value, np.ndarray):
        raise ValueError(f"{what}[{key!r}] must be a column, one value per row.")
    # To Python, True is 1 and 0.0 is 0.
    if isinstance(value, (bool, np.bool_, float, np.floating)):
        raise ValueError(
            f"{what}[{key!r}], row {row}, is {value!r}, but the value of a group is the name of "
            f"the label that is positive, or several, of {', '.join(map(repr, members))}."
        )
