"""Tables of labels and their paths, as the writers read them (targets.py, paths.py)."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_ctran.datasets._formats.paths import inside, read_image_paths, relative
from sklearn_ctran.datasets._formats.targets import read_target


def test_targets():
    target = read_target(pd.DataFrame({"cat": [1, -1], 3: [0, None]}, index=["a", "b"]))
    assert (target.paths, target.names) == (["a", "b"], ["cat", "3"])
    np.testing.assert_array_equal(target.states, [[1, 0], [-1, -1]])
    assert read_target(pl.DataFrame({"cat": [1]}), images=["x"]).paths == ["x"]
    with pytest.raises(TypeError, match="target must be a data frame"):
        read_target([[1]])
    with pytest.raises(ValueError, match="row 0, label 'cat' holds 0.5"):
        read_target(pd.DataFrame({"cat": [0.5]}))


def test_paths(tmp_path):
    frame = pd.DataFrame({"cat": [1]}, index=[tmp_path / "x" / "a.jpg"])
    assert read_image_paths(frame, None, 1) == [str(tmp_path / "x" / "a.jpg")]
    assert read_image_paths(frame, None, 1, tmp_path) == ["x/a.jpg"]
    assert relative(tmp_path / "a.jpg", tmp_path / "x") == "../a.jpg"
    assert inside(tmp_path / "x" / "a.jpg", tmp_path, "root") == "x/a.jpg"
    with pytest.raises(ValueError, match="is not in the folder root="):
        inside(tmp_path / "a.jpg", tmp_path / "x", "root")
    with pytest.raises(ValueError, match="There are 2 images, but the frame has 1 rows"):
        read_image_paths(frame, ["a", "b"], 1)
