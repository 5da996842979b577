"""Which columns of a table are labels, and what their cells say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sklearn_ctran._utils.names import listed
from sklearn_ctran.datasets._shard_labels import LabelRows
from sklearn_ctran.datasets._tags.cells import read_tags
from sklearn_ctran.datasets._tags.codes import Codes
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.paths import read_paths
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Names, in lower case, that columns of tags have.
_TAGS = frozenset(
    ("tags", "tag", "labels", "label", "keywords", "categories", "category", "classes", "class")
)

_STATES = {"negative": NEGATIVE, "unknown": UNKNOWN}


@dataclass
class Form:
    """How a table says what: the arguments of ``load_tags`` of these names."""

    path_column: str | None = None
    column: str | None = None
    sep: str | None = None
    label_columns: Sequence | None = None
    extra_columns: Sequence | None = None
    split_column: str | None = None
    missing: str | None = None
    blank: str | None = None
    positive: object = 1
    negative: object = 0
    unknown: object = -1


def read_entries(columns, form):
    """The Entries of a table (Columns); raises ValueError where it is not clear what it says."""
    check_choice("missing", form.missing, [None, *_STATES])
    check_choice("blank", form.blank, [None, *_STATES])
    paths, path_column = read_paths(columns, form.path_column)
    split_column = form.split_column
    if split_column is not None:
        split_column = columns.check(split_column, "split_column")
    extra_columns = _checked(columns, form.extra_columns, "extra_columns")
    taken = {path_column, split_column, *extra_columns}
    codes = Codes(form.positive, form.negative, form.unknown, _STATES.get(form.missing, UNKNOWN))
    column, label_columns = _label_columns(columns, form, taken, codes)
    if column is None:
        states = _stacked([codes.read(columns, name) for name in label_columns], columns)
        names, words = label_columns, f"{len(label_columns)} label columns"
    else:
        states, names, words = _tag_states(columns, column, form)
    extra, extra_names, groups = _extra(columns, extra_columns, form)
    return Entries(
        source=columns.source,
        paths=paths,
        place=columns.place,
        states=states,
        names=names,
        form=words,
        is_explicit=column is None,
        extra=extra,
        extra_names=extra_names,
        groups=groups,
        split=None if split_column is None else columns.texts(split_column),
        index_name=path_column,
    )


def check_choice(name, value, choices):
    """Raise ValueError unless `value`, the argument `name`, is among some choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {listed(choices)}, got {value!r}.")


def _checked(columns, names, argument):
    if isinstance(names, (str, bytes)):
        raise TypeError(f"{argument} must be a list of columns: {argument}=[{names!r}].")
    return [columns.check(name, argument) for name in (() if names is None else names)]


def _label_columns(columns, form, taken, codes):
    """The column of tags, or the list of label columns; the other is None."""
    if form.column is not None and form.label_columns is not None:
        raise ValueError("column is for tags, label_columns for a column of each label: pass one.")
    if form.column is not None:
        return columns.check(form.column, "column"), None
    if form.label_columns is not None:
        return None, _checked(columns, form.label_columns, "label_columns")
    rest = [name for name in columns.names if name not in taken]
    named = [name for name in rest if name.lower() in _TAGS]
    if len(named) == 1:
        return named[0], None
    others = [name for name in rest if not codes.fits(columns, name)]
    if rest and not others:
        return None, rest
    if len(rest) == 1:
        return rest[0], None
    if not rest:
        what = "it has no other columns than those of paths, extra labels and splits"
    else:
        what = f"the columns {listed(others)} hold something else than 0 and 1"
    raise ValueError(
        f"It is not clear what in {columns.source} is a label: {what}. Name the column of tags, "
        "column='...', or the columns of labels, label_columns=[...]; [] are no labels at all."
    )


def _tag_states(columns, column, form):
    """States, names and the form in words of a column of tags."""
    rows, words = read_tags(columns, column, form.sep)
    if form.missing is None:
        raise ValueError(
            f"{columns.source}, column {column!r} lists tags. What of a tag that a row does not "
            "list? Say missing='negative' if somebody looked for every tag in every image, "
            "missing='unknown' if tags are those that somebody thought of."
        )
    return *states_of_tags(rows, form.missing, form.blank), words


def states_of_tags(rows, missing, blank=None, names=None):
    """States and names of lists of tags, None where a cell is empty.

    `missing` and `blank` as in ``load_tags``; `names` are all labels, None for those that come.
    """
    table = LabelRows(names)
    for tags in rows:
        is_listed = (blank or missing if tags is None else missing) == "negative"
        table.add(tags or [] if is_listed else dict.fromkeys(tags or (), POSITIVE))
    states, names = table.table()
    return states, list(map(str, names))


def _stacked(states, columns):
    if not states:
        return np.empty((len(columns), 0), dtype=np.int8)
    return np.stack(states, axis=1)


def _extra(columns, names, form):
    """States and names of extra labels, and groups of those that are values of one column."""
    if not names:
        return None, None, None
    codes = Codes(form.positive, form.negative, form.unknown)
    states, labels, groups = [], [], {}
    for name in names:
        if codes.fits(columns, name):
            states.append(codes.read(columns, name))
            labels.append(name)
            continue
        texts = np.array(columns.texts(name), dtype=object)
        values = sorted({text for text in texts if text is not None})
        is_known = np.array([text is not None for text in texts])
        states += [np.where(is_known, texts == value, UNKNOWN).astype(np.int8) for value in values]
        groups[name] = tuple(f"{name}={value}" for value in values)
        labels += groups[name]
    return _stacked(states, columns), labels, groups or None
