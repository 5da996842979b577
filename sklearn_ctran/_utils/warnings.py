"""Warnings that point at the line of user code that called the package."""

import sys
import warnings


def warn(message, category=UserWarning):
    """Issue a warning at the first caller outside of this package and the packages that it uses."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(
        ("sklearn_ctran.", "sklearn.", "skorch.", "torch.")
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
