"""Keys of the tasks of compare: data and sources that make another task."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.dummy import DummyClassifier

import sklearn_ctran
from sklearn_ctran._compare import keys
from sklearn_ctran._compare.arguments import read_samples
from sklearn_ctran._compare.folds import Fold
from sklearn_ctran._compare.keys import describe_data
from sklearn_ctran._compare.tasks import Evaluation, Task
from sklearn_ctran.metrics import mean_average_precision


def test_images_count_by_what_they_are(tmp_path):
    y = np.array([[0, 1], [1, 0]])
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    for path in paths:
        Image.new("L", (4, 4), 7).save(path)

    def describe(X, y=y, extra=None):
        return describe_data(read_samples(X, y, extra))

    before = describe(paths)
    assert describe(list(paths)) == before
    assert describe(paths[::-1]) != before != describe(paths, pd.DataFrame(y, columns=["a", "b"]))
    assert describe(paths, extra={"a": [0, 1]}) != describe(paths, extra={"b": [0, 1]}) != before
    os.utime(paths[1], (1, 1))
    assert describe(paths) != before
    pictures = [Image.open(path) for path in paths]
    assert describe(pictures) == describe([picture.copy() for picture in pictures])
    assert describe(pictures) != describe([pictures[0], Image.new("L", (4, 4), 8)])
    data = [Path(path).read_bytes() for path in paths]
    assert describe(data) != describe([data[0], data[1][:-1]])
    records = [{"bytes": None, "path": path} for path in paths]
    before = describe(records)
    os.utime(paths[1], (2, 2))
    assert describe(records) != before
    array = np.zeros((4, 4, 3), dtype=np.uint8)
    assert describe([array, array]) == describe([array, array.copy()])
    assert describe(np.zeros((2, 3))) != describe(np.eye(2, 3))
    assert describe(["no file", "b"]) != describe(["no file", "c"])


def key():
    """The key of a task, computed as a new process would."""
    keys._versions.cache_clear()
    y = np.array([[0, 1], [1, 0]])
    task = Task("a", DummyClassifier(), Fold(0, 0, np.array([0]), np.array([1])), False)
    evaluation = Evaluation([0.0], [None], {"mAP": mean_average_precision}, 1)
    return keys.task_keys([task], read_samples(y, y, None), evaluation)[0]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the package, whose sources count."""
    package = tmp_path / "sklearn_ctran"
    shutil.copytree(keys._PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(keys, "_PACKAGE", package)
    yield package
    keys._versions.cache_clear()


def test_the_whole_package_counts(copied):
    before = key()
    assert before == key() and len(before) == 40
    seen = {before}
    for folder in (copied, *(path.parent for path in copied.glob("*/__init__.py"))):
        with open(min(folder.glob("*.py")), "a") as file:
            file.write("# changed\n")
        assert key() not in seen
        seen.add(key())


def test_the_place_of_a_source_counts(copied):
    before = key()
    (copied / "modules" / "heads.py").rename(copied / "modules" / "heads_.py")
    assert key() != before


def test_the_package_s_own_folder_is_counted():
    assert Path(sklearn_ctran.__file__).parent == keys._PACKAGE
