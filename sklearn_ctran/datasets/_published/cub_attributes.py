"""The attributes of CUB's photos: annotated ones, what a species has, and which are used."""

import os

import numpy as np

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: All attributes of the official file.
N_ATTRIBUTES = 312

#: The 112 attributes of Koh et al. (2020), by position: their published files have these.
PUBLISHED = (
    1, 4, 6, 7, 10, 14, 15, 20, 21, 23, 25, 29, 30, 35, 36, 38, 40, 44, 45, 50, 51, 53, 54, 56, 57,
    59, 63, 64, 69, 70, 72, 75, 80, 84, 90, 91, 93, 99, 101, 106, 110, 111, 116, 117, 119, 125,
    126, 131, 132, 134, 145, 149, 151, 152, 153, 157, 158, 163, 164, 168, 172, 178, 179, 181, 183,
    187, 188, 193, 194, 196, 198, 202, 203, 208, 209, 211, 212, 213, 218, 220, 221, 225, 235, 236,
    238, 239, 240, 242, 243, 244, 249, 253, 254, 259, 260, 262, 268, 274, 277, 283, 289, 292, 293,
    294, 298, 299, 304, 305, 308, 309, 310, 311,
)  # fmt: skip

#: What annotators say of how sure they are: this, that the part cannot be seen.
_NOT_VISIBLE = 1


def read_annotations(path, photos, attributes):
    """Whether attributes are present, and how certain that is, as annotated in each photo.

    `photos` and `attributes` are Numbered. Some lines of the official file have more columns than
    the others, of which the first four are right. Returns two arrays (n_photos, n_attributes),
    int8. Raises ValueError if a line is broken, or not each photo has each attribute once.
    """
    try:
        table = np.loadtxt(path, dtype=np.int32, usecols=(0, 1, 2, 3), ndmin=2, comments=None)
    except ValueError as error:
        raise ValueError(
            f"{path} must have a photo, an attribute, 0 or 1 and a certainty in each line: {error}."
        ) from error

    def place(line):
        return f"{os.path.basename(path)}, entry {line + 1}"

    for column, known, what in ((2, (0, 1), "is present"), (3, (1, 2, 3, 4), "certainty")):
        wrong = np.flatnonzero(~np.isin(table[:, column], known))
        if len(wrong):
            value = table[wrong[0], column]
            raise ValueError(f"{place(wrong[0])}: the {what!r} of a photo cannot be {value}.")
    rows = photos.rows(table[:, 0], place)
    columns = attributes.rows(table[:, 1], place)
    shape = (len(photos.texts), len(attributes.texts))
    times = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)
    if (times != 1).any():
        row, column = np.argwhere(times != 1)[0]
        raise ValueError(
            f"{path} has the attribute {attributes.texts[column]!r} of {photos.texts[row]!r} "
            f"{times[row, column]} times, but each photo has each attribute once."
        )
    is_present, certainty = np.empty(shape, dtype=np.int8), np.empty(shape, dtype=np.int8)
    is_present[rows, columns], certainty[rows, columns] = table[:, 2], table[:, 3]
    return is_present, certainty


def vote(is_present, certainty, classes, n_classes):
    """Attributes of each class (n_classes, n_attributes), bool, by the majority of its photos.

    Photos in which an absent attribute cannot be seen have no vote. Ties count as present, as do
    attributes without a vote.
    """
    balance = np.where(is_present == 1, 1, -1)
    balance[(is_present == 0) & (certainty == _NOT_VISIBLE)] = 0
    sums = np.zeros((n_classes, is_present.shape[1]), dtype=np.int64)
    np.add.at(sums, classes, balance)
    return sums >= 0


def choose(attributes, selection, of_class, min_classes):
    """Positions of the attributes of a selection; `of_class` is what :func:`vote` returns."""
    n_attributes = len(attributes.texts)
    if selection == "all":
        return np.arange(n_attributes)
    if selection == "frequent":
        return np.flatnonzero(of_class.sum(axis=0) >= min_classes)
    if n_attributes != N_ATTRIBUTES:
        raise ValueError(
            f"{attributes.source} has {n_attributes} attributes, but selection='published' needs "
            f"the {N_ATTRIBUTES} of the official file. 'frequent' chooses among those that are "
            "there, 'all' takes them."
        )
    return np.array(PUBLISHED)


def states_of(values, certainty, not_visible):
    """States (int8) of attributes; those that cannot be seen are unknown if that is asked for."""
    states = np.where(values, POSITIVE, NEGATIVE).astype(np.int8)
    if not_visible == "unknown":
        states[certainty == _NOT_VISIBLE] = UNKNOWN
    return states


def groups_of(names):
    """The groups that names say: "has_size::small" is in "has_size"."""
    groups = {}
    for name in names:
        groups.setdefault(name.partition("::")[0], []).append(name)
    return {group: tuple(members) for group, members in groups.items()}
