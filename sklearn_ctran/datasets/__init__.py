"""Generators of data sets."""

from sklearn_ctran.datasets._digit_scenes import make_digit_scenes

__all__ = ["make_digit_scenes"]
