import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._utils.frames import import_pandas, to_frame


def test_to_frame_has_the_given_axes():
    frame = to_frame(np.array([[1, 2], [3, 4]]), index=["a", "b"], columns=["c", "d"])
    expected = pd.DataFrame({"c": [1, 3], "d": [2, 4]}, index=["a", "b"])
    pd.testing.assert_frame_equal(frame, expected)
    assert import_pandas() is pd


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[pandas\]'.*attributes"):
        to_frame({"a": [1]})
