"""Images and what is known of them, shard by shard."""

from collections.abc import Iterator, Mapping

import numpy as np
from sklearn.utils.validation import _num_samples

from sklearn_ctran._utils.frames import take
from sklearn_ctran._utils.rows import check_rows


def cut_into_shards(X, known_labels, extra_labels, size, groups=()):
    """An iterator of triples of rows, known and extra labels, and their number, or None.

    In a dict, tuples under the names of `groups` are one value for all rows.
    """
    if isinstance(X, Iterator):
        given = [_of_each_shard(*each) for each in _named(known_labels, extra_labels)]
        return _zipped(X, groups, *given), None
    check_rows(X=X, known_labels=known_labels, extra_labels=extra_labels)
    n = _num_samples(X)
    if not n:
        raise ValueError("X is empty: there are no images.")
    labels = [_without_tuples(each, n, groups) for each in (known_labels, extra_labels)]
    for name, each in _named(*labels):
        _check_length(name, each, n)
    return cut((X, *labels), n, size), -(-n // size)


def _named(known_labels, extra_labels):
    return [("known_labels", known_labels), ("extra_labels", extra_labels)]


def _of_each_shard(name, labels):
    """Labels of an iterator of shards, checked: those of each, or one value for all rows."""
    if labels is None or isinstance(labels, Iterator):
        return labels
    if isinstance(labels, Mapping) and all(map(_is_value, labels.values())):
        return labels
    raise TypeError(
        f"X is an iterator of shards, so {name} must be one too, of the labels of each shard, or a "
        "dict of one value for each label."
    )


def _zipped(X, groups, *labels):
    """Shards and their labels; raises ValueError if there are labels for more or fewer shards."""
    end = object()
    while (rows := next(X, end)) is not end:
        given = [next(each, end) if isinstance(each, Iterator) else each for each in labels]
        if any(each is end for each in given):
            raise ValueError("There are labels for fewer shards than X has.")
        yield rows, *(_without_tuples(each, _num_samples(rows), groups) for each in given)
    if any(isinstance(each, Iterator) and next(each, end) is not end for each in labels):
        raise ValueError("There are labels for more shards than X has.")


def _check_length(name, labels, n):
    """Raise ValueError unless columns or a table of labels have n rows."""
    columns = labels.items() if isinstance(labels, Mapping) else [(None, labels)]
    for key, column in columns:
        if not _is_value(column) and _num_samples(column) != n:
            what = name if key is None else f"{name}[{key!r}]"
            raise ValueError(f"{what} has {_num_samples(column)} rows, and X has {n}.")


def cut(data, n, size):
    """Rows of each of some arguments, `size` at a time."""
    for first in range(0, n, size):
        rows = np.arange(first, min(first + size, n))
        yield tuple(_rows(each, rows) for each in data)


def _rows(data, rows):
    """Some rows of images or labels; one value for all rows stays as it is."""
    if not isinstance(data, Mapping):
        return take(data, rows)
    return {
        key: column if _is_value(column) else take(column, rows) for key, column in data.items()
    }


def _without_tuples(labels, n, groups):
    """Labels in which columns that are tuples are lists; the other tuples are one value."""
    if not isinstance(labels, Mapping):
        return labels
    return {
        key: list(column)
        if isinstance(column, tuple) and len(column) == n and key not in groups
        else column
        for key, column in labels.items()
    }


def _is_value(column):
    """Whether labels of a dict are one value for all rows, not a column."""
    return isinstance(column, (str, bytes, tuple, set, frozenset)) or np.ndim(column) == 0
