"""Whether `X` holds images, tokens or features."""

import collections
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import sparse

from sklearn_ctran._images import rows
from sklearn_ctran._images.kinds import kind_of

PHOTO = np.zeros((4, 5, 3), dtype=np.uint8)


@pytest.mark.parametrize("takes_tokens", [False, True])
@pytest.mark.parametrize(
    "X",
    [
        ["a.jpg", "b.jpg"],
        (Path("a.jpg"), b"b.jpg"),
        [Image.new("RGB", (2, 2)), "a.jpg"],
        [PHOTO, PHOTO],
        [PHOTO, PHOTO[:2]],
        [np.zeros((3, 2)), np.zeros((2, 2))],  # of different sizes, hence no tokens
        [None, "a.jpg"],
        [[1, 2], [3]],
        np.array(["a.jpg", "b.jpg"]),
        np.array([["a.jpg"], ["b.jpg"]], dtype=object),
        pd.Series(["a.jpg", "b.jpg"]),
        pd.DataFrame({"path": ["a.jpg", "b.jpg"]}),
        pd.Series([Image.new("RGB", (2, 2))]),
        pd.Series([None, "b.jpg"]),
        pd.DataFrame({"path": [np.nan, "b.jpg"]}),
        np.array([None, "b.jpg"], dtype=object),
        pd.Series(["a.jpg", "b.jpg"], dtype="category"),
        collections.deque(["a.jpg", "b.jpg"]),
        collections.deque([(PHOTO, 1)]),
        collections.deque([None, "b.jpg"]),
        collections.deque([np.nan, "b.jpg"]),
        collections.deque([(np.nan, 1), (PHOTO, 0)]),
        collections.deque([np.zeros(3), PHOTO]),
        collections.deque(),
        collections.deque([torch.zeros(3, 4, 5)]),
        [torch.zeros(3, 4, 5)],
        [{"bytes": b""}, None],
        np.zeros((2, 4, 5, 3)),
    ],
)
def test_images(X, takes_tokens):
    kind, same = kind_of(X, takes_tokens)
    assert kind == "images"
    assert same is X


@pytest.mark.parametrize(
    "X", [np.zeros((2, 3, 4)), [np.zeros((3, 4)), np.ones((3, 4))], np.zeros((2, 3, 4)).tolist()]
)
def test_three_dimensions_are_tokens_or_images(X):
    kind, table = kind_of(X, takes_tokens=True)
    assert kind == "tokens"
    np.testing.assert_array_equal(table, np.array(X))
    assert table.shape == (2, 3, 4)
    assert kind_of(X, takes_tokens=False)[0] == "images"


@pytest.mark.parametrize("takes_tokens", [False, True])
@pytest.mark.parametrize(
    "X",
    [
        np.zeros((2, 3)),
        np.zeros((2, 1)),
        np.zeros((0, 1)),
        np.zeros(2),
        collections.deque([[1, 2], [3, 4]]),
        collections.deque([np.zeros(3)]),
        np.array([["1", "2"]]),
        torch.zeros(2, 3),
        [[1, 2], [3, 4]],
        [1, 2],
        pd.DataFrame({"a": pd.Categorical([1, 2]), "b": [1, None]}, dtype=object),
        pd.DataFrame({"a": [1, 2]}),
    ],
)
def test_features(X, takes_tokens):
    kind, table = kind_of(X, takes_tokens)
    assert kind == "features"
    if isinstance(X, list):
        np.testing.assert_array_equal(table, np.array(X))
    else:
        assert table is X


def test_sparse_features_are_refused():
    with pytest.raises(TypeError, match=r"pass X.toarray\(\)"):
        kind_of(sparse.eye(3), takes_tokens=True)


@pytest.mark.parametrize("X", [[], (), np.array([], dtype=str), pd.Series([], dtype=object)])
def test_nothing(X):
    with pytest.raises(ValueError, match="X is empty"):
        kind_of(X, takes_tokens=True)


@pytest.mark.parametrize("X", [[["a.jpg"], ["b.jpg"]], [("a.jpg", 1)], [(Image.new("L", (2, 2)),)]])
def test_images_in_tuples_and_lists(X):
    with pytest.raises(TypeError, match=r"row 0 of X is a .*\[row\[0\] for row in X\]"):
        kind_of(X, takes_tokens=False)


@pytest.mark.parametrize(
    ("X", "column"),
    [
        (pd.DataFrame({"id": [1, 2], "path": [None, "b.jpg"]}), r"X\['path'\]"),
        (pd.DataFrame([[1, "a.jpg"]], columns=["x", "x"]), r"X\['x'\]"),
        (np.array([["a.jpg", "b.jpg"]]), r"X\[:, 0\]"),
        (np.array([[1, Image.new("L", (2, 2))]], dtype=object), r"X\[:, 1\]"),
    ],
)
def test_several_columns_are_no_images_and_texts_no_features(X, column):
    with pytest.raises(ValueError, match=f"X has 2 columns.*{column}.*OneHotEncoder"):
        kind_of(X, takes_tokens=True)


def test_numbers_are_not_looked_at_one_by_one(monkeypatch):
    numbers = np.zeros((3, 2))
    monkeypatch.setattr(rows, "is_image", None)
    monkeypatch.setattr(rows, "is_path_or_pil", None)
    for X in (numbers, numbers[:, :1], torch.from_numpy(numbers), pd.DataFrame(numbers)):
        assert kind_of(X, takes_tokens=True)[0] == "features"


@pytest.mark.parametrize("item", [None, bytearray(b"abc"), memoryview(b"abc")])
def test_rows_of_no_image_are_no_features(item):
    assert kind_of([item, item], takes_tokens=False)[0] == "images"
