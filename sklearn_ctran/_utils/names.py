"""Names of labels."""

from difflib import get_close_matches

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


def shortened(text, most=60):
    """A text for an error: its beginning, if it has more than `most` characters."""
    return text if len(text) <= most else f"{text[:most]}..."


def name_at(names, position):
    """A label's name as the user wrote it, not as NumPy prints it."""
    return names[position : position + 1].tolist()[0]


def did_you_mean(name, names):
    """Return " Did you mean 'cat'?", or "" if no name is similar.

    A number that is written as a text, or the reverse, is similar too.
    """
    names = as_names(names).tolist()
    same = [other for other in names if str(other) == str(name)]
    if not same and isinstance(name, str):
        # Case and spaces are the commonest slips.
        plain = {other.strip().lower(): other for other in names if isinstance(other, str)}
        close = get_close_matches(name.strip().lower(), plain, n=1, cutoff=0.65)
        same = [plain[text] for text in close]
    return f" Did you mean {same[0]!r}?" if same else ""
