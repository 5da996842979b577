"""Results on standard output, all else on standard error."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import typer

from sklearn_ctran._cli.output import Console, Result

FOUND = Result("two rows", {"n": np.int64(2), "share": float("nan"), "at": datetime(2026, 1, 2)})


def test_a_person_gets_the_text(capsys):
    Console().show(FOUND)
    assert capsys.readouterr().out == "two rows\n"


def test_a_program_gets_json(capsys):
    Console(is_json=True).show(FOUND)
    printed = json.loads(capsys.readouterr().out)
    assert printed == {"n": 2, "share": None, "at": "2026-01-02T00:00:00"}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.array([[1.0, np.inf]]), [[1.0, None]]),
        ((True, "é", None), [True, "é", None]),
        ({1: Path("a")}, {"1": "a"}),
    ],
)
def test_types_that_json_lacks(value, plain, capsys):
    Console(is_json=True).show(Result("", {"value": value}))
    assert json.loads(capsys.readouterr().out)["value"] == plain


def test_no_text_is_no_line(capsys):
    Console().show(Result(""))
    assert capsys.readouterr().out == ""


def test_messages_are_for_terminals(capsys, monkeypatch):
    Console().say("reading")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    Console().say("reading")
    Console(is_quiet=True).say("nothing")
    assert capsys.readouterr().err == "reading\n"


def test_verbose():
    assert Console().verbose is None
    assert Console(is_quiet=True).verbose == 0


def test_a_question(monkeypatch):
    monkeypatch.setattr(typer, "confirm", lambda *text, abort, err: text)
    Console().confirm("Remove them?")
