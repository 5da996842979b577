"""Image-level labels of Open Images: files of millions of rows, in blocks, as numbers."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sklearn_ctran._utils.frames import import_pandas
from sklearn_ctran._utils.names import did_you_mean, listed, shortened
from sklearn_ctran.datasets._published.lists import read_lines

#: Rows that are read at a time.
_ROWS_AT_ONCE = 1_000_000

_COLUMNS = ["ImageID", "LabelName", "Confidence"]

#: Digits of a photo's number, in base 16.
_DIGITS = 16


@dataclass(frozen=True)
class Answers:
    """Rows of a file: photos (uint64), columns of labels (int32) and confidences (float32).

    Only rows of labels and photos that were asked for are kept. `n_photos` is the number of photos
    in all rows, `found` the photos that were asked for and are there.
    """

    photos: np.ndarray
    labels: np.ndarray
    confidence: np.ndarray
    n_photos: int
    found: np.ndarray


def read_classes(path):
    """Code of a label -> its name, from a file of two columns; older files have no header."""
    lines, numbers = read_lines(path)
    names = {}
    for number, line in zip(numbers, lines, strict=True):
        row = _cells(line)
        if number == numbers[0] and row[:1] == ["LabelName"]:
            continue
        if len(row) != 2 or not all(row):
            raise ValueError(
                f"{path}, line {number} must be a label's code and its name, got "
                f"{shortened(line)!r}."
            )
        if row[0] in names:
            raise ValueError(f"{path}, line {number} has the label {row[0]!r} again.")
        names[row[0]] = row[1]
    return names


def _cells(line):
    """The cells of a line; none if it cannot be read, as where a quote does not end."""
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return []


def read_answers(path, columns, photos, is_human):
    """The Answers of a file.

    `columns` maps the code of each label to its column, -1 for labels that were not asked for.
    `photos` are the only ones (uint64, sorted) to keep, or None. Human answers are 0 and 1, those
    of machines are between. Raises ValueError where the file is broken, with the row.
    """
    kept, found, seen = [], [], []
    for chunk in _chunks(path):
        ids = _numbers(path, chunk)
        seen.append(np.unique(ids))
        labels = _columns(path, chunk, columns)
        confidence = chunk["Confidence"].to_numpy()
        is_odd = ~((confidence >= 0) & (confidence <= 1))
        if is_human:
            is_odd |= (confidence != 0) & (confidence != 1)
        if is_odd.any():
            known = "0 or 1, as people answer" if is_human else "between 0 and 1"
            raise _odd(path, chunk, is_odd, "Confidence", f"must be {known}")
        is_kept = labels >= 0
        if photos is not None:
            is_kept &= np.isin(ids, photos)
            found.append(np.intersect1d(seen[-1], photos))
        kept.append((ids[is_kept], labels[is_kept], confidence[is_kept]))
    n_photos = len(np.unique(np.concatenate(seen)))
    if not n_photos:
        raise ValueError(f"{path} has no rows.")
    arrays = map(np.concatenate, zip(*kept, strict=True))
    found = np.unique(np.concatenate(found)) if found else np.array([], dtype=np.uint64)
    return Answers(*arrays, n_photos=n_photos, found=found)


def _chunks(path):
    """Yield frames of some rows; ValueError for what is no table of the columns."""
    pandas = import_pandas()
    dtypes = {"ImageID": str, "LabelName": str, "Confidence": np.float32}
    try:
        with pandas.read_csv(
            path, dtype=dtypes, chunksize=_ROWS_AT_ONCE, keep_default_na=False
        ) as chunks:
            for chunk in chunks:
                # Cells for which there is no column would be an index.
                if not isinstance(chunk.index, pandas.RangeIndex):
                    raise ValueError("the first row has more cells than there are columns")
                if not {*_COLUMNS} <= {*chunk.columns}:
                    raise ValueError(f"there are {listed(chunk.columns)}")
                yield chunk[_COLUMNS]
    except ValueError as error:  # that of pandas' parser is one
        raise ValueError(
            f"{path} must have the columns {listed(_COLUMNS)}, and a number in the last: "
            f"{error}".rstrip(".\n ")
            + "."
        ) from error


def _numbers(path, chunk):
    """The numbers of the photos (uint64)."""
    codes, texts = chunk["ImageID"].factorize()
    numbers = np.array([number_of(text) for text in texts.tolist()], dtype=object)
    is_odd = np.array([number is None for number in numbers], dtype=bool)[codes]
    if is_odd.any():
        raise _odd(path, chunk, is_odd, "ImageID", f"must have {_DIGITS} digits in base 16")
    return numbers.astype(np.uint64)[codes]


def number_of(text):
    """The number of a photo's identifier; None if it is none."""
    is_number = len(text) == _DIGITS and set(text) <= set("0123456789abcdef")
    return int(text, 16) if is_number else None


def text_of(number):
    """The identifier of a photo's number."""
    return f"{number:0{_DIGITS}x}"


def _columns(path, chunk, columns):
    """The columns of the labels (int32), -1 for those that were not asked for."""
    codes, names = chunk["LabelName"].factorize()
    is_odd = np.array([name not in columns for name in names.tolist()], dtype=bool)[codes]
    if is_odd.any():
        raise _odd(path, chunk, is_odd, "LabelName", "must be one of the class descriptions")
    return np.array([columns[name] for name in names.tolist()], dtype=np.int32)[codes]


def _odd(path, chunk, is_odd, column, what):
    """The error for the first row of a chunk that is odd."""
    row = int(np.flatnonzero(is_odd)[0])
    return ValueError(
        f"{path}, row {chunk.index[row] + 1}: {column} {what}, got {chunk[column].iloc[row]!s}."
    )


def choose_labels(labels, names):
    """The codes of the labels that were asked for, by code or name, in the order of `names`."""
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise TypeError(f"labels must be a list of codes or names of labels, got {labels!r}.")
    codes = {}
    for code, name in names.items():
        codes.setdefault(name, []).append(code)
    chosen = set()
    for label in labels:
        found = [label] if label in names else codes.get(label)
        if not found:
            raise ValueError(
                f"labels has {label!r}, which is no code and no name of the class descriptions."
                f"{did_you_mean(label, [*names.values()])}"
            )
        chosen.update(found)
    if not chosen:
        raise ValueError("labels is empty.")
    return [code for code in names if code in chosen]


def unique_names(codes, names):
    """Names of labels; those that several labels have are followed by the code."""
    of_code = [names[code] for code in codes]
    times = Counter(of_code)
    return [
        name if times[name] == 1 else f"{name} ({code})"
        for code, name in zip(codes, of_code, strict=True)
    ]
