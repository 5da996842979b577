"""The ``>>>`` examples of all docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import sklearn_ctran

EXAMPLES = [
    example
    for module in pkgutil.walk_packages(sklearn_ctran.__path__, "sklearn_ctran.")
    for example in doctest.DocTestFinder(exclude_empty=True).find(
        importlib.import_module(module.name)
    )
    if example.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whatever an example writes
    report = []
    failed, _ = doctest.DocTestRunner().run(example, out=report.append)
    assert not failed, "".join(report)


PACKAGES = ("", ".baselines", ".datasets", ".inspection", ".metrics", ".model_selection")
PUBLIC = [
    (f"sklearn_ctran{package}", name)
    for package in PACKAGES
    for name in importlib.import_module(f"sklearn_ctran{package}").__all__
]


@pytest.mark.parametrize(("module", "name"), PUBLIC, ids=".".join)
def test_every_public_name_has_an_example_that_runs(module, name):
    """Examples that are skipped do not count."""
    value = getattr(importlib.import_module(module), name)
    found = doctest.DocTestParser().get_examples(value.__doc__)
    assert any(not each.options.get(doctest.SKIP) for each in found)


def test_the_recipes_have_an_example():
    assert "sklearn_ctran.recipes" in {example.name for example in EXAMPLES}
