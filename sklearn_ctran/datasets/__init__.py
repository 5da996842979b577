"""Generators of data sets, and readers of label codes."""

from sklearn_ctran.datasets._codes import read_codes
from sklearn_ctran.datasets._digit_scenes import make_digit_scenes

__all__ = ["make_digit_scenes", "read_codes"]
