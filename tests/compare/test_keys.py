"""What of the data makes a finished task of compare another one."""

import os

import numpy as np
import pandas as pd
from PIL import Image

from sklearn_ctran._compare.arguments import read_samples
from sklearn_ctran._compare.keys import describe_data


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
    array = np.zeros((4, 4, 3), dtype=np.uint8)
    assert describe([array, array]) == describe([array, array.copy()])
    assert describe(np.zeros((2, 3))) != describe(np.eye(2, 3))
    assert describe(["no file", "b"]) != describe(["no file", "c"])
