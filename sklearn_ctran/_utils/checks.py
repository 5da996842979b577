"""Checks of arguments of functions and methods; scikit-learn checks those of constructors."""

from numbers import Integral

import numpy as np

from sklearn_ctran._utils.names import listed


class Diverged(ValueError):
    """A loss in training is NaN or infinite."""


def check_count(name, value, least=1):
    """Raise ValueError unless `value` is an integer >= `least`; booleans do not count as integers.

    `name` is the argument's, for errors.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        bound = "above 0" if least == 1 else f"of at least {least}"
        raise ValueError(f"{name} must be an integer {bound}, got {value!r}.")


def check_predicted(proba):
    """Raise ValueError if a row of probabilities is NaN, from which nothing can be decided."""
    missing = np.isnan(proba).any(axis=1)
    if missing.any():
        raise ValueError(
            f"There is no prediction of row(s) {listed(np.flatnonzero(missing))}, whose images "
            "cannot be read: leave them out of X."
        )


def check_not_masked(values, name):
    """Raise ValueError for masked entries, behind which there is a number that nobody means.

    scikit-learn's checks drop the mask. `name` is the argument's.
    """
    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} has masked entries, which only labels may have: leave these rows out, or fill "
            f"the entries, as by {name}.filled(0)."
        )


def check_rows_exist(rows, n):
    """Numbers of rows as an array; ValueError unless they are integers from 0 to `n` - 1."""
    values = np.asarray(rows)
    if values.ndim != 1 or values.dtype.kind not in "iu" or not len(values):
        raise ValueError(f"rows must be a list of numbers of rows, got {rows!r}.")
    wrong = values[(values < 0) | (values >= n)]
    if len(wrong):
        raise ValueError(f"There is no row {wrong[0]}: there are {n} rows, 0 to {n - 1}.")
    return values
