"""Command lines in the documentation are understood: their commands and options exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from sklearn_ctran._cli.app import COMMANDS, app

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "command_line.rst"


def lines_of(page):
    """The command lines in blocks of a page; a backslash at the end joins two."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^    (sklearn-ctran .*?)\s*(?:#.*)?$", text, re.MULTILINE)


@pytest.mark.parametrize(
    "line", [line for page in (GUIDE, ROOT / "README.rst") for line in lines_of(page)]
)
def test_command_line(line):
    _, name, *arguments = shlex.split(line)
    group = typer.main.get_command(app)
    command = group.commands[name]
    with command.make_context(name, arguments):  # It is parsed, and not run.
        pass


def test_the_guide_has_every_command():
    text = GUIDE.read_text(encoding="utf-8")
    assert lines_of(GUIDE) and lines_of(ROOT / "README.rst")
    for name in COMMANDS:
        assert f"``{name}``" in text


def test_options_that_the_guide_names_exist(cli):
    named = set(re.findall(r"--[a-z][a-z-]+", GUIDE.read_text(encoding="utf-8")))
    shown = "".join(cli(name, "--help").stdout for name in COMMANDS)
    assert named <= set(re.findall(r"--[a-z][a-z-]+", shown))
