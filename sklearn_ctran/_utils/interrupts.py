"""Ctrl-C, told from a KeyboardInterrupt that code raises to end training."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noticing_ctrl_c(notice: Callable[[], None]) -> Iterator[None]:
    """Call `notice` when Ctrl-C is pressed in a ``with`` block, before KeyboardInterrupt is raised.

    Signals can be watched in the main thread only, and a handler of the user's own is left alone:
    elsewhere nothing is noticed.
    """
    plain = signal.default_int_handler
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not plain:
        yield
        return

    def handle(number, frame):
        notice()
        plain(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, plain)
