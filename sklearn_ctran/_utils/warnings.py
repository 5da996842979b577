"""Warnings that point at the line that called the package, however deep they are issued."""

import sys
import warnings


def warn(message, category=UserWarning):
    """Issue a warning in the name of the first caller outside of this package and scikit-learn.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(
        ("sklearn_ctran.", "sklearn.")
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
