"""Columns of codes, such as 0 and 1, or yes and no, as states."""

from contextlib import suppress

import numpy as np

from sklearn_ctran._labels.states import is_missing
from sklearn_ctran.datasets._codes import code_meanings
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


class Codes:
    """What the cells of label columns mean.

    `positive`, `negative` and `unknown` are codes or lists of codes. `blank` is the state of an
    empty cell, unless a code says what it is.
    """

    def __init__(self, positive, negative, unknown, blank=UNKNOWN):
        meanings = code_meanings(positive, negative, unknown)
        self._states = {code: _state(meaning) for code, meaning in meanings.items()}
        # A code that was typed as a text may be a number in the table.
        for code, state in list(self._states.items()):
            if isinstance(code, str):
                self._states.setdefault(_number(code.strip()), state)
        self._empty = [code for code in self._states if isinstance(code, str) and not code.strip()]
        if _state(meanings[None]) == UNKNOWN:
            self._states[None] = blank

    def read(self, columns, name):
        """States (n_rows,), int8, of a column; ValueError with the place of an odd cell."""
        values = columns[name]
        if isinstance(values, np.ndarray):
            distinct, numbers = np.unique(values, return_inverse=True)
        else:
            known = {}
            numbers = [known.setdefault(_key(value), len(known)) for value in values]
            distinct = list(known)
        states = np.empty(len(distinct), dtype=np.int8)
        for number, value in enumerate(distinct):
            state = self._state(value, columns.is_text)
            if state is None:
                row = int(np.flatnonzero(np.asarray(numbers) == number)[0])
                raise ValueError(self._odd(columns.place(row), name, value))
            states[number] = state
        return states[np.asarray(numbers, dtype=np.int64)]

    def _state(self, value, is_text):
        """The state that a cell means; None if it means none."""
        value = value.item() if isinstance(value, np.generic) else value
        if isinstance(value, str):
            if value in self._states:
                return self._states[value]
            value = value.strip()
            if not value:
                return self._states[self._empty[0] if self._empty else None]
            if value not in self._states and is_text:
                value = _number(value)
        return self._states.get(None if is_missing(value) else value)

    def fits(self, columns, name):
        """Whether all cells of a column are codes."""
        try:
            self.read(columns, name)
        except (TypeError, ValueError):
            return False
        return True

    def _odd(self, place, name, value):
        codes = ", ".join(repr(code) for code in self._states if code is not None)
        return (
            f"{place}, column {name!r} holds {value!r}, but the codes are {codes} or nothing. Say "
            "what it means: positive=..., negative=... or unknown=... (each a code or a list)."
        )


def _key(value):
    """A cell, or what stands for all cells that are empty or cannot be looked up."""
    if is_missing(value):
        return None
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def _number(text):
    """A number or boolean that is written as a text; the text if it is neither."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    with suppress(ValueError):
        return float(text)
    return text


def _state(meaning):
    return UNKNOWN if meaning != meaning else POSITIVE if meaning else NEGATIVE
