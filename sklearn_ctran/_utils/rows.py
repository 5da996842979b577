"""Rows of several arguments belong together by position: do their names say otherwise?

Columns are matched by name, so users expect the same of rows.
"""

import os
from collections import Counter
from collections.abc import Hashable, Mapping
from itertools import pairwise, product
from numbers import Integral

import numpy as np

from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.warnings import warn


def check_rows(**arguments):
    """Raise ValueError if two arguments have the same rows in another order, by their names.

    Other rows, by their indexes, are a warning. The values of a mapping are compared one by one.
    The paths in `X` or an index, their file names and stems are names of rows too, and so are stems
    that are numbers. A default index says nothing, and whatever may be a part of one, numbers that
    increase, is never taken for other rows: searches take parts of tables.
    """
    parts = [part for argument, rows in arguments.items() for part in _parts(argument, rows)]
    if len(parts) < 2:
        return
    distinct, difference = [], None
    for argument, rows in parts:
        names = row_names(rows, has_paths=argument == "X")
        if any(_agree(names, others) for _, others in distinct):
            continue
        for other, others in distinct:
            _check_order(other, others, argument, names)
            difference = difference or _difference(other, others, argument, names)
        distinct.append((argument, names))
    if difference:
        warn(difference, topic=difference.partition(":")[0])


def row_names(rows, has_paths=True):
    """Names of rows by kind, a sequence each: "index", "path", "file", "stem", "number".

    The last four are there if `rows` are paths, unless `has_paths` is False. The file names and
    stems of an index of paths are there too, if no two are the same.
    """
    names = getattr(rows, "row_names", None)
    if isinstance(names, dict):  # Of images that were encoded; a data frame may have such a column.
        return names
    names = {}
    if _has_index(rows):
        index = [_plain(name) for name in rows.index]
        names = {"index": index} | _index_names(index)
    return names | _path_names(rows) if has_paths else names


def names_of_rows(X, *others):
    """What to call the rows of results: the paths in `X`, else the first index; None without."""
    given = [row_names(X), *(row_names(rows, has_paths=False) for rows in others)]
    for kind in ("path", "index"):
        for names in given:
            if kind in names:
                return list(names[kind])
    return None


def take_names(names, rows=slice(None)):
    """The names of some rows, as arrays; `rows` is a slice or an array."""
    return {
        kind: (values if isinstance(values, np.ndarray) else as_names(values))[rows]
        for kind, values in names.items()
    }


def _parts(argument, rows):
    """Pairs of a name and rows that may have names of their own."""
    if isinstance(rows, Mapping):
        pairs = [(f"{argument}[{key!r}]", column) for key, column in rows.items()]
    else:
        pairs = [(argument, rows)]
    return [(name, part) for name, part in pairs if name == "X" or _has_index(part)]


def _has_index(rows):
    """Whether rows have an index, of pandas or alike, other than the default 0, 1, 2, ..."""
    index = getattr(rows, "index", None)
    if not hasattr(index, "equals"):
        return False
    return type(index).__name__ != "RangeIndex" or (index.start, index.step) != (0, 1)


def _plain(name):
    """A name that can be compared and has a hash, unlike NaN, pandas' NA and lists."""
    name = name.item() if isinstance(name, np.generic) else name
    is_missing = type(name).__name__ in ("NAType", "NaTType") or (
        isinstance(name, float) and name != name
    )
    if is_missing:
        return None
    return name if isinstance(name, Hashable) else repr(name)


def _path_names(rows):
    if tuple(getattr(rows, "shape", ()))[1:] not in ((), (1,)):
        return {}
    rows = rows.to_numpy() if hasattr(rows, "to_numpy") else rows
    rows = rows.ravel() if isinstance(rows, np.ndarray) else rows
    is_list = isinstance(rows, (list, tuple, np.ndarray))
    if not is_list or not all(isinstance(row, (str, bytes, os.PathLike)) for row in rows):
        return {}
    paths = [os.fsdecode(row) for row in rows]
    files = [os.path.basename(path) for path in paths]
    stems = [os.path.splitext(file)[0] for file in files]
    return {"path": paths, "file": files, "stem": stems} | _numbers(stems)


def _numbers(stems):
    """Stems as numbers, as a data frame has them, unless they may be positions."""
    if not all(stem.isdecimal() and stem.isascii() and len(stem) < 20 for stem in stems):
        return {}
    numbers = [int(stem) for stem in stems]
    return {"number": numbers} if numbers and max(numbers) >= len(numbers) else {}


def _index_names(index):
    """Names of the files of an index of paths in folders; {} where they are no names of rows."""
    if not all(isinstance(name, os.PathLike) or "/" in str(name) for name in index):
        return {}
    names = _path_names(index)
    return {kind: names[kind] for kind in names if len(set(names[kind])) == len(index)}


def _agree(names, others):
    """Whether rows have the same names in the same order, of any kinds."""
    pairs = product(names.values(), others.values())
    return any(len(a) == len(b) and list(a) == list(b) for a, b in pairs)


def _check_order(argument, names, other, others):
    """Raise ValueError if the rows of two arguments have the same names in another order."""
    for (kind, values), (other_kind, of_other) in product(names.items(), others.items()):
        if len(values) != len(of_other) or Counter(values) != Counter(of_other):
            continue
        wanted = f"{argument}.index" if kind == "index" else f"the {kind} of each row of {argument}"
        order = f"as by {other}.loc[{wanted}]"
        if other_kind != "index":
            order = f"by the {other_kind} of each entry of {other}.index"
        raise ValueError(
            f"{argument} and {other} have the same rows in different orders: "
            f"{_first_difference(argument, values, other, of_other)}. Rows are matched by "
            f"position: reorder them, {order}. If only the index is wrong, drop it: "
            f"{other}.reset_index(drop=True)."
        )


def _difference(argument, names, other, others):
    """What to say where two arguments have indexes of other rows; None if they do not."""
    values, of_other = names.get("index"), others.get("index")
    if values is None or of_other is None or len(values) != len(of_other) or not len(values):
        return None
    if _may_be_positions(values) or _may_be_positions(of_other):
        return None
    return (
        f"The indexes of {argument} and {other} differ: "
        f"{_first_difference(argument, values, other, of_other)}. Rows are matched by position. "
        "Make sure that they are in one order; then drop one index, by reset_index(drop=True)."
    )


def _may_be_positions(index):
    """Whether an index may be the default one of a table of which a search takes some rows."""
    are_numbers = all(isinstance(value, Integral) for value in index)
    return are_numbers and all(a < b for a, b in pairwise(index))


def _first_difference(argument, values, other, of_other):
    pairs = enumerate(zip(values, of_other, strict=True))
    row, (value, another) = next((row, pair) for row, pair in pairs if pair[0] != pair[1])
    return f"row {row} is {value!r} in {argument} and {another!r} in {other}"
