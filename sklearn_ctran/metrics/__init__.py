"""Metrics that know about known and never-annotated labels."""

from sklearn_ctran.metrics._ranking import mean_average_precision

__all__ = ["mean_average_precision"]
