"""The command ``sklearn-ctran``: its commands, each imported when it is used."""

import contextlib
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Annotated

import typer
from typer.core import TyperGroup

import sklearn_ctran
from sklearn_ctran._cli.command import as_command

#: The commands, in the order of ``--help``. A new one is a line here, and a module of this name
#: (``_`` for ``-``) in ``commands``. It has a function ``run(console, ...)``, whose other
#: parameters are the command's, whose docstring is its help, and which returns a Result; and
#: ``EXAMPLE``, a command line that a test runs.
COMMANDS = (
    "fit",
    "predict",
    "report",
    "suggest",
    "errors",
    "serve",
    "convert",
    "encode",
    "cache",
    "card",
    "export",
    "doctor",
)

#: Help looks the same on a terminal, in a pipe, and without colours.
_Typer = partial(
    typer.Typer, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False
)


class _Commands(Mapping):
    """Name of a command -> the command, which is imported when it is looked up."""

    def __getitem__(self, name):
        if name not in COMMANDS:
            raise KeyError(name)
        module = import_module(f"sklearn_ctran._cli.commands.{name.replace('-', '_')}")
        single = _Typer()
        epilog = f"\b\nExample:\n  {module.EXAMPLE}"
        single.command(name, epilog=epilog)(as_command(module.run))
        return typer.main.get_command(single)

    def __iter__(self):
        return iter(COMMANDS)

    def __len__(self):
        return len(COMMANDS)


class Group(TyperGroup):
    """A group of commands that are imported when they are used."""

    def __init__(self, **params):
        super().__init__(**params)
        self.commands = _Commands()

    def list_commands(self, ctx):
        """Names of the commands."""
        return list(self.commands)


app = _Typer(
    cls=Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_asked):
    if is_asked:
        print(f"sklearn-ctran {sklearn_ctran.__version__}")
        raise typer.Exit()


@app.callback()
def _all(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Multi-label image classification: from a folder of photos and a table to predictions.

    sklearn-ctran COMMAND --help shows what a command takes, and an example.
    """


def run(arguments=None):
    """Run the command line; return its exit code (see ``errors``)."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not end a command.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(arguments, prog_name="sklearn-ctran")
    except SystemExit as end:
        return end.code
    return 0
