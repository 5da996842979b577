"""What a command says: its result on standard output, all else on standard error."""

import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import typer

from sklearn_ctran._utils.progress import say


@dataclass(frozen=True)
class Result:
    """What a command found: `text` is for people, `data` is the same for programs (``--json``).

    `data` is a dict of what JSON has, and of arrays, paths and times; NaN becomes null.
    """

    text: str
    data: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Console:
    """Where a command says how far it is. `is_quiet`: nowhere; `is_json`: its result is JSON."""

    is_quiet: bool = False
    is_json: bool = False

    @property
    def verbose(self):
        """The argument `verbose` of the package's functions: 0, or None, for on a terminal."""
        return 0 if self.is_quiet else None

    def say(self, text):
        """Print a line on standard error, if a person looks there."""
        say(text, self.verbose)

    def warn(self, text):
        """Print a line on standard error, whoever looks there."""
        print(f"warning: {text}", file=sys.stderr, flush=True)

    def confirm(self, question):
        """Ask a person; typer's Abort, exit code 1, if the answer is no."""
        typer.confirm(question, abort=True, err=True)

    def show(self, result):
        """Print the Result of a command on standard output."""
        if self.is_json:
            print(json.dumps(_plain(result.data), indent=2, allow_nan=False))
        elif result.text:
            print(result.text)
        sys.stdout.flush()  # A reader who has left is noticed here.


def _plain(value):
    """A value in the types of JSON."""
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value
