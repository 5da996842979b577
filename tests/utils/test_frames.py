import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._utils.frames import Table, import_pandas, like, plain, to_frame


def test_to_frame_has_the_given_axes():
    frame = to_frame(np.array([[1, 2], [3, 4]]), index=["a", "b"], columns=["c", "d"])
    expected = pd.DataFrame({"c": [1, 3], "d": [2, 4]}, index=["a", "b"])
    pd.testing.assert_frame_equal(frame, expected)
    assert import_pandas() is pd


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[pandas\]'.*attributes"):
        to_frame({"a": [1]})


COLUMNS = {
    "whole": [1, 0, 1],
    "gaps": [1, None, 0],
    "truth": [True, None, False],
    "real": [0.5, None, 2.0],
    "text": ["a", None, "b"],
}
EXPECTED = {
    "whole": [1, 0, 1],
    "gaps": [1.0, np.nan, 0.0],
    "truth": [True, None, False],
    "real": [0.5, np.nan, 2.0],
    "text": ["a", None, "b"],
}


def frames():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    table = pa.table(COLUMNS)
    return (
        pl.DataFrame(COLUMNS),
        table,
        pa.concat_tables([table[:1], table[1:]]),
        (pa.RecordBatch.from_pydict(COLUMNS)),
    )


def test_frames_of_other_packages_become_tables():
    for frame in frames():
        table = plain(frame)
        assert table.columns == list(table) == list(COLUMNS)
        assert table.shape == (3, 5) and len(table) == 3 and table.ndim == 2
        for name, values in EXPECTED.items():
            np.testing.assert_array_equal(table[name], np.array(values))
            np.testing.assert_array_equal(plain(frame[name]), np.array(values))
        assert np.asarray(table).dtype == object


def test_texts_by_dictionary_keep_their_gaps():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    texts = pa.array(COLUMNS["text"]).dictionary_encode()
    for column in (
        texts,
        pa.chunked_array([texts]),
        pl.Series(COLUMNS["text"], dtype=pl.Enum("ab")),
    ):
        assert plain(column).tolist() == COLUMNS["text"]


def test_structs_are_dicts():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    items = [{"bytes": b"x", "path": None}, {"bytes": b"y", "path": "y"}]
    for column in (pl.Series(items), pa.array(items), pa.chunked_array([items])):
        assert plain(column).tolist() == items


def test_a_lazy_frame_is_refused():
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"y is a LazyFrame, not computed yet: call its collect"):
        plain(pl.LazyFrame(COLUMNS), "y")


@pytest.mark.parametrize("data", [None, [1], {"a": 1}, np.zeros(2), pd.DataFrame({"a": [1]})])
def test_all_else_stays(data):
    assert plain(data) is data
    assert like([[0]], data) is data


def test_a_table_as_an_array():
    table = Table(["a", "b"], [np.array([1, 2]), np.array([0.5, np.nan])])
    np.testing.assert_array_equal(np.asarray(table), [[1, 0.5], [2, np.nan]])
    assert np.asarray(table, dtype=np.float32).dtype == np.float32
    assert np.asarray(Table([], [])).shape == (0, 0)


def test_values_like_a_frame():
    values = np.array([[1.0, 0.0], [0.5, np.nan]])
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["x", "y"])
    pd.testing.assert_frame_equal(
        like(frame, values), pd.DataFrame(values, index=["x", "y"], columns=["a", "b"])
    )
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    for other in (pl.DataFrame({"a": [1, 2], "b": [3, 4]}), pa.table({"a": [1, 2], "b": [3, 4]})):
        made = like(other, values)
        assert type(made) is type(other)
        assert plain(made).columns == ["a", "b"]
        np.testing.assert_array_equal(np.asarray(plain(made)), values)
