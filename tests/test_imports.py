"""What the package imports at run time. The order of its parts is checked by ``make lint``."""

import subprocess
import sys
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
