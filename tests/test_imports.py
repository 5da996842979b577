"""What the package imports at run time. The order of its parts is checked by ``make lint``."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sklearn_ctran

PACKAGE = Path(sklearn_ctran.__file__).parent

#: Imports each module of sklearn_ctran, or of one of its packages.
IMPORT_ALL = """
import importlib, pkgutil
def import_all(name):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
"""


def run(code):
    """Run `code` in a new process; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def without_optional_packages():
    # None in sys.modules makes an import fail. scikit-learn imports pandas wherever it is
    # installed, so that looking for pandas in sys.modules afterwards would prove nothing.
    hidden = 'import sys; sys.modules.update(dict.fromkeys(["pandas", "matplotlib", "simplejpeg"]))'
    return run(f'{hidden}\n{IMPORT_ALL}\nimport_all("sklearn_ctran"); print(*sys.modules)').split()


def test_all_modules_import_without_optional_packages(without_optional_packages):
    assert "sklearn_ctran.metrics._report" in without_optional_packages


def test_no_test_tool_is_imported(without_optional_packages):
    assert not {"pytest", "hypothesis", "torchmetrics"} & set(without_optional_packages)


def test_modules_do_not_import_scikit_learn():
    """The networks can be copied out of this package and used with torch alone."""
    # Importing sklearn_ctran itself would import scikit-learn: an empty package stands in for it.
    stand_in = f"""
import sys, types
sys.modules["sklearn_ctran"] = package = types.ModuleType("sklearn_ctran")
package.__path__ = [{str(PACKAGE)!r}]
"""
    names = run(f'{stand_in}{IMPORT_ALL}\nimport_all("sklearn_ctran.modules"); print(*sys.modules)')
    assert "sklearn_ctran.modules.ctran" in names.split()
    assert not {"sklearn", "skorch", "joblib"} & set(names.split())


@pytest.mark.parametrize(
    ("code", "needless"),
    [
        ("import sklearn_ctran", {"sklearn", "torch", "skorch", "torchvision", "pandas", "PIL"}),
        ("from sklearn_ctran.metrics import mean_average_precision", {"torch", "skorch", "PIL"}),
        ("from sklearn_ctran.datasets import make_digit_scenes", {"torch", "skorch", "PIL"}),
        ("from sklearn_ctran.model_selection import TunedThresholds", {"skorch", "torchvision"}),
        ("from sklearn_ctran.inspection import label_effects", {"skorch", "torchvision"}),
        ("from sklearn_ctran import CTranClassifier, compare", {"torchvision", "matplotlib"}),
        ("from sklearn_ctran.baselines import *", {"torchvision", "matplotlib"}),
    ],
)
def test_nothing_is_imported_before_it_is_needed(code, needless):
    """Also that each public package can be the first that is imported."""
    # Only what scikit-learn and torch do not import by themselves.
    names = run(f"import sys\n{code}\nprint(*sys.modules)").split()
    assert not needless & set(names)


def test_public_names_are_imported_when_they_are_used():
    """The module has all names: for completion, for stars, and to read them as an attribute."""
    code = """
import sklearn_ctran
assert {*sklearn_ctran.__all__, "metrics", "__version__"} <= set(dir(sklearn_ctran))
print([name for name in sklearn_ctran.__all__ if name in vars(sklearn_ctran)])
print([getattr(sklearn_ctran, name).__name__ for name in sklearn_ctran.__all__])
print(sklearn_ctran.baselines.BinaryRelevance.__name__, sklearn_ctran.recipes.__name__)
from sklearn_ctran import *
assert CTranClassifier is sklearn_ctran.CTranClassifier
"""
    assert run(code).splitlines() == [
        "[]",
        str(sklearn_ctran.__all__),
        "BinaryRelevance sklearn_ctran.recipes",
    ]


def test_a_name_that_is_not_public():
    with pytest.raises(AttributeError, match="'sklearn_ctran' has no attribute 'CTran'"):
        _ = sklearn_ctran.CTran
    assert not hasattr(sklearn_ctran, "__wrapped__")
    with pytest.raises(ImportError, match="cannot import name 'CTran'"):
        exec("from sklearn_ctran import CTran")


def test_type_checkers_see_what_is_imported():
    """They read the imports that are never run."""
    (block,) = (
        node
        for node in ast.parse(Path(sklearn_ctran.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name)
    )
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert sorted(seen) == sorted(sklearn_ctran.__all__)
    for name, module in seen.items():
        assert getattr(import_module(module), name) is getattr(sklearn_ctran, name)


def test_threads_may_be_the_first_to_use_the_names():
    """Python lets threads that import different modules at once see half of numpy."""
    code = """
from concurrent.futures import ThreadPoolExecutor
import sklearn_ctran
names = [*sklearn_ctran.__all__, "metrics", "baselines"]
with ThreadPoolExecutor(8) as pool:
    print(len(set(pool.map(lambda name: id(getattr(sklearn_ctran, name)), names * 3))))
"""
    assert run(code).split() == [str(len(sklearn_ctran.__all__) + 2)]


def test_no_module_imports_a_name_from_the_package_itself():
    """It would wait for ever for a thread that imports this module and waits for it."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.module == "sklearn_ctran"), path
