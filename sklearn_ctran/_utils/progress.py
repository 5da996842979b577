"""The one form of progress: a bar where a person looks, lines of a log elsewhere.

All of it goes to standard error. Worker processes are silent, unless `verbose` is above 1.
"""

import multiprocessing
import sys
import threading
import time
from numbers import Integral

from tqdm.auto import tqdm

#: Seconds after which a log has its first line, and between its lines.
FIRST_LINE, BETWEEN_LINES = 3.0, 60.0


class Progress:
    """How far a job is; used as a block, ``with Progress(...) as progress``.

    On a terminal and in a notebook it is a bar of tqdm. Elsewhere it is a line after 3 seconds, at
    most one a minute from then on, and a last one. `verbose` of 0 is silence; 1 speaks in the main
    process; 2 in worker processes too, in lines; None is 1 where a person looks, else 0.

    `what` is the job in words, `total` the number of its parts or None, `unit` what they are.
    `done` of them are done already. Nothing is shown of a job of less than `delay` seconds.
    """

    def __init__(self, what, total=None, unit="it", *, verbose=0, done=0, delay=0.0):
        self._lock = threading.Lock()
        self._shown = None
        if speaks(verbose):
            kind = tqdm if _is_watched() and not _is_worker() else _Lines
            self._shown = kind(total=total, desc=what, unit=unit, initial=done, delay=delay)

    def update(self, n=1, **values):
        """Say that `n` more parts are done; `values`, numbers or texts, stand behind the bar."""
        if self._shown is None:
            return
        with self._lock:
            if values:
                self._shown.set_postfix(values, refresh=False)
            self._shown.update(n)

    def at(self, text):
        """Say which part is being done, before it is."""
        if self._shown is not None:
            with self._lock:
                self._shown.set_postfix_str(text)

    def each(self, items, places):
        """Yield items, which are made one by one, while their places, texts, are shown."""
        items = iter(items)
        for place in places:
            self.at(place)
            yield next(items)
            self.update()
        next(items, None)  # So that a generator comes to its end.

    def say(self, text):
        """Print a line above the bar."""
        if self._shown is not None:
            with self._lock:
                tqdm.write(text, file=sys.stderr)

    def close(self):
        """Show the last state."""
        if self._shown is not None:
            self._shown.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def speaks(verbose):
    """Whether a job of this process says something, at a `verbose` as of :class:`Progress`.

    Raises TypeError if `verbose` is neither None nor a whole number.
    """
    if verbose is not None and not isinstance(verbose, Integral):
        raise TypeError(f"verbose must be a whole number such as 0 or 1, got {verbose!r}.")
    # None in programs without a console on Windows; a service may have closed it.
    if sys.stderr is None or getattr(sys.stderr, "closed", False):
        return False
    if verbose is None:
        return _is_watched() and not _is_worker()
    return verbose > (1 if _is_worker() else 0)


def say(text, verbose):
    """Print a line on standard error, if a job at this `verbose` speaks."""
    if speaks(verbose):
        tqdm.write(text, file=sys.stderr)


def _is_watched():
    """Whether a person looks at standard error as it is written."""
    if any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__):
        return True
    return bool(getattr(sys.stderr, "isatty", bool)())


def _is_worker():
    return multiprocessing.parent_process() is not None


class _Lines:
    """The methods of tqdm that :class:`Progress` calls, for a log: no line is written twice."""

    def __init__(self, total, desc, unit, initial, delay):
        self._total, self._what, self._unit = total, desc, unit
        self._n = self._initial = initial
        self._delay, self._postfix = delay, None
        self._start = time.monotonic()
        self._last_time = self._last_n = None

    def set_postfix(self, values, refresh):
        numbers = {key: tqdm.format_num(x) for key, x in values.items() if isinstance(x, float)}
        self._postfix = ", ".join(f"{key}={x}" for key, x in (values | numbers).items())

    def set_postfix_str(self, text):
        self._postfix = text
        # A part may take long: the log has a line before it.
        if self._last_time is None or self._is_due():
            self._write()

    def update(self, n):
        self._n += n
        if self._is_due():
            self._write()

    def close(self):
        if time.monotonic() - self._start >= self._delay and self._n != self._last_n:
            self._write()

    def _is_due(self):
        now = time.monotonic()
        if self._last_time is None:
            return now - self._start >= FIRST_LINE
        return now - self._last_time >= BETWEEN_LINES

    def _write(self):
        self._last_time, self._last_n = time.monotonic(), self._n
        text = tqdm.format_meter(
            self._n,
            self._total,
            self._last_time - self._start,
            ncols=0,
            prefix=self._what,
            unit=self._unit,
            postfix=self._postfix,
            initial=self._initial,
        )
        print(text, file=sys.stderr, flush=True)
