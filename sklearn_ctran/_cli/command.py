"""From a function to a command of typer: options that all commands have, and groups of options.

A group of options is a frozen dataclass, each field of which is an option. A command takes one as a
parameter.
"""

import contextlib
import inspect
import sys
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated

import typer

from sklearn_ctran._cli.errors import reported
from sklearn_ctran._cli.output import Console


@dataclass(frozen=True)
class Common:
    """The options of every command."""

    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress: results, warnings, errors only.")
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False


def as_command(run):
    """The function ``run(console, ...)`` of a command as typer calls it.

    It prints the Result that `run` returns, and reports errors.
    """
    _, *own = inspect.signature(run).parameters.values()
    groups = {part.name: part.annotation for part in own if is_dataclass(part.annotation)}

    def command(**options):
        names = set(options)
        common = _taken(Common, options)
        made = {name: _taken(kind, options) for name, kind in groups.items()}
        with reported(common.debug, names):
            console = Console(common.quiet, common.as_json)
            # Libraries print what is no result, such as where they download from.
            with contextlib.redirect_stdout(sys.stderr):
                result = run(console, **options, **made)
                sys.stdout.flush()
            console.show(result)

    parameters = [
        option
        for part in own
        for option in (_options_of(part.annotation) if part.name in groups else [part])
    ]
    parameters = [
        part.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for part in [*parameters, *_options_of(Common)]
    ]
    command.__signature__ = inspect.Signature(parameters)
    command.__annotations__ = {part.name: part.annotation for part in parameters}
    command.__doc__ = run.__doc__
    return command


def _options_of(group):
    """The fields of a group as parameters of a function."""
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=field.type,
        )
        for field in fields(group)
    ]


def _taken(group, options):
    """A group of its fields among `options`, a dict, which loses them."""
    return group(**{field.name: options.pop(field.name) for field in fields(group)})
