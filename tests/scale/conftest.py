"""The parameters of a backbone's pass over images, and what it has seen."""

import pytest
from small_models import Counting

from sklearn_ctran._scale import encoding


@pytest.fixture
def log(tmp_path):
    """The file in which the backbone notes how many images it sees."""
    return tmp_path / "log"


@pytest.fixture
def settings(tmp_path, log, monkeypatch):
    """The parameters of a pass in parts of four images."""
    monkeypatch.setattr(encoding, "_PART", 4)
    return {
        "backbone": Counting(str(log)),
        "image_size": 12,
        "batch_size": 2,
        "cache": str(tmp_path / "cache"),
        "device": "cpu",
    }
