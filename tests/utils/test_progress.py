"""Bars on a terminal, lines of a log elsewhere, silence where nobody asked."""

import io
import re
import subprocess
import sys
import threading

import pytest
from joblib import Parallel, delayed
from tqdm.notebook import tqdm as notebook_tqdm

from sklearn_ctran._utils import progress
from sklearn_ctran._utils.progress import Progress, say, speaks


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def replaced(monkeypatch):
    """Replaces standard error; not before the test begins, because pytest does so too."""

    def replace(stream):
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return replace


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    seconds = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


def test_a_terminal_has_a_bar(replaced):
    terminal = replaced(Terminal())
    with Progress("training", 4, " steps", verbose=1) as bar:
        bar.update(3, loss=0.123456, epoch="1/2")
        bar.say("a line")
        bar.update()
    shown = terminal.getvalue()
    assert "\r" in shown and "training: 100%|" in shown and "4/4" in shown
    assert "loss=0.123" in shown and "epoch=1/2" in shown
    assert "a line\n" in shown


def test_a_log_has_a_line_a_minute(replaced, clock):
    log = replaced(io.StringIO())
    with Progress("training", 1000, " steps", verbose=1) as bar:
        for _ in range(600):
            clock[0] += 0.5
            bar.update(loss=0.5)
    lines = log.getvalue().splitlines()
    # After 3 seconds, one a minute in 5 minutes, and the last.
    assert len(lines) == 6
    assert lines[0].startswith("training:   1% 6/1000 [00:03<08:17,  2.00 steps/s, loss=0.5")
    assert "126/1000 [01:03<" in lines[1] and "600/1000" in lines[-1]
    assert "\r" not in log.getvalue()


def test_a_log_begins_with_the_part_that_is_being_done(replaced, clock):
    log = replaced(io.StringIO())
    with Progress("compare", 3, " fits", verbose=1) as bar:
        places = iter("abc")
        for item in bar.each(range(3), places):
            clock[0] += 40
            assert item in (0, 1, 2)
    lines = log.getvalue().splitlines()
    assert [re.search(r"\d/3", line)[0] for line in lines] == ["0/3", "2/3", "3/3"]
    assert lines[0].endswith(", a]") and lines[1].endswith(", b]")


def test_what_is_written_already_is_no_last_line(replaced, clock):
    log = replaced(io.StringIO())
    with Progress("job", 1, verbose=1) as bar:
        clock[0] += 10
        bar.update()
    assert len(log.getvalue().splitlines()) == 1


def test_each_takes_generators_to_their_end():
    ended = []

    def items():
        yield 1
        yield 2
        ended.append(True)

    assert list(Progress("job", 2).each(items(), "ab")) == [1, 2]
    assert ended


def test_what_is_short_is_not_shown(replaced, clock):
    log = replaced(io.StringIO())
    for seconds, n_lines in ((0.5, 0), (1.5, 1)):
        with Progress("job", 2, verbose=1, delay=1.0) as bar:
            clock[0] += seconds
            bar.update(2)
        assert len(log.getvalue().splitlines()) == n_lines


def test_what_was_done_before_does_not_count_as_speed(replaced, clock):
    log = replaced(io.StringIO())
    with Progress("job", 100, " steps", verbose=1, done=50) as bar:
        clock[0] += 10
        bar.update(10)
    assert "60/100 [00:10<00:40,  1.00 steps/s]" in log.getvalue()


def test_nothing_is_said_unless_asked(monkeypatch):
    log, terminal = io.StringIO(), Terminal()
    for stream, verbose in ((log, 0), (log, None), (terminal, 0)):
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress("job", 2, verbose=verbose) as bar:
            bar.update(a=1)
            bar.at("x")
            bar.say("y")
        say("z", verbose)
        assert stream.getvalue() == ""
    assert speaks(None)  # on the terminal
    say("z", None)
    assert terminal.getvalue() == "z\n"


def test_a_notebook_has_a_bar(replaced, monkeypatch):
    replaced(io.StringIO())

    class Shown(notebook_tqdm):
        def __init__(self, **kwargs):
            made.append(kwargs)

        def close(self):
            pass

    made = []
    monkeypatch.setattr(progress, "tqdm", Shown)
    assert speaks(None)
    Progress("job", 2, verbose=None).close()
    assert made[0]["desc"] == "job" and made[0]["total"] == 2


def test_programs_without_standard_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with Progress("job", 1, verbose=1) as bar:
        bar.update()
    say("text", 1)


def test_workers_are_silent_unless_asked_twice():
    code = """
if True:
    from joblib import Parallel, delayed
    from sklearn_ctran._utils.progress import Progress
    def work(verbose):
        with Progress(f"work {verbose}", 1, verbose=verbose) as bar:
            bar.update()
    Parallel(n_jobs=2)(delayed(work)(verbose) for verbose in (None, 0, 1, 2))
    work(1)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert sorted(re.findall(r"work \w+", done.stderr)) == ["work 1", "work 2"]


def test_threads_lose_no_step(replaced):
    log, before = replaced(io.StringIO()), threading.active_count()
    with Progress("job", 4000, verbose=1) as bar:
        Parallel(n_jobs=4, backend="threading")(
            delayed(lambda: [bar.update() for _ in range(1000)])() for _ in range(4)
        )
    assert "4000/4000" in log.getvalue()
    assert threading.active_count() < before + 20


@pytest.mark.parametrize("verbose", [None, 0, 1, 2])
def test_closed_standard_error_is_silence(replaced, verbose):
    replaced(io.StringIO()).close()
    with Progress("job", 2, verbose=verbose) as bar:
        bar.update()
        bar.say("a line")
    say("a line", verbose)


@pytest.mark.parametrize("verbose", ["yes", 0.5])
def test_verbose_is_a_whole_number(verbose):
    with pytest.raises(TypeError, match=f"verbose must be a whole number .* got {verbose!r}"):
        Progress("job", 2, verbose=verbose)
