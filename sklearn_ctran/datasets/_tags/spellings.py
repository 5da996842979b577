"""Labels under other names, and labels that are one label in several spellings."""

import re
import unicodedata
from collections.abc import Mapping

import numpy as np

from sklearn_ctran._utils.names import did_you_mean
from sklearn_ctran.datasets._tags.entries import combined
from sklearn_ctran.modules.label_states import POSITIVE


def key_of(name):
    """What all spellings of a label have in common."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(re.sub(r"[_\-\s]+", " ", plain).split()) or name


def variants(names, states):
    """Lists of labels that differ in their spelling only, the most frequent first."""
    counts = dict(zip(names, (states == POSITIVE).sum(axis=0).tolist(), strict=True))
    found = {}
    for name in names:
        found.setdefault(key_of(name), []).append(name)
    return [
        sorted(group, key=lambda name: -counts[name]) for group in found.values() if len(group) > 1
    ]


def renamed(names, states, rename, is_explicit):
    """Names and states after ``rename``, a dict from name to name, or to None for no label.

    Labels of one name become one. Returns names, states and where columns contradicted.
    """
    if not isinstance(rename, Mapping):
        raise TypeError(f"rename must be a dict from label to label, got {rename!r}.")
    strange = [name for name in rename if name not in set(names)]
    if strange:
        raise ValueError(
            f"rename has {strange[0]!r}, which is no label.{did_you_mean(strange[0], names)}"
        )
    wanted = [rename.get(name, name) for name in names]
    kept = [i for i, name in enumerate(wanted) if name is not None]
    places = {}
    for i in kept:
        places.setdefault(str(wanted[i]), []).append(i)
    if not places:
        return [], states[:, :0], np.zeros((len(states), 0), dtype=bool)
    order = np.array([i for group in places.values() for i in group])
    starts = np.cumsum([0, *(len(group) for group in places.values())])[:-1]
    one, contradicts = combined(states[:, order].T, starts, is_explicit)
    return list(places), one.T, contradicts.T
