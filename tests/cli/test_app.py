"""Commands are found, imported late, and have the options that all have."""

import subprocess
import sys
from importlib import import_module

import pytest

from sklearn_ctran import __version__
from sklearn_ctran._cli.app import COMMANDS, run


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_the_common_options(cli, name):
    shown = cli(name, "--help")
    assert shown.exit_code == 0
    module = import_module(f"sklearn_ctran._cli.commands.{name.replace('-', '_')}")
    assert module.EXAMPLE in shown.stdout
    assert module.EXAMPLE.startswith(f"sklearn-ctran {name}")
    for option in ("--json", "--quiet", "--debug"):
        assert option in shown.stdout


def test_help_lists_all_commands(cli):
    shown = cli("--help").stdout
    listed = [line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line]
    assert listed == list(COMMANDS)


def test_an_unknown_command_is_wrong_usage(cli):
    shown = cli("doctr")
    assert shown.exit_code == 2
    assert "Did you mean 'doctor'?" in shown.stderr


def test_version(cli):
    assert cli("--version").stdout == f"sklearn-ctran {__version__}\n"


def test_run_returns_the_exit_code(capsys):
    assert run(["--version"]) == 0
    assert run(["doctor", "--no-such-option"]) == 2


def test_help_imports_nothing_large():
    """In a process of its own: what commands need is imported when they run."""
    code = (
        "import sys; from sklearn_ctran._cli.app import run; run(['--help'])\n"
        "print(*{'numpy', 'torch', 'sklearn', 'pandas', 'PIL'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "Commands:" in done.stdout
    assert done.stderr == "\n"


@pytest.mark.parametrize(
    ("is_watched", "options", "has_bar"),
    [(True, [], True), (True, ["--quiet"], False), (False, [], False)],
)
def test_progress_is_for_terminals(
    photos, tmp_path, monkeypatch, capsys, is_watched, options, has_bar
):
    """On standard error; the result is on standard output either way."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_watched, raising=False)
    paths, _ = photos
    cache = ["--cache", str(tmp_path / "tokens")]
    small = ["--backbone", "small", "--image-size", "16"]
    assert run(["encode", *paths, *cache, *small, *options]) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith("has the tokens of 30 of 30 images.\n")
    assert ("image tokens" in printed.err) is has_bar
