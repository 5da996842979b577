"""Ratios that may be 0 / 0, values in their place, and means without them."""

from numbers import Real

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.warnings import warn


def check_zero_division(zero_division):
    """Raise a ValueError unless `zero_division` is "warn", 0, 1 or NaN."""
    if isinstance(zero_division, str) and zero_division == "warn":
        return
    is_number = isinstance(zero_division, Real) and not isinstance(zero_division, bool)
    if not is_number or not (zero_division in (0, 1) or np.isnan(zero_division)):
        raise ValueError(f"zero_division must be 'warn', 0, 1 or np.nan, got {zero_division!r}.")


def ratio(numerator, denominator):
    """Divide arrays or numbers as float64, with NaN where the denominator is 0."""
    numerator, denominator = np.asarray(numerator, float), np.asarray(denominator, float)
    quotients = np.full(denominator.shape, np.nan)
    return np.divide(numerator, denominator, out=quotients, where=denominator != 0)


def fill_undefined(values, zero_division, what):
    """Replace undefined values (NaN) by `zero_division`: 0, 1, nan, or "warn".

    "warn" is 0, with an ``UndefinedMetricWarning``. ``what(undefined)`` gets the mask of undefined
    values and returns the first part of the warning, which says what is undefined.
    """
    undefined = np.isnan(values)
    if not undefined.any():
        return values
    if zero_division == "warn":
        warn(
            f"{what(undefined)}, and counts as 0. Pass zero_division=0 or 1 to use that value, or "
            "np.nan to leave it out.",
            UndefinedMetricWarning,
        )
        zero_division = 0.0
    return np.where(undefined, zero_division, values)


def mean_of_defined(values, weight=None):
    """Weighted mean of the values (n,) that are not NaN; NaN if all are."""
    defined = ~np.isnan(values)
    if not defined.any():
        return float("nan")
    return float(np.average(values[defined], weights=None if weight is None else weight[defined]))


def warn_left_out(names):
    """Warn that labels, an ndarray of names, are left out of a mean over labels."""
    if len(names):
        warn(
            f"No entry of label(s) {listed(names)} counts (all are not annotated, known or of "
            "weight 0): left out of the mean over labels.",
            UndefinedMetricWarning,
        )


def warn_without_positive(names):
    """Warn that labels, an ndarray of names, are left out of mAP."""
    if len(names):
        warn(
            f"Label(s) {listed(names)} have no positive among the entries that count: left out of "
            "mAP.",
            UndefinedMetricWarning,
        )
