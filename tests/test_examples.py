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


def test_the_most_used_classes_have_examples():
    names = {example.name.rpartition(".")[2] for example in EXAMPLES}
    assert {"CTranClassifier", "ImageTokens", "make_digit_scenes"} <= names
