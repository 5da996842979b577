"""Rows of several arguments are in one order, or it is said."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._images.tokens import EncodedImages, Tokens
from sklearn_ctran._utils.rows import check_rows, names_of_rows

NAMES = ["b.jpg", "a.jpg", "c.jpg"]


def frame(index, **kwargs):
    return pd.DataFrame({"value": range(len(index))}, index=index, **kwargs)


def encoded(rows):
    given = {"index": rows.index} if hasattr(rows, "index") and hasattr(rows, "columns") else {}
    return EncodedImages(Tokens(np.zeros((len(rows), 1, 2))), (), None, given)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (frame(NAMES), frame(NAMES)),
        (frame(NAMES), frame(pd.CategoricalIndex(NAMES))),
        (frame(NAMES), frame(pd.Index(NAMES, dtype=object))),
        (frame([7, 3, 5]), frame([7.0, 3.0, 5.0])["value"]),
        (frame([0.5, np.nan]), frame([0.5, np.nan])),
        (frame(pd.Index(["b", pd.NA])), frame(pd.Index(["b", None], dtype=object))),
        (frame(pd.Index([[2], [1]], dtype=object)), frame(pd.Index([[2], [1]], dtype=object))),
        (frame([2, 0, 1]), frame([2, 0, 1])),
        (frame([("a", 1), ("a", 2)]), frame([("a", 1), ("a", 2)])),
        (frame([0, 1, 2]), frame(range(3))),
        # One that has no names, or only those that pandas made.
        (frame(range(3)), frame([2, 0, 1])),
        (frame(range(3)), frame(NAMES)),
        (np.zeros((3, 2)), frame([2, 0, 1])),
        ([[0.0], [1.0], [2.0]], frame([2, 0, 1])),
        (["x", "y", "z"], frame([2, 0, 1])),
        (frame([2, 0, 1]), None),
        (None, frame([2, 0, 1])),
        (encoded(np.zeros((3, 1))), frame([2, 0, 1])),
        (encoded(frame(NAMES))[1], frame(["a.jpg"])),
        (frame([2, 0]).assign(row_names=0), frame([2, 0])),
        # Some rows of a table that had the default index.
        (frame([0, 2, 5]), frame(NAMES)),
        (frame([7, 2, 5]), frame([1, 3, 4])),
        # Other numbers of rows have an error of their own.
        (frame([2, 0, 1]), frame([0, 1])),
        (frame([]), frame([])),
        # Paths in the same order.
        (NAMES, frame(["b", "a", "c"])),
        ([f"train/{name}" for name in NAMES], frame(NAMES)),
        (np.array([Path("train") / name for name in NAMES]), frame(NAMES)),
        (pd.Series([f"train/{name}" for name in NAMES], index=[5, 3, 9]), frame(NAMES)),
        (pd.DataFrame({"path": NAMES}, index=["x", "y", "z"]), frame(NAMES)),
        ([b"b.jpg", b"a.jpg", b"c.jpg"], frame(NAMES)),
        (["x/12.jpg", "x/7.jpg"], frame([12, 7])),
        (["x/012.jpg", "x/7.jpg"], frame([10, 11])),
        # Numbers of files that may be positions of rows.
        (["x/0.jpg", "x/1.jpg", "x/10.jpg"], frame([2, 0, 1])),
        (["x/0.jpg", "x/1.jpg", "x/2.jpg"], frame([2, 0, 1])),
        # An index of paths in folders.
        (NAMES, frame([f"photos/{name}" for name in NAMES])),
        ([f"x/{name}" for name in NAMES], frame([Path("y") / name for name in NAMES])),
        (["a/1.jpg", "b/1.jpg"], frame(["c/1.jpg", "d/1.jpg"])),
        # Other names than the paths' have nothing to do with these.
        (NAMES, frame(["first", "second", "third"])),
    ],
)
def test_nothing_is_said(X, y):
    check_rows(X=X, y=y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (
            frame(NAMES),
            frame(sorted(NAMES)),
            r"row 0 is 'b.jpg' in X and 'a.jpg' in y.*loc\[X.index",
        ),
        (frame([0, 1, 2]), frame([0, 2, 1]), "row 1 is 1 in X and 2 in y"),
        (frame(["a", "a", "b"]), frame(["a", "b", "a"]), "row 1 is 'a' in X and 'b' in y"),
        (frame(pd.to_datetime(["2020-01-02", "2020-01-01"])),) * 1
        + (frame(pd.to_datetime(["2020-01-01", "2020-01-02"])), "row 0 is Timestamp"),
        (frame([np.nan, 0.5]), frame([0.5, np.nan]), "row 0 is None in X and 0.5 in y"),
        (frame([("a", 1), ("b", 2)]), frame([("b", 2), ("a", 1)]), r"\('a', 1\) in X"),
        (NAMES, frame(sorted(NAMES)), r"'b.jpg' in X.*the path of each row of X"),
        ([f"x/{n}" for n in NAMES], frame(sorted(NAMES)), "the file of each row of X"),
        ([Path(f"x/{n}") for n in NAMES], frame(["a", "b", "c"]), "the stem of each row of X"),
        (pd.Series(NAMES, index=[3, 5, 9]), frame(sorted(NAMES)), "the path of each row"),
        (["x/012.jpg", "x/7.jpg"], frame([7, 12]), r"row 0 is 12 in X and 7 in y.*the number of"),
        (
            [f"x/{n}" for n in NAMES],
            frame([f"y/{n}" for n in sorted(NAMES)]),
            "'b.jpg' in X and 'a.jpg' in y.*the file of each entry of y.index",
        ),
        (
            [f"x/{n}" for n in NAMES],
            frame([Path(f"y/{n}.png") for n in "abc"]),
            "'b' in X and 'a' in y.*the stem of each entry of y.index",
        ),
        (["a/1.jpg", "b/1.jpg"], frame(["b/1.jpg", "a/1.jpg"]), "row 0 is 'a/1.jpg' in X"),
        (encoded(frame(NAMES)), frame(sorted(NAMES)), "'b.jpg' in X"),
        (encoded(frame(NAMES))[[1, 0]], frame(["b.jpg", "a.jpg"]), "row 0 is 'a.jpg' in X"),
        (encoded(frame([("a", 1), ("b", 2)]))[[0, 1]], frame([("b", 2), ("a", 1)]), "row 0"),
        (encoded(frame(NAMES))[1:], frame(["c.jpg", "a.jpg"]), "row 0 is 'a.jpg' in X"),
        (encoded(frame(NAMES))[np.array([True, True, False])], frame(["a.jpg", "b.jpg"]), "row 0"),
    ],
)
def test_another_order_is_an_error(X, y, message):
    with pytest.raises(
        ValueError, match="X and y have the same rows in different orders.*" + message
    ):
        check_rows(X=X, y=y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (frame(["a", "b"]), frame(["a", "c"]), "row 1 is 'b' in X and 'c' in y"),
        (frame([4, 2, 7]), frame([3, 2, 7]), "row 0 is 4 in X and 3 in y"),
        (frame([7, 6, 5]), frame([3, 2, 1]), "row 0 is 7 in X and 3 in y"),
        (frame([2, 0, 1]), frame(NAMES), "row 0 is 2 in X and 'b.jpg' in y"),
        (frame(["a", "a", "b"]), frame(["a", "b", "b"]), "row 1"),
    ],
)
def test_other_rows_are_a_warning(X, y, message):
    with pytest.warns(UserWarning, match=f"indexes of X and y differ.*{message}") as caught:
        check_rows(X=X, y=y)
    assert len(caught) == 1


def test_any_two_arguments_are_compared():
    y, known = frame([3, 5, 9]), frame([9, 5, 3])
    with pytest.raises(ValueError, match="y and known_labels have the same rows"):
        check_rows(X=np.zeros((3, 2)), y=y, known_labels=known, sample_weight=None)
    with pytest.raises(ValueError, match="y and sample_weight"):
        check_rows(X=frame(["p", "q", "r"]), y=y, sample_weight=known["value"])


def test_each_column_of_a_dict_is_compared():
    columns = {"cat": 1, "dog": [0, 1, 0], "cow": pd.Series([1, 0, 1], index=sorted(NAMES))}
    check_rows(X=frame(sorted(NAMES)), known_labels=columns)
    with pytest.raises(ValueError, match=r"X and known_labels\['cow'\] have the same rows"):
        check_rows(X=frame(NAMES), known_labels=columns)


def test_an_error_comes_before_a_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="y and known_labels"):
            check_rows(X=frame(["p", "q"]), y=frame(["a", "b"]), known_labels=frame(["b", "a"]))
    assert caught == []


def test_encoded_images_keep_the_paths_of_images():
    names = {"path": NAMES}
    images = EncodedImages(Tokens(np.zeros((3, 1, 2))), (), None, names)
    check_rows(X=images[[2, 0]], y=frame(["c.jpg", "b.jpg"]))
    with pytest.raises(ValueError, match="row 0 is 'c.jpg' in X and 'b.jpg' in y"):
        check_rows(X=images[[2, 0]], y=frame(["b.jpg", "c.jpg"]))


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ((["b/1.png", Path("a/2.png")],), ["b/1.png", "a/2.png"]),
        ((pd.Series(["1.png", "2.png"], index=["x", "y"]),), ["1.png", "2.png"]),
        ((np.zeros((2, 3)), pd.DataFrame([[1], [0]], index=["x", "y"])), ["x", "y"]),
        ((np.zeros((2, 3)), None, {"a": 1}, pd.Series([1, 0], index=[7, 5])), [7, 5]),
        ((["1.png", "2.png"], pd.Series([1, 0], index=["x", "y"])), ["1.png", "2.png"]),
        ((np.zeros((2, 3)), pd.DataFrame([[1], [0]])), None),
        ((np.zeros((2, 3)), pd.Series(["a", "b"])), None),
    ],
)
def test_rows_of_results_are_called_like_paths_or_an_index(rows, names):
    assert names_of_rows(*rows) == names
