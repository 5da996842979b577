"""Images that cannot be used: `_images/images.py` says which row it is and what to do."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made_images import noise
from PIL import Image

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing


def test_missing_file_is_named(paths):
    with pytest.raises(FileNotFoundError, match=r"row 1: .*nowhere\.jpg"):
        check_images([paths[0], "nowhere.jpg"])


def test_file_that_vanishes_after_the_check_is_named(paths):
    images = check_images(paths)
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"row 1: .*b\.jpg"):
        images.batch([0, 1], Preprocessing(8))


@pytest.mark.parametrize("X", [[], np.empty((0, 4, 4, 3)), np.array([]), pd.Series([], dtype=str)])
def test_empty_sets(X):
    with pytest.raises(ValueError, match="no images"):
        check_images(X)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("as_list", [False, True])
def test_nan_and_infinite_pixels(value, as_list):
    X = np.zeros((700, 32, 32, 3))
    X[500, 3, 1, 2] = value
    with warnings.catch_warnings(), pytest.raises(ValueError, match="row 500 has NaN or inf"):
        warnings.simplefilter("error")
        check_images(list(X) if as_list else X)


@pytest.mark.parametrize(
    ("low", "high", "advice"), [(0, 255, "Divide by .* 255"), (-0.5, 0.5, "Leave out the normal")]
)
def test_floats_out_of_range(low, high, advice):
    X = np.zeros((3, 4, 4, 3))
    X[2, 0, 0, :2] = low, high
    with pytest.raises(ValueError, match=rf"row 2 .* from {low} to {high};.*{advice}"):
        check_images(X)
    with pytest.raises(ValueError, match="row 1"):
        check_images([X[0], X[2]])


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pil_values_out_of_range(mode):
    image = Image.new(mode, (3, 3), 70000)
    with pytest.raises(ValueError, match="row 1: .* 70000, beyond"):
        check_images([Image.new("L", (3, 3)), image])


def test_channels_first_is_recognised():
    X = noise(2).transpose(0, 3, 1, 2)
    with pytest.raises(ValueError, match=r"channels-first: give X.transpose\(0, 2, 3, 1\)"):
        check_images(X)
    with pytest.raises(ValueError, match=r"row 0 .*channels-first: give x.transpose\(1, 2, 0\)"):
        check_images(list(X))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 4, 4, 2), np.uint8), r"X has shape \(2, 4, 4, 2\)"),
        (np.zeros((2, 4), np.uint8), r"X has shape \(2, 4\)"),
        (np.zeros((2, 4, 4, 4, 3), np.uint8), "X has shape"),
        (np.zeros((64, 64, 3), np.uint8), r"single image: give X\[None\]"),
        (np.zeros((2, 4, 4, 3), np.int64), r"dtype int64.*astype\('uint8'\)"),
        (np.zeros((2, 4, 4, 3), complex), "dtype complex128"),
        (np.zeros((2, 0, 4, 3), np.uint8), "without pixels"),
        ([np.zeros((4, 4, 3), np.int8)], "row 0 has dtype int8"),
        ([np.zeros((4, 4, 2), np.uint8)], r"row 0 has shape \(4, 4, 2\)"),
        ([np.zeros((4, 0, 3), np.uint8)], "row 0 .*without pixels"),
        ([Image.new("L", (4, 4)), Image.new("RGB", (0, 4))], "row 1: .*4 x 0 pixels"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), r"X has 2 columns, .* in 'a', 'b'.* X\['a'\]"),
    ],
)
def test_wrong_arrays(X, message):
    with pytest.raises(ValueError, match=message):
        check_images(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (torch.zeros(2, 4, 4, 3), "torch tensor"),
        ([torch.zeros(4, 4, 3)], r"row 0 is a Tensor; use its numpy\(\) array"),
        ("photo.jpg", "single image"),
        (Path("photo.jpg"), "single image"),
        (Image.new("L", (4, 4)), "single image"),
        (None, "NoneType"),
        ({"a": 1}, "dict"),
        ([Image.new("L", (4, 4)), None], "row 1 is a NoneType"),
        ([[[0, 1], [1, 0]]], "row 0 is a list"),
    ],
)
def test_wrong_types(X, message):
    with pytest.raises(TypeError, match=message):
        check_images(X)


def test_missing_path_in_a_series(paths):
    # pandas below 3 keeps None.
    with pytest.raises(TypeError, match=r"row 1 is a (float \(nan\)|NoneType)"):
        check_images(pd.Series([str(paths[0]), None]))
