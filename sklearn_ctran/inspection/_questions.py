"""Moved: for the time being."""

from sklearn_ctran._questions import Questions

__all__ = ["Questions"]
