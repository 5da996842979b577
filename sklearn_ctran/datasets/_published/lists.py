"""Lists in text files, and names of labels that files do not have."""

from collections.abc import Iterable

from sklearn_ctran.datasets._tags.csv_files import read_text

#: Digits of numbers that fit in 64 bits, whatever they are.
_MOST_DIGITS = 18


def read_lines(path):
    """The lines of a file without spaces around them, and their numbers; blank ones are left out.

    Raises ValueError if there are none.
    """
    # "\r" alone ends lines of old Macintosh computers.
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    pairs = [(line.strip(), number) for number, line in enumerate(text.split("\n"), 1)]
    pairs = [(line, number) for line, number in pairs if line]
    if not pairs:
        raise ValueError(f"{path} is empty.")
    lines, numbers = zip(*pairs, strict=True)
    return list(lines), list(numbers)


def whole_number(text):
    """The number that a text spells in digits, at most 18; None if it is another text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def column_names(label_names, n_labels, word):
    """The names of labels as texts: those of the argument ``label_names``, or a word and a number.

    Raises ValueError if there are not as many names as labels, or two are the same.
    """
    if label_names is None:
        return [f"{word} {number}" for number in range(n_labels)]
    if isinstance(label_names, (str, bytes)) or not isinstance(label_names, Iterable):
        raise TypeError(f"label_names must be a list of names, got {label_names!r}.")
    names = [str(name) for name in label_names]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"label_names has the name {twice!r} twice.")
    if len(names) != n_labels:
        raise ValueError(f"label_names has {len(names)} names, but there are {n_labels} labels.")
    return names
