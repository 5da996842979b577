"""Numbers of bytes as users write and read them."""

import re
from contextlib import suppress

import numpy as np


def parse_size(size):
    """Convert a size, such as "20GB", "1.5 GiB" or a number, to bytes; None stays None.

    Raises ValueError if `size` is not a positive number of bytes.
    """
    if size is None:
        return None
    n_bytes = size
    if isinstance(size, str):
        match = re.fullmatch(r"\s*([\d.]+)\s*(?:([KMGT])(I?))?B?\s*", size.upper())
        with suppress(TypeError, ValueError):
            power = " KMGT".index(match[2] or " ")
            n_bytes = int(float(match[1]) * (1024 if match[3] else 1000) ** power)
    if isinstance(size, (float, np.floating)) and float(size).is_integer():
        n_bytes = int(size)  # 2e9
    if not isinstance(n_bytes, (int, np.integer)) or isinstance(size, bool) or n_bytes <= 0:
        raise ValueError(
            f"max_size must be a positive number of bytes or a string such as '20GB', got {size!r}."
        )
    return int(n_bytes)


def format_size(n_bytes):
    """Format a number of bytes in the unit that makes it readable."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.4g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.1f} TB"
