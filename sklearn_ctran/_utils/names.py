"""Names of labels."""

import numpy as np


def as_names(names):
    """Turn names of labels into an array, tuples too.

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


def listed(names, most=10):
    """The first labels of some, as text: "'a', 'b' and 3 more".

    Parameters
    ----------
    names : iterable of length n_labels
    most : int, default=10
        How many names are spelled out.

    Returns
    -------
    text : str
    """
    names = as_names(names).tolist()
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


def name_at(names, position):
    """A label's name as the user wrote it, not as NumPy prints it.

    Parameters
    ----------
    names : ndarray of shape (n_labels,)
    position : int

    Returns
    -------
    name : object
    """
    return names[position : position + 1].tolist()[0]
