"""What any table or file says of images: the one form from which all data sets of tags are made."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


@dataclass
class Entries:
    """States of labels, a row for each entry of the source.

    Attributes
    ----------
    source : str
        What it is read from, for errors and the summary.
    paths : list of str or None
        Paths as they are written; None where there is none.
    place : callable
        Where a row is, in words.
    states : ndarray of shape (n_rows, n_labels), int8
        -1, 0, 1.
    names : list of str
    form : str
        How labels are written, in words, for the summary.
    is_explicit : bool
        Whether a 0 was written. Else it is a label that the row does not list.
    extra : ndarray of shape (n_rows, n_extra_labels), int8, or None
    extra_names : list of str, or None
    groups : dict or None
        Name of a group -> tuple of labels.
    split : list of str or None
    index_name : str or None
        What the paths are called.
    relative_to : str
        To what the paths are relative, in words.
    """

    source: str
    paths: list
    place: Callable[[int], str]
    states: np.ndarray
    names: list
    form: str
    is_explicit: bool = False
    extra: np.ndarray | None = None
    extra_names: list | None = None
    groups: dict | None = None
    split: list | None = None
    index_name: str | None = field(default="path")
    relative_to: str = "the table, or to images='...'"

    def take(self, rows):
        """The entries of some rows, an array of their numbers."""
        return replace(
            self,
            paths=[self.paths[row] for row in rows],
            place=lambda row, rows=rows, place=self.place: place(int(rows[row])),
            states=self.states[rows],
            extra=None if self.extra is None else self.extra[rows],
            split=None if self.split is None else [self.split[row] for row in rows],
        )


def combined(states, starts, is_explicit):
    """One row of each run of rows, and where its rows contradict each other.

    `starts` are the rows at which runs begin. A label is positive if any row says so. If 0 is
    explicit, one row that says 1 and one that says 0 leave the label unknown.
    """
    has_positive = np.logical_or.reduceat(states == POSITIVE, starts, axis=0)
    has_negative = np.logical_or.reduceat(states == NEGATIVE, starts, axis=0)
    result = np.where(has_positive, POSITIVE, np.where(has_negative, NEGATIVE, UNKNOWN))
    contradicts = has_positive & has_negative if is_explicit else np.zeros_like(has_positive)
    result[contradicts] = UNKNOWN
    return result.astype(np.int8), contradicts
