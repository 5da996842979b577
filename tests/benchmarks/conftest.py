"""The tests import the benchmarks as these import one another: by the name of the script."""

import sys
from pathlib import Path

import pytest

FOLDERS = [str(Path(__file__).parents[2] / "benchmarks" / name) for name in ("speed", ".")]


@pytest.fixture(scope="module", autouse=True)
def scripts():
    sys.path[:0] = FOLDERS
    yield
    for folder in FOLDERS:
        sys.path.remove(folder)
