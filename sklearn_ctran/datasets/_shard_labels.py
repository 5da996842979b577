"""Labels of samples in shards: from files beside the images, or from a table by key."""

import json
from array import array
from collections.abc import Mapping

import numpy as np

from sklearn_ctran._labels.states import in_order, is_missing, read_states
from sklearn_ctran._utils.frames import columns_of
from sklearn_ctran._utils.names import as_names, did_you_mean
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def read_cls(text):
    """Numbers of classes, separated by spaces."""
    return [int(number) for number in text.split()]


def read_txt(text):
    """Tags, one a line, or separated by commas."""
    return [tag.strip() for line in text.splitlines() for tag in line.split(",") if tag.strip()]


def read_json(text):
    """The entry "labels" of an object: a list of tags, or an object from label to state."""
    value = json.loads(text)
    if not (isinstance(value, dict) and "labels" in value):
        raise ValueError('it has no "labels", as {"labels": ["cat", "dog"]} has')
    return value["labels"]


#: What reads the labels of a file, by its extension.
READERS = {"cls": read_cls, "json": read_json, "txt": read_txt}


class LabelRows:
    """States of labels, row by row. `names` are those of all labels; None for those that come."""

    def __init__(self, names=None):
        self._is_open = names is None
        self._names = [] if names is None else [_plain(name) for name in as_names(names)]
        self._numbers = {name: number for number, name in enumerate(self._names)}
        # Classes are numbers; of labels with names of their own, they are the positions.
        are_numbers = all(isinstance(name, int) for name in self._names)
        self._has_positions = not self._is_open and not are_numbers
        self._defaults, self._rows = array("b"), array("q")
        self._columns, self._states = array("q"), array("b")

    def add(self, labels):
        """Add a row: tags that are present, the others being absent; or a dict from label to state.

        Labels that a dict has not are unknown. Raises ValueError or TypeError for anything else.
        """
        is_dict = isinstance(labels, Mapping)
        if not is_dict and not isinstance(labels, (list, tuple, set, frozenset, np.ndarray)):
            raise TypeError(
                f"labels are a list of tags, or a mapping from label to state, not {labels!r}"
            )
        row = len(self._defaults)
        pairs = labels.items() if is_dict else ((label, 1) for label in labels)
        entries = [(self._number(label), _state(state)) for label, state in pairs]
        self._defaults.append(UNKNOWN if is_dict else NEGATIVE)
        for number, state in entries:
            self._rows.append(row)
            self._columns.append(number)
            self._states.append(state)

    def _number(self, label):
        label = _plain(label)
        if isinstance(label, bool) or not isinstance(label, (str, int)):
            raise TypeError(f"a label is a text or a whole number, not {label!r}")
        if self._has_positions and isinstance(label, int):
            if not 0 <= label < len(self._names):
                raise ValueError(f"{label} is no position among {len(self._names)} label_names")
            return label
        if self._is_open:
            return self._numbers.setdefault(label, len(self._numbers))
        if label not in self._numbers:
            hint = did_you_mean(label, self._names)
            raise ValueError(f"{label!r} is not among label_names.{hint}")
        return self._numbers[label]

    def table(self):
        """States (n_samples, n_labels), int8, and the names of the labels."""
        names = list(self._numbers) if self._is_open else self._names
        Y = np.empty((len(self._defaults), len(names)), dtype=np.int8)
        Y[:] = np.array(self._defaults, dtype=np.int8)[:, None]
        Y[np.array(self._rows), np.array(self._columns)] = self._states
        if not self._is_open:
            return Y, _names_array(names)
        order = sorted(range(len(names)), key=lambda i: (isinstance(names[i], str), names[i]))
        return Y[:, order], _names_array([names[i] for i in order])


def _plain(label):
    return label.item() if isinstance(label, np.generic) else label


def _state(value):
    if is_missing(value):
        return UNKNOWN
    if value not in (UNKNOWN, NEGATIVE, POSITIVE):
        raise ValueError(f"a state is 0, 1, or -1 or null where not known, not {value!r}")
    return int(value)


def _names_array(names):
    kinds = {type(name) for name in names}
    return np.array(names) if kinds in ({str}, {int}) else as_names(names)


def from_table(labels, keys, place, label_names=None):
    """States and names of the labels of some keys, of a data frame or a dict by key.

    ``place(row)`` says where the image of a row is. Raises ValueError if a key has no labels.
    """
    if columns_of(labels, "labels") is None:
        return _from_dict(labels, keys, place, label_names)
    if not hasattr(labels, "index") or not hasattr(labels, "iloc"):
        raise TypeError(
            "labels has no index of keys: make it one of pandas, labels.to_pandas().set_index(...)."
        )
    if label_names is not None:
        labels = in_order(labels, label_names, "labels")
    index = [str(key) for key in labels.index]
    positions = {key: row for row, key in enumerate(index)}
    if len(positions) < len(index):
        twice = next(key for row, key in enumerate(index) if positions[key] != row)
        raise ValueError(f"The index of labels has {twice!r} twice.")
    rows = np.array([positions.get(key, -1) for key in keys])
    _check_all_found(rows >= 0, keys, index, place)
    names = as_names(labels.columns)
    return read_states(labels, names, "labels")[rows], _names_array(names.tolist())


def _from_dict(labels, keys, place, label_names):
    if not isinstance(labels, Mapping):
        raise TypeError(
            "labels is 'auto', an extension ('cls', 'json' or 'txt'), a data frame with keys as "
            f"its index, a dict from key to labels, or None; not a {type(labels).__name__}."
        )
    _check_all_found(np.array([key in labels for key in keys]), keys, list(labels), place)
    rows = LabelRows(label_names)
    for row, key in enumerate(keys):
        try:
            rows.add(labels[key])
        except (TypeError, ValueError) as error:
            raise type(error)(f"labels[{key!r}] of {place(row)}: {error}.") from error
    return rows.table()


def _check_all_found(is_found, keys, known, place):
    if is_found.all():
        return
    row = int(is_found.argmin())
    example = f" (one of its keys is {known[0]!r})" if len(known) else ""
    raise ValueError(
        f"labels has no {str(keys[row])!r}, the key of {place(row)}, and lacks "
        f"{int((~is_found).sum())} of {len(keys)} keys{example}. A key is the path inside of the "
        "tar file up to the first dot of the file name; keys that are numbers are read as texts "
        "by pandas.read_csv(..., dtype=str)."
    )
