"""Files of JSON, whose errors say where they are."""

import json

from sklearn_ctran._utils.names import shortened
from sklearn_ctran.datasets._tags.csv_files import read_text

_WORDS = {list: "a list [...]", dict: "an object {...}", str: "a text", int: "a whole number"}


def read_json(path, hook=None):
    """What a file of JSON holds; ValueError with line and column where it is none.

    `hook` gets each object, a dict, as soon as it is read, and returns what takes its place.
    """
    return parse_json(read_text(path), str(path), hook=hook)


def parse_json(text, where, line=None, hook=None):
    """What a text of JSON holds. `line` is its number, if it is a line of a file."""
    try:
        return json.loads(text, object_hook=hook)
    except json.JSONDecodeError as error:
        place = f"line {line or error.lineno}, column {error.colno}"
        # In a text that does not end, the place is its beginning.
        is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        cut = " Is the file complete?" if is_cut else ""
        raise ValueError(f"{where}, {place}: it is no JSON ({error.msg}).{cut}") from None
    except ValueError as error:  # Python reads no whole numbers of thousands of digits.
        raise ValueError(f"{where}: it is no JSON ({error}).") from None
    except RecursionError:
        raise ValueError(f"{where}: it is nested too deeply.") from None


def check_kind(value, kind, where):
    """Return a value; ValueError unless it is a list, a dict, a text or a whole number."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{where} must be {_WORDS[kind]}, got {shortened(repr(value))}.")
    return value


def entry(item, key, kind, where):
    """``item[key]``; ValueError if it is not there, or of another kind."""
    if key not in item:
        raise ValueError(f"{where} has no {key!r}.")
    return check_kind(item[key], kind, f"{where}, {key!r}")
