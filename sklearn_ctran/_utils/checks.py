"""Checks of arguments of functions and methods; scikit-learn checks those of constructors."""

from numbers import Integral


def check_count(name, value, least=1):
    """Raise ValueError unless `value` is an integer >= `least`; booleans do not count as integers.

    `name` is the argument's, for errors.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        bound = "above 0" if least == 1 else f"of at least {least}"
        raise ValueError(f"{name} must be an integer {bound}, got {value!r}.")
