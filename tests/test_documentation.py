"""Every block of Python in the documentation runs as it is, alone, on data that it makes itself.

A block that cannot run here has ``.. not run: reason`` above it.
"""

import re
import textwrap
from pathlib import Path

import pytest
from sklearn import config_context

ROOT = Path(__file__).parents[1]
#: Folders of pages that Sphinx writes.
GENERATED = {"_build", "generated", "gallery"}
PAGES = [
    ROOT / "README.rst",
    *sorted(
        path
        for path in (ROOT / "docs").rglob("*.rst")
        if not GENERATED & set(path.relative_to(ROOT / "docs").parts)
    ),
]
BLOCK = re.compile(
    r"(?:^\.\. not run: (?P<reason>\S.*(?:\n   .*)*)\n\n)?"
    r"^\.\. code-block:: python\n\n(?P<code>(?:(?:    .*)?\n)+)",
    re.MULTILINE,
)
#: What follows ``::``, and looks like a program.
UNTOLD = re.compile(r"::\n\n    (?:>>> |from |import |model = )")
MOST_WORDS = 1500


def blocks_of(page):
    """Pairs of a block, with the line numbers of its page, and the reason not to run it or None."""
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text + "\n"):
        line = text.count("\n", 0, found.start("code"))
        yield line, textwrap.dedent(found["code"]), found["reason"]


BLOCKS = [
    pytest.param(page, line, code, id=f"{page.relative_to(ROOT)}:{line}")
    for page in PAGES
    for line, code, reason in blocks_of(page)
    if reason is None
]


@pytest.mark.parametrize(("page", "line", "code"), BLOCKS)
def test_block(page, line, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)  # Whatever a block writes.
    monkeypatch.setenv("MPLBACKEND", "agg")
    program = compile("\n" * line + code, page, "exec")  # Errors name the line of the page.
    with config_context():
        exec(program, {"__name__": "__main__"})
    assert not capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_is_in_blocks_that_run(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("code-block:: python") == len(list(blocks_of(page)))
    assert not [found[0] for found in UNTOLD.finditer(text) if "code-block" not in found[0]]


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "guide").glob("*.rst")), ids=lambda page: page.stem
)
def test_guides_are_short(page):
    assert len(page.read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_a_block_and_a_reason_are_found(tmp_path):
    page = tmp_path / "page.rst"
    code = ".. code-block:: python\n\n    a = 1\n\n    b = 2\n\nText\n"
    page.write_text(f"{code}\n.. not run: it waits\n   for ever\n\n{code}", encoding="utf-8")
    (line, first, none), (_, second, reason) = blocks_of(page)
    assert first.split() == second.split() == ["a", "=", "1", "b", "=", "2"]
    assert (line, none, reason) == (2, None, "it waits\n   for ever")
