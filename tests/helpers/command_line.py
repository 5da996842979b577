"""Command lines in this process."""

import inspect

from typer.testing import CliRunner

#: click before 8.2 mixes standard error into standard output unless it is told not to.
_SEPARATE = {"mix_stderr": False}
_KNOWN = inspect.signature(CliRunner).parameters


def invoke(app, arguments, **options):
    """What typer makes of a command line: exit_code, stdout, stderr."""
    settings = _SEPARATE if _SEPARATE.keys() <= _KNOWN.keys() else {}
    return CliRunner(**settings).invoke(app, list(map(str, arguments)), **options)
