"""The gallery of the documentation; the build of the documentation runs its examples."""

import ast
from itertools import takewhile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "examples"
EXAMPLES = sorted(FOLDER.glob("plot_*.py"))


def test_there_are_enough_examples():
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_a_title_and_text_and_compiles(path):
    source = path.read_text("utf-8")
    compile(source, path.name, "exec")
    title, line, *text = ast.get_docstring(ast.parse(source)).splitlines()
    assert title and line == "=" * len(title) and any(text)


def test_five_examples_run_on_photos_too():
    on_photos = [path for path in EXAMPLES if "from corel5k import" in path.read_text("utf-8")]
    assert len(on_photos) >= 5


def test_every_example_has_its_place_on_the_page():
    conf = ast.parse((FOLDER.parent / "conf.py").read_text("utf-8"))
    (places,) = [
        ast.literal_eval(node.value)
        for node in conf.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "EXAMPLES"
    ]
    assert sorted(places) == [path.stem.removeprefix("plot_") for path in EXAMPLES]


def test_the_code_of_the_landing_page_runs():
    lines = (FOLDER.parent / "index.rst").read_text("utf-8").splitlines()
    first = lines.index(".. code-block:: python") + 1
    code = takewhile(lambda line: not line or line.startswith("    "), lines[first:])
    names = {}
    exec("\n".join(line.removeprefix("    ") for line in code), names)
    assert names["model"].n_labels_ == 10
