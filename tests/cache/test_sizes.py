"""Sizes as users write and read them."""

import numpy as np
import pytest

from sklearn_ctran._cache.sizes import format_size, parse_size


@pytest.mark.parametrize(
    "size, n_bytes",
    [
        (None, None),
        (5, 5),
        ("500MB", 5 * 10**8),
        ("1.5 gb", 1.5 * 10**9),
        ("2GiB", 2**31),
        ("7", 7),
        (2e9, 2 * 10**9),
        (np.int64(3), 3),
    ],
)
def test_sizes(size, n_bytes):
    assert parse_size(size) == n_bytes


@pytest.mark.parametrize(
    "size", ["", "much", "1.2.3GB", "-1GB", "0", 0, -1, 1.5, True, "5iB", float("inf"), [5]]
)
def test_no_sizes(size):
    with pytest.raises(ValueError, match="max_size must be"):
        parse_size(size)


@pytest.mark.parametrize(
    "n_bytes, text",
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (1234e12, "1,234.0 TB")],
)
def test_format(n_bytes, text):
    assert format_size(n_bytes) == text
