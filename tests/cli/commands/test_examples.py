"""The example in each command's help runs."""

import shlex
from importlib import import_module

import pytest

from sklearn_ctran._cli.app import COMMANDS

#: Commands that wait for others, and do not end.
ENDLESS = {"serve"}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ENDLESS])
def test_example(name, cli, desk, tags, model, small):
    cli("encode", "photos/000.png", "--cache", "tokens", *small)
    module = import_module(f"sklearn_ctran._cli.commands.{name.replace('-', '_')}")
    program, *arguments = shlex.split(module.EXAMPLE)
    assert program == "sklearn-ctran"
    # Nothing can be downloaded here, and the scenes are little.
    if name in ("encode", "fit", "errors"):
        arguments += small
    if name in ("fit", "errors"):
        arguments += ["--max-epochs", "1", "--set", "d_model=16"]
    shown = cli(*arguments)
    assert shown.exit_code == 0, shown.stderr
