"""Checks of arguments of methods and functions; those of constructors are scikit-learn's."""

from numbers import Integral


def check_count(name, value, least=1):
    """Refuse what is not an integer of at least so much.

    Parameters
    ----------
    name : str
        The argument's, for errors.
    value : object
    least : int, default=1

    Raises
    ------
    ValueError
        If it is anything else; booleans are no counts.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        bound = "above 0" if least == 1 else f"of at least {least}"
        raise ValueError(f"{name} must be an integer {bound}, got {value!r}.")
