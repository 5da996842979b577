"""Forms of labels that would be misread: masked entries, and forms that are refused."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from sklearn_ctran._utils.frames import plain
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.warnings import warn

BINARIZE = (
    "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(list_of_lists) makes a table of 0 "
    "and 1, one column for each tag"
)

_KINDS = {
    "c": "complex numbers. Complex data not supported: labels are 0 and 1, or classes",
    "M": "dates. A date is no label: make classes of it, as texts (a year, a season)",
    "m": "differences of dates. Those are no labels: make classes of them, as texts",
    "V": "structured or raw records. Pass a plain table, as by pandas.DataFrame(...)",
}

_TYPES = {
    (complex, np.complexfloating): "c",
    (date, np.datetime64): "M",
    (timedelta, np.timedelta64): "m",
    (np.void,): "V",
}

# The delimiters of tags in one text. Words of a class's name are separated by spaces too.
_DELIMITERS = (";", "|", ",")


def unmask(labels):
    """Return labels with NaN or None in place of masked entries; other labels stay as they are.

    NumPy's conversions drop masks silently, and what is behind a mask is no annotation. Masked
    arrays are also found inside lists and tuples. Columns and frames of other packages than pandas
    become arrays and Tables.
    """
    labels = plain(labels, "A table of labels")
    if isinstance(labels, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(labels)
        if labels.dtype.names or not mask.any():
            return labels.data
        is_number = labels.dtype.kind in "biuf"
        values = labels.data.astype(np.float64 if is_number else object)
        values[mask] = np.nan if is_number else None
        return values if values.ndim else values.item()
    if isinstance(labels, (list, tuple)) and _has_masked(labels):
        return [unmask(item) for item in labels]
    return labels


def _has_masked(items):
    return any(
        isinstance(item, np.ma.MaskedArray)
        or (isinstance(item, (list, tuple)) and _has_masked(item))
        for item in items
    )


def check_kind(labels, what):
    """Raise ValueError if labels are complex numbers, dates or records, which NumPy would cast.

    `labels` is an array, a data frame or a column; `what` is the argument's name.
    """
    if hasattr(labels, "columns"):
        for name in labels.columns:
            _check_kind(labels[name], f"{what}, column {name!r},")
    else:
        _check_kind(labels, what)


def _check_kind(values, where):
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if kind == "O":
        odd = (_kind_of(value) for value in np.asarray(values, dtype=object).ravel())
        kind = next(filter(None, odd), "O")
    if kind in _KINDS:
        raise ValueError(f"{where} holds {_KINDS[kind]}.")


def _kind_of(value):
    if isinstance(value, (str, int, float)):
        return None
    return next((kind for types, kind in _TYPES.items() if isinstance(value, types)), None)


def check_one_class_each(classes):
    """Raise ValueError if a 1-D `y`, an array, has a list, set or dict in place of a class."""
    if classes.dtype != object:
        return
    for row, value in enumerate(classes):
        if isinstance(value, Mapping):
            raise ValueError(
                f"y, row {row}, holds a dict. A 1-D y has one class per row: make a table of "
                "labels, as by pandas.DataFrame(list(y))."
            )
        if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
            raise ValueError(
                f"y, row {row}, holds a {type(value).__name__}. A 1-D y has one class per row. If "
                f"these are the tags of each image, {BINARIZE}."
            )


def check_no_tags(classes):
    """Raise ValueError, or warn, if the classes of a 1-D `y` look like several tags in one text.

    It is an error if a part stands at different places ("sky;jet" and "jet"), which no hierarchy
    does, and a warning if the place is the same ("Paris, France" and "Nice, France").
    """
    texts = [text for text in classes.tolist() if isinstance(text, str)]
    for delimiter in _DELIMITERS:
        parts = [_split(text, delimiter) for text in texts]
        has_shared, has_moving = _shared_parts(parts)
        if not has_shared:
            continue
        examples = listed([text for text in texts if delimiter in text], most=3)
        message = (
            f"y looks like a column of tags, several to a text: its {len(classes)} classes, such "
            f"as {examples}, share parts separated by {delimiter!r}. A 1-D y has one class per "
            "row, and each different text is a class that excludes all others. For tags, split the "
            f"texts, as by df['tags'].str.split({delimiter!r}); {BINARIZE}."
        )
        if has_moving:
            raise ValueError(
                f"{message} If each text is one class, replace {delimiter!r} by another sign."
            )
        warn(message)
        return
    _warn_of_words(texts)


def _split(text, delimiter):
    parts = (part.strip(" []{}()'\"") for part in text.split(delimiter))
    return [part for part in parts if part]


def _shared_parts(parts):
    """Tell whether texts of several parts share them, and whether these parts change places.

    Synonyms ("projectile, missile") do happen in the names of a few real classes. Therefore most
    texts that have several parts must share one.
    """
    texts_with, places = Counter(), defaultdict(set)
    for text in parts:
        texts_with.update(set(text))
        for place, part in enumerate(text):
            places[part].add(place)
    several = [text for text in parts if len(text) > 1]
    sharing = [text for text in several if any(texts_with[part] > 1 for part in text)]
    moving = [text for text in several if any(len(places[part]) > 1 for part in text)]
    return 0 < len(several) <= 2 * len(sharing), 0 < len(several) <= 2 * len(moving)


def _warn_of_words(texts):
    """Warn if nearly all classes are made of a few words in any order: tags split by spaces.

    The names of classes share words too ("red fox", "fox squirrel"), but not nearly all of them,
    and they have more different words than there are classes.
    """
    parts = [text.split() for text in texts]
    several = [words for words in parts if len(words) > 1]
    vocabulary = Counter(word for words in parts for word in set(words))
    if len(texts) < 10 or 2 * len(several) < len(texts) or 2 * len(vocabulary) > len(texts):
        return
    _, has_moving = _shared_parts(parts)
    if has_moving:
        warn(
            f"y may be a column of tags split by spaces: its {len(texts)} classes, such as "
            f"{listed(texts, most=3)}, are made of {len(vocabulary)} words. A 1-D y has one class "
            "per row, and the classes exclude each other. For tags, split the texts, as by "
            f"df['tags'].str.split(); {BINARIZE}."
        )
