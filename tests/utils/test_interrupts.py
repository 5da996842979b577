"""Ctrl-C is noticed where Python's own handler answers it, and the handler is put back."""

import os
import signal
import threading

import pytest

from sklearn_ctran._utils.interrupts import noticing_ctrl_c


@pytest.fixture(autouse=True)
def plain_handler():
    """Python's own handler; a process in the background of a shell has none."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_is_noticed_and_raised():
    seen = []
    with pytest.raises(KeyboardInterrupt), noticing_ctrl_c(lambda: seen.append(True)):
        press()
    assert seen == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_keyboard_interrupt_of_code_is_not_noticed():
    seen = []
    with pytest.raises(KeyboardInterrupt), noticing_ctrl_c(lambda: seen.append(True)):
        raise KeyboardInterrupt
    assert not seen


def test_a_handler_of_the_users_own_stays():
    calls, seen = [], []

    def own(number, frame):
        calls.append(number)

    signal.signal(signal.SIGINT, own)
    try:
        with noticing_ctrl_c(lambda: seen.append(True)):
            assert signal.getsignal(signal.SIGINT) is own
            press()
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert calls == [signal.SIGINT] and not seen


def test_another_thread_runs_the_block():
    done = []

    def work():
        with noticing_ctrl_c(lambda: None):
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.default_int_handler]
