"""Errors are a line on standard error and an exit code."""

import errno
import sys
import warnings

import pytest
import typer

from sklearn_ctran._cli.errors import reported


def reported_as(error, capsys, debug=False):
    """What is printed of an error, and the exit code."""
    with pytest.raises(typer.Exit) as end, reported(debug):
        raise error
    printed = capsys.readouterr()
    assert not printed.out
    return printed.err, end.value.exit_code


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such label"), "error: no such label\n"),
        (
            FileNotFoundError(errno.ENOENT, "No such file", "a b.csv"),
            "error: No such file: a b.csv\n",
        ),
        (OSError("the disk is full"), "error: the disk is full\n"),
        (ImportError("pip install it"), "error: pip install it\n"),
    ],
)
def test_what_is_wrong_is_one_line(error, line, capsys):
    assert reported_as(error, capsys) == (line, 1)


def test_no_memory(capsys):
    assert "--batch-size" in reported_as(MemoryError(), capsys)[0]


def test_a_mistake_of_the_package_is_to_be_reported(capsys):
    text, code = reported_as(KeyError("x"), capsys)
    assert text.startswith("error: KeyError: 'x'\n") and "report it" in text
    assert "Traceback" not in text and code == 1


def test_debug_shows_the_traceback(capsys):
    text, _ = reported_as(ValueError("no such label"), capsys, debug=True)
    assert text.startswith("Traceback") and text.endswith("error: no such label\n")


def test_ctrl_c(capsys):
    assert reported_as(KeyboardInterrupt(), capsys) == ("interrupted\n", 130)


def test_a_reader_who_has_left(capsys, monkeypatch):
    """Python's own flush at the end must not print an error about it."""
    monkeypatch.setattr(sys, "stdout", None)
    text, code = reported_as(BrokenPipeError(), capsys)
    assert (text, code) == ("", 1)


def test_wrong_usage_is_for_typer():
    with pytest.raises(typer.BadParameter), reported():
        raise typer.BadParameter("no")
    with pytest.raises(typer.Abort), reported():
        raise typer.Abort()
    with pytest.raises(typer.Exit), reported():
        raise typer.Exit(3)


def test_warnings_are_lines(capsys):
    before = warnings.showwarning
    with reported():
        warnings.simplefilter("always")
        warnings.warn("a photo is black", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: a photo is black\n"
    assert warnings.showwarning is before
