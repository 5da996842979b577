"""Axes are split as torch splits them."""

import pytest
import torch

from sklearn_ctran.modules.shapes import split_axis


@pytest.mark.parametrize("axis, sizes", [(2, (3, 4)), (2, (-1, 6)), (1, (5, 1)), (0, (1, 2))])
def test_it_is_unflatten(axis, sizes):
    x = torch.randn(2, 5, 12)
    assert torch.equal(split_axis(x, axis, sizes), x.unflatten(axis, sizes))
    turned = torch.randn(12, 5, 2).transpose(0, 2)
    assert torch.equal(split_axis(turned, axis, sizes), turned.unflatten(axis, sizes))
