"""The package keeps its shape: few modules at the top, and classes that define what they read."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from pathlib import Path

import pytest
from skorch import NeuralNet
from torch import nn

import sklearn_ctran

ROOT = Path(sklearn_ctran.__file__).parent
TESTS = Path(__file__).parent


def all_classes():
    """Every class of the package, by name, but those to which torch and skorch add attributes."""
    classes = {}
    for module in pkgutil.walk_packages(sklearn_ctran.__path__, "sklearn_ctran."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            is_own = kind.__module__.startswith("sklearn_ctran.")
            if is_own and not issubclass(kind, (nn.Module, NeuralNet)):
                classes[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return classes


def attributes_of_self(kind):
    """Names that a class reads, and names that it assigns, as ``self.name`` in its own code."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError):  # built in
        return set(), set()
    read, assigned = set(), set()
    for node in ast.walk(tree):
        is_attribute = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if is_attribute and node.value.id == "self":
            (read if isinstance(node.ctx, ast.Load) else assigned).add(node.attr)
    return read, assigned


def known_names(kind):
    """Names that a class and its bases define, declare or assign."""
    names = set(dir(kind))
    for base in kind.__mro__:
        names |= set(base.__dict__.get("__annotations__", ())) | attributes_of_self(base)[1]
    return names


CLASSES = all_classes()
SOURCES = [path.relative_to(ROOT) for path in ROOT.rglob("*.py") if path.name != "__init__.py"]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_class_reads_only_what_it_or_a_base_defines(name):
    """A mixin declares what it expects of the classes that use it."""
    read, _ = attributes_of_self(CLASSES[name])
    assert sorted(read - known_names(CLASSES[name])) == []


def test_finds_what_nobody_defines():
    class Mixin:
        declared: int

        def use(self):
            return self.declared, self.forgotten

    read, _ = attributes_of_self(Mixin)
    assert read - known_names(Mixin) == {"forgotten"}


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_source_file_is_tested(source):
    """Its test file has its name, or a test file of its folder names it."""
    folder = TESTS.joinpath(*(part.lstrip("_") for part in source.parts[:-1]))
    name = source.stem.lstrip("_")
    own = [*folder.glob(f"test_{name}.py"), *folder.glob(f"test_{name}_*.py")]
    named = [path for path in folder.glob("*.py") if source.name in path.read_text("utf-8")]
    at_top = (TESTS / f"test_{name}.py").exists()
    is_folder = len(source.parts) == 1 and (folder / name).is_dir()
    assert own or named or at_top or is_folder


def test_at_most_three_private_modules_at_the_top():
    assert len(list(ROOT.glob("_[a-z]*.py"))) <= 3
