"""Settings and fixtures for all tests."""

import os
from pathlib import Path

import pytest

# One thread per process, set before numpy and torch read it: tests with n_jobs=2 then use two
# threads in all, and small tensors are no slower for it.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared():
    """Folder with reference data that is too large, or not ours, to ship; skip without it."""
    folder = os.environ.get("SKLEARN_CTRAN_SHARED")
    if not folder:
        pytest.skip("SKLEARN_CTRAN_SHARED does not name a folder with reference data")
    return Path(folder)
