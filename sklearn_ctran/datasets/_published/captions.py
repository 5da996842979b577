"""Captions in COCO's format, and the labels that their words are."""

from array import array
from collections.abc import Iterable
from itertools import islice

import numpy as np

from sklearn_ctran.datasets._formats.coco import read_photos
from sklearn_ctran.datasets._tags.columns import folder_of
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.json_files import check_kind, entry, read_json
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE


class Captions:
    """The words of the captions of a file.

    Attributes
    ----------
    source : str
        The name of the file.
    paths : list of str
        The photos' names.
    """

    def __init__(self, path, words, progress=None):
        self.source, _ = folder_of(path)
        content = check_kind(read_json(path), dict, f"{self.source}, all of it,")
        self.paths, rows = read_photos(entry(content, "images", list, self.source), self.source)
        self._numbers, self._spoken = {}, array("l")  # numbers of words; of all captions
        spoken_of, n_words = [], []
        for number, item in enumerate(entry(content, "annotations", list, self.source)):
            where = f"{self.source}, annotation {number}"
            caption = entry(check_kind(item, dict, where), "caption", str, where)
            identifier = item.get("image_id")
            if not isinstance(identifier, (int, str)) or identifier not in rows:
                raise ValueError(
                    f"{where} has the image_id {identifier!r}, which is not among its images."
                )
            some = _texts(words(caption), caption)
            spoken_of.append(rows[identifier])
            n_words.append(len(some))
            self._spoken.extend(self._numbers.setdefault(x, len(self._numbers)) for x in some)
            if progress is not None:
                progress.update()
        self._rows = np.repeat(np.array(spoken_of, dtype=np.int64), n_words)

    def commonest(self, n, is_label):
        """The words that are most often in captions; of equals, the one that comes first."""
        counts = np.bincount(self._spoken, minlength=len(self._numbers))
        names = list(self._numbers)
        order = np.argsort(-counts, kind="stable").tolist()
        return list(islice((names[i] for i in order if is_label(names[i])), n))

    def entries(self, labels):
        """The Entries of all photos: a photo has the labels that are words of its captions."""
        column_of = np.full(len(self._numbers), -1)
        for column, label in enumerate(labels):
            if label in self._numbers:
                column_of[self._numbers[label]] = column
        columns = column_of[np.asarray(self._spoken)]
        states = np.full((len(self.paths), len(labels)), NEGATIVE, dtype=np.int8)
        states[self._rows[columns >= 0], columns[columns >= 0]] = POSITIVE
        return Entries(
            source=self.source,
            paths=self.paths,
            place=lambda row: f"{self.source}, image {self.paths[row]!r}",
            states=states,
            names=list(labels),
            form="words of captions in COCO's format",
        )


def _texts(words, caption):
    """A list of words, checked: the function that makes them may be the user's."""
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise TypeError(f"words must return a list of texts, got {words!r} of {caption!r}.")
    words = list(words)
    odd = [word for word in words if not isinstance(word, str)]
    if odd:
        raise TypeError(f"words must return a list of texts, got {odd[0]!r} of {caption!r}.")
    return words
