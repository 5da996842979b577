"""Using a set of images without those that cannot be read."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklearn_ctran._images.errors import Unreadable, summary
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.rows import SomeRows, as_rows
from sklearn_ctran._utils.warnings import warn


@dataclass(frozen=True)
class Outcome:
    """What was made of the images that can be read.

    Attributes
    ----------
    result : object
    rows : ndarray of int, or None
        Numbers of the images that can be read; None for all.
    skipped : dict of int to str
        What is wrong with the others.
    n_images : int or None
        The number of all; None if all can be read.
    """

    result: Any
    rows: np.ndarray | None = None
    skipped: dict = field(default_factory=dict)
    n_images: int | None = None

    def by_row(self):
        """The result, an array, with a row of NaN for each image that cannot be read."""
        if self.rows is None:
            return self.result
        is_number = self.result.dtype.kind in "iuf"
        dtype = np.result_type(self.result, np.float32) if is_number else object
        values = np.full((self.n_images, *self.result.shape[1:]), np.nan, dtype=dtype)
        values[self.rows] = self.result
        return values

    def warn(self, consequence):
        """Warn of images that cannot be read, if there are any; say what that means."""
        if self.skipped:
            warn(f"{summary(self.skipped, self.n_images)}\n{consequence}")


def with_readable(X, on_error, n_jobs, use, *, thorough=False, least=1):
    """The Outcome of ``use(images, rows, n_images)`` on all images of `X` that can be read.

    First it gets `X`, None and None. If it raises Unreadable, then unless `on_error` is "raise", it
    starts again with the other images (None if there are none), their numbers, and the number of
    all. The Unreadable that is raised otherwise, or if fewer than `least` images are left, names
    all images that cannot be opened; if `thorough`, or after an error in decoding, it names all
    that cannot be decoded.
    """
    images, rows, skipped, n_images = X, None, {}, None
    while True:
        try:
            return Outcome(use(images, rows, n_images), rows, skipped, n_images)
        except Unreadable as error:
            is_enough = error.is_complete or on_error != "raise" or not thorough
            found = error if error.n_images and is_enough else all_unreadable(images, error, n_jobs)
            n_images = n_images or found.n_images
            skipped = dict(sorted((skipped | found.messages).items()))
            # Without a number, the image can be read again: nobody knows what to leave out.
            if on_error == "raise" or not found.n_images:
                raise found from found.__cause__
            if n_images - len(skipped) < least:
                found.args = (f"{summary(skipped, n_images)}\nToo few images are left.",)
                raise found from found.__cause__
            rows = np.setdiff1d(np.arange(n_images), list(skipped))
            images = _take(X, rows) if len(rows) else None


def all_unreadable(images, error, n_jobs):
    """The error that names all images that cannot be decoded, given one that names some."""
    try:
        check_images(images, n_jobs=n_jobs)
    except Unreadable as found:
        return found
    return error


def _take(X, rows):
    is_pixels = isinstance(X, np.ndarray) and X.dtype.kind not in "OSU"
    return X[rows] if is_pixels else SomeRows(as_rows(X), rows)
