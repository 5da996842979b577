"""The header of ARFF files: attributes, and how values are written."""

import re
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from sklearn_ctran._utils.names import shortened

_NUMERIC = ("numeric", "real", "integer")
#: A quoted value, or one without quotation marks, commas and braces; then what separates.
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_VALUE = re.compile(rf"\s*({_QUOTED}|[^,'\"{{}}]*?)\s*(?:,|$)")
SPARSE_VALUE = re.compile(rf"\s*(\d+)\s+({_QUOTED}|[^,'\"{{}}\s]+)\s*(?:,|$)")
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s{{]+)\s*(.*)", re.IGNORECASE | re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Attribute:
    """A column of an ARFF file.

    Attributes
    ----------
    name : str
    values : tuple of str, or None
        What a nominal attribute can be, in the order of the file.
    codes : dict or None
        Value -> its number: the number that it spells if all values spell different ones, else its
        position.
    is_text : bool
        Whether it is no number: a string or a date.
    """

    name: str
    values: tuple | None = None
    codes: dict | None = None
    is_text: bool = False

    @property
    def omitted(self):
        """The number that stands where a sparse row has no entry: 0, or the first value."""
        return next(iter(self.codes.values())) if self.codes else 0.0

    @property
    def is_spelled(self):
        """Whether its values are written as their numbers."""
        return not self.is_text and all(
            _number(v) == code for v, code in (self.codes or {}).items()
        )


def read_attribute(text, where):
    """The Attribute of a line of the header."""
    match = _ATTRIBUTE.match(text)
    if match is None or not match[2]:
        raise ValueError(f"{where}: {shortened(text)!r} is no attribute with a name and a type.")
    name, kind = unquoted(match[1]), match[2].strip()
    if kind.startswith("{"):
        found = cells_of(kind[1:-1]) if kind.endswith("}") else None
        values = found and tuple(map(unquoted, found))
        if not values or len(set(values)) < len(values):
            raise ValueError(f"{where}: {shortened(kind)!r} is no list of different values.")
        return Attribute(name, values, _codes(values))
    word = kind.split()[0].lower()
    if word in ("string", "date"):
        return Attribute(name, is_text=True)
    if word not in _NUMERIC:
        raise ValueError(f"{where}: attributes of the type {word!r} cannot be read.")
    return Attribute(name)


def _codes(values):
    """The number of each value of a nominal attribute."""
    numbers = [_number(value) for value in values]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = [float(i) for i in range(len(values))]
    return dict(zip(values, numbers, strict=True))


def _number(value):
    """The finite number that a text spells; None if there is none."""
    with suppress(ValueError):
        number = float(value)
        if np.isfinite(number):
            return number
    return None


def cells_of(text):
    """Values with commas between them, as they are written; None if they are not such."""
    # Patterns take three times as long, and most rows have nothing that one is needed for.
    if text.strip() and not any(mark in text for mark in "'\"{}"):
        return [cell.strip() for cell in text.split(",")]
    found = tokens(_VALUE, text)
    return found and [cell for (cell,) in found]


def tokens(pattern, text):
    """The groups of all matches of a pattern, one after the other; None if they are not all."""
    found, place = [], 0
    while text.strip():
        match = pattern.match(text, place)
        if match is None:
            return None
        found.append(match.groups())
        place = match.end()
        if place == len(text) and not match[0].endswith(","):
            break
    return found


def value_of(token):
    """The text of a value; None if it is missing."""
    return None if token == "?" else unquoted(token)


def unquoted(token):
    if len(token) > 1 and token[0] == token[-1] and token[0] in "'\"":
        return _ESCAPED.sub(lambda found: _LETTERS.get(found[1], found[1]), token[1:-1])
    return token


def text_of(line):
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("latin-1")
