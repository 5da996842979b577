"""``python -m sklearn_ctran``: sklearn_ctran/__main__.py."""

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest


def test_it_runs():
    command = [sys.executable, "-m", "sklearn_ctran", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sklearn-ctran ")


def test_the_entry_point_is_the_same_function():
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    module, _, name = settings["project"]["scripts"]["sklearn-ctran"].partition(":")
    assert callable(getattr(import_module(module), name))


def test_without_typer(monkeypatch):
    """None in sys.modules makes an import fail."""
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as end:
        import_module("sklearn_ctran.__main__").main()
    assert end.value.code == 'The command line needs typer: pip install "sklearn-ctran[cli]"'


def test_a_reader_who_leaves_early_is_no_error():
    """``sklearn-ctran doctor | head -1``: nothing is printed of the broken pipe."""
    command = [sys.executable, "-m", "sklearn_ctran", "doctor", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(timeout=120) == 1
