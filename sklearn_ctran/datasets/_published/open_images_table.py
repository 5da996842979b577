"""From answers about photos of Open Images to states."""

import numpy as np

from sklearn_ctran._cache.session import free_memory
from sklearn_ctran.datasets._published.open_images_rows import text_of
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: The most bytes that an entry takes while its state becomes one of a data frame (measured).
_BYTES = 12


class Table:
    """What is known of the photos of a subset, as lists of cells.

    Parameters
    ----------
    people : Answers
    machines : list of Answers
    confidence : float or None
        From which on what a machine says is positive.
    n_labels : int

    Attributes
    ----------
    photos : ndarray of shape (n_photos,), uint64
        In the order in which they come first.
    n_positive : ndarray of shape (n_labels,)
        Photos in which each label is positive.
    """

    def __init__(self, people, machines, confidence, n_labels):
        sure = [answers.confidence >= np.float32(confidence) for answers in machines]
        photos = [people.photos, *(a.photos[s] for a, s in zip(machines, sure, strict=True))]
        labels = [people.labels, *(a.labels[s] for a, s in zip(machines, sure, strict=True))]
        ids, first, rows = np.unique(np.concatenate(photos), return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        self.photos = ids[order]
        self._n_labels = n_labels
        cells = rank[rows] * n_labels + np.concatenate(labels)
        n_people = len(people.photos)
        said = cells[:n_people]
        yes, no = np.unique(said[people.confidence == 1]), np.unique(said[people.confidence == 0])
        self._negative = np.setdiff1d(no, yes, assume_unique=True)
        # Where people disagree nothing is known, whatever a machine says.
        by_machine = np.setdiff1d(cells[n_people:], said)
        by_people = np.setdiff1d(yes, no, assume_unique=True)
        self._positive = np.concatenate([by_people, by_machine])
        self.n_positive = np.bincount(self._positive % n_labels, minlength=n_labels)

    def entries(self, subset, kept, names, images):
        """The Entries of the labels that are kept (mask), of photos that have an answer of them."""
        column = np.where(kept, np.cumsum(kept) - 1, -1)
        cells = [self._of_kept(each, column) for each in (self._negative, self._positive)]
        n_photos, n_labels = len(self.photos), len(names)
        states = np.full((n_photos, n_labels), UNKNOWN, dtype=np.int8)
        for (rows, columns), state in zip(cells, (NEGATIVE, POSITIVE), strict=True):
            states[rows, columns] = state
        has_answer = np.zeros(n_photos, dtype=bool)
        for rows, _ in cells:
            has_answer[rows] = True
        photos = [text_of(number) for number in self.photos[has_answer].tolist()]
        images = images.replace("{subset}", subset)
        return Entries(
            source=f"the labels of {subset!r}",
            paths=[images.replace("{photo}", photo) for photo in photos],
            place=lambda row: f"Open Images, {subset}, photo {photos[row]}",
            states=states if has_answer.all() else states[has_answer],
            names=names,
            form="a row for each answer",
            is_explicit=True,
        )

    def _of_kept(self, cells, column):
        rows, columns = np.divmod(cells, self._n_labels)
        columns = column[columns]
        return rows[columns >= 0], columns[columns >= 0]


def check_size(n_photos, n_labels):
    """Raise MemoryError for a table that takes more memory than is free."""
    needed, free = n_photos * n_labels * _BYTES, free_memory()
    if free is not None and needed > free:
        raise MemoryError(
            f"{n_photos:,} photos with {n_labels:,} labels take up to {needed / 1e9:,.1f} GB, but "
            f"only {free / 1e9:,.1f} GB of memory are free. Choose labels=[...], a larger "
            "min_positive, fewer subsets, or the photos that you have: photos=[...]."
        )
