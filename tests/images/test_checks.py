"""Checks of arrays and rows: byte order, masked pixels."""

import numpy as np
import pytest
import torch
from made_images import load, noise

from sklearn_ctran._images.images import check_images


@pytest.mark.parametrize("dtype", ["u2", "f2", "f4", "f8"])
def test_byte_order_does_not_matter(dtype):
    X = noise(3).astype(dtype)
    X = X * 257 if dtype == "u2" else X / 255
    for order in "<>":
        ordered = X.astype(np.dtype(dtype).newbyteorder(order))
        assert torch.equal(load(ordered), load(noise(3)))
        assert torch.equal(load(list(ordered)), load(noise(3)))


@pytest.mark.parametrize("dtype", [">i2", "<u4", ">u8", "i1", "V2", "M8[s]"])
def test_other_numbers_are_refused_in_every_byte_order(dtype):
    X = np.zeros((2, 4, 4, 3), dtype)
    with pytest.raises(ValueError, match="X has dtype"):
        check_images(X)
    with pytest.raises(ValueError, match="row 0 has dtype"):
        check_images(list(X))


def test_masked_pixels_are_refused():
    X = np.ma.masked_array(noise(2), mask=False)
    assert torch.equal(load(X), load(noise(2)))
    X[1, 0, 0] = np.ma.masked
    with pytest.raises(ValueError, match=r"row 1 has masked pixels; fill them, .*filled\(0\)"):
        check_images(X)
    with pytest.raises(ValueError, match="row 1 has masked pixels"):
        check_images([X[0], X[1]])
