"""Names of labels."""

import numpy as np


def as_names(names):
    """Turn names of labels, tuples too, into an array (n_labels,) of objects."""
    names = names.tolist() if isinstance(names, np.ndarray) else list(names)
    array = np.empty(len(names), dtype=object)
    array[:] = names  # np.array(names) would make a table of tuples.
    return array


def listed(names, most=10):
    """The first `most` of some names, as text: "'a', 'b' and 3 more"."""
    names = as_names(names).tolist()
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


def name_at(names, position):
    """A label's name as the user wrote it, not as NumPy prints it."""
    return names[position : position + 1].tolist()[0]
