"""Functions become commands: with the common options, and with groups of options."""

import warnings
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from command_line import invoke

from sklearn_ctran._cli.command import as_command
from sklearn_ctran._cli.output import Result


@dataclass(frozen=True)
class Fruit:
    """A group."""

    apples: Annotated[int, typer.Option(min=0)]
    pears: Annotated[int, typer.Option("--pears", "-p")] = 2


def run_as_command(function, *arguments):
    """What typer makes of a function and a command line."""
    app = typer.Typer(rich_markup_mode=None)
    app.command()(as_command(function))
    return invoke(app, arguments)


def count(console, name: str, fruit: Fruit, twice: bool = False):
    """Count fruit."""
    n = (fruit.apples + fruit.pears) * (1 + twice)
    return Result(f"{name}: {n}", {"n": n, "quiet": console.is_quiet})


def test_a_group_is_options():
    assert run_as_command(count, "Ann", "--apples", "1").stdout == "Ann: 3\n"
    shown = run_as_command(count, "Ann", "--apples", "1", "-p", "0", "--twice").stdout
    assert shown == "Ann: 2\n"


def test_help():
    shown = run_as_command(count, "--help").stdout
    assert "Count fruit." in shown
    for option in ("--apples", "--pears", "--twice", "--json", "--quiet", "--debug"):
        assert option in shown


@pytest.mark.parametrize(
    "arguments", [[], ["Ann"], ["Ann", "--apples", "-1"], ["Ann", "--apples", "1", "--plums"]]
)
def test_wrong_usage(arguments):
    assert run_as_command(count, *arguments).exit_code == 2


def test_json_and_quiet():
    shown = run_as_command(count, "Ann", "--apples", "1", "--json", "--quiet").stdout
    assert shown == '{\n  "n": 3,\n  "quiet": true\n}\n'


def test_what_libraries_print_is_no_result():
    def chatty(console):
        print("Downloading")
        return Result("done")

    shown = run_as_command(chatty)
    assert (shown.stdout, shown.stderr) == ("done\n", "Downloading\n")


@pytest.mark.filterwarnings("default")
def test_errors_and_warnings_are_reported():
    def broken(console):
        warnings.warn("a photo is black", UserWarning, stacklevel=1)
        raise ValueError("no such label")

    shown = run_as_command(broken)
    assert shown.exit_code == 1
    assert shown.stderr == "warning: a photo is black\nerror: no such label\n"
    assert "Traceback" in run_as_command(broken, "--debug").stderr


def test_errors_name_options():
    def broken(console, batch_size: int = 64):
        raise ValueError("Set batch_size=16 or weights=None.")

    assert run_as_command(broken).stderr == "error: Set --batch-size 16 or weights=None.\n"
