"""Names of labels."""

import numpy as np


def as_names(names):
    """Names of labels, tuples among them, as an array.

    Parameters
    ----------
    names : iterable of length n_labels

    Returns
    -------
    names : ndarray of shape (n_labels,), object
    """
    names = names.tolist() if isinstance(names, np.ndarray) else list(names)
    array = np.empty(len(names), dtype=object)
    array[:] = names  # np.array(names) would make a table of tuples.
    return array


def describe(names):
    """The first five of some labels, as text.

    Parameters
    ----------
    names : ndarray of shape (n,)

    Returns
    -------
    text : str
    """
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(repr, names[:5].tolist())) + more
