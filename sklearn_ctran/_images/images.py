"""Sets of images in any form, to uint8 batches of one size.

`check_images` checks all images first, so that errors are raised before training starts.
`Images.batch` then decodes, resizes and augments one batch at a time.
"""

from contextlib import contextmanager

import numpy as np
import torch

from sklearn_ctran._images.brightness import Brightness
from sklearn_ctran._images.checks import check_array, check_row, n_channels
from sklearn_ctran._images.decoding import as_tensor, load, rgb
from sklearn_ctran._images.errors import ERRORS, unreadable
from sklearn_ctran._images.keys import content_key, read_unchanged
from sklearn_ctran._images.rows import as_rows, check_is_set, is_read_lazily, numbers_of
from sklearn_ctran._images.sources import named, source
from sklearn_ctran._images.tar_members import TarMember
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.threads import for_each


class Images:
    """Checked images, decoded batch by batch. Made by `check_images`.

    `rows` are the user's own objects, an array or a sequence; nothing is copied. `sizes` (n, 2) has
    height and width of each image, after EXIF orientation. `are_plain` (n,), bool, has the result
    of `is_plain_jpeg` for each row; None for an array of images. `n_jobs` threads decode the rows
    of a list. `seen` has the content key of each row of a dataset, else it is None. With `keys`,
    files are decoded only if they still have them. `n_channels` is the number of channels after
    decoding, mostly 3. `numbers` (n,) are the rows' numbers in messages.
    """

    def __init__(
        self, rows, sizes, are_plain=None, n_jobs=None, seen=None, keys=None, n_channels=3
    ):
        self.rows = rows
        self.sizes = sizes
        self.are_plain = are_plain
        self.n_jobs = n_jobs
        self.seen = seen
        self.n_channels = n_channels
        self._keys = keys
        self.numbers = numbers_of(rows)

    def __len__(self):
        return len(self.rows)

    def batch(self, indices, preprocessing, generator=None):
        """Decode and preprocess images: (batch, K, height, width), uint8, channels last in memory.

        With a torch `generator`, in training, flips and crops are drawn from it. None: nothing is
        random.
        """
        indices = np.asarray(indices)
        if self.are_plain is None:
            resized = preprocessing.resize(as_tensor(rgb(self.rows[indices], has_rows=True)))
        else:
            resized = self._load_resized(indices.tolist(), preprocessing)
        return preprocessing.finish(resized, generator)

    def _load_resized(self, indices, preprocessing):
        """Decode and resize rows of a list one by one: few full-size photos are in memory."""
        height, width = preprocessing.resized_size(self.sizes[indices[0]])
        batch = np.empty((len(indices), height, width, self.n_channels), dtype=np.uint8)

        def fill(position):
            row = indices[position]
            with self._reading(row) as number:
                item, size, is_plain = self._held(row, number)
                least_side = preprocessing.least_side(size)
                # PIL is the slower decoder, but only PIL decodes at a reduced size.
                pixels = load(number, item, least_side, is_plain and least_side is None)
                image = preprocessing.resize(pixels)
                if image.shape[1:] != (height, width):
                    raise ValueError(
                        f"row {number} is {image.shape[1]} x {image.shape[2]} pixels, but {height} "
                        f"x {width} were expected: has the file changed?"
                    )
            # With numpy, because torch would use several threads for each image.
            batch[position] = image.movedim(0, -1).numpy()

        for_each(fill, len(indices), self.n_jobs)
        return torch.from_numpy(batch).movedim(-1, 1)

    @contextmanager
    def _reading(self, row):
        """Give a row's number in the user's set, and mark errors as those of its image."""
        number = int(self.numbers[row])
        try:
            yield number
        except ERRORS as error:
            raise unreadable({number: error}) from error.__cause__

    def _held(self, row, number):
        """What is decoded, its size, and whether it `is_plain_jpeg`.

        With keys, these are of the very bytes that have the key, as a file may be replaced.
        """
        item = self.rows[row]
        with named(number, item):
            held = source(item)
        if self._keys is not None and isinstance(held, (str, TarMember)):
            content = read_unchanged(number, held, self._keys[row])
            path = held.path if isinstance(held, TarMember) else held
            item = {"path": path, "bytes": content}
            return item, *check_row(number, item, False, Brightness(1))
        if self.seen is not None and content_key(number, item) != self.seen[row]:
            raise ValueError(
                f"row {number}: X[{number}] is another image than at first. Images of a dataset "
                "must stay the same: leave random transforms to the parameter augment."
            )
        return item, self.sizes[row], self.are_plain[row]

    def bound_to(self, keys):
        """The same images; `batch` raises ValueError for files that do not have these keys."""
        n_channels = self.n_channels
        return Images(
            self.rows, self.sizes, self.are_plain, self.n_jobs, self.seen, keys, n_channels
        )

    def keys(self):
        """Content keys, 16 bytes for each image; equal content has an equal key.

        A key is a digest of a file's bytes, of an array's pixels, dtype and shape, or of everything
        that a PIL image's look depends on. Images that look the same may have different keys, for
        instance a file and the array of its pixels.
        """
        if self.seen is not None:
            return self.seen
        keys = [b""] * len(self)

        def fill(row):
            with self._reading(row) as number:
                keys[row] = content_key(number, self.rows[row])

        for_each(fill, len(self), self.n_jobs)
        return keys


def check_images(X, *, n_jobs=None, decode=True, verbose=0):
    """Check a set of images of any kind; files are decoded once, to find broken ones.

    `X` is an array (n, H, W, channels) or (n, H, W), of dtype uint8, uint16, bool or float in
    [0, 1]; or a list, tuple, array, Series or one-column DataFrame of what `sources.source` reads
    (paths, encoded files, PIL images, arrays), of mixed kinds and sizes; or TarImages; or a
    map-style dataset (DatasetRows), of which one image at a time is in memory. Batches will be
    8-bit RGB: grey is replicated, 16-bit grey and bool are scaled to 0..255, floats in [0, 1]
    become ``round(255 * x)``, transparency is laid on white, and EXIF orientation is applied.
    Arrays with 2 channels, or with more than 4, keep them, as 8-bit values; all rows then have the
    same number. PIL's 32-bit modes are read as 16-bit values ("I") and as floats in [0, 1] ("F").
    The first frame of an animation is used.

    `n_jobs` threads decode files; None means 1, -1 all cores. Without `decode`, only the headers of
    files are read (and a few grey files, until one is not almost black), for images that are all
    decoded soon after: then `Images.batch` raises the same error for a file whose pixels are
    broken. `verbose` is that of :class:`Progress`; a check of less than a second shows nothing.

    Warns if the pixels of the whole set use so little of their range that they would be black.

    All images are looked at; the error (Unreadable) names rows and paths of those that cannot be
    read. Raises FileNotFoundError if a path does not exist; TypeError if X or a row is no image at
    all (a torch tensor, a number, None, ...); ValueError if the set is empty, a file is broken or
    truncated, pixels are NaN, infinite or out of range, or dtype, number of axes, channels or sides
    are wrong.
    """
    if isinstance(X, torch.Tensor):
        raise TypeError(
            "X is a torch tensor; give a numpy array (n, H, W, 3) instead. If its channels come "
            "first: X.permute(0, 2, 3, 1).numpy()."
        )
    check_is_set(X)
    if isinstance(X, np.ndarray) and X.dtype.kind not in "OSU":
        return Images(X, _check_pixels(X), n_jobs=n_jobs, n_channels=n_channels(X[0]))
    rows = as_rows(X)
    if not len(rows):
        raise ValueError("X holds no images.")
    seen = None
    if is_read_lazily(rows):
        seen, n_jobs = [b""] * len(rows), None  # Few datasets can be read by several threads.
    sizes, are_plain = np.empty((len(rows), 2), np.int32), np.empty(len(rows), np.bool_)
    channels = np.empty(len(rows), np.int32)

    numbers, errors, brightness = numbers_of(rows), {}, Brightness(len(rows))

    def check(row):
        number = int(numbers[row])
        try:
            item = rows[row]
            sizes[row], are_plain[row] = check_row(number, item, decode, brightness)
            channels[row] = n_channels(item)
            if seen is not None:
                seen[row] = content_key(number, item)
        except ERRORS as error:
            errors[number] = error
        progress.update()

    with Progress("images checked", len(rows), " images", verbose=verbose, delay=1.0) as progress:
        for_each(check, len(rows), n_jobs)
    if errors:
        raise unreadable(errors, len(rows), is_complete=decode)
    brightness.warn()
    _check_channels(channels, numbers)
    return Images(rows, sizes, are_plain, n_jobs, seen, n_channels=int(channels[0]))


def _check_channels(channels, numbers):
    """Raise ValueError if images have different numbers of channels after decoding."""
    (other,) = np.nonzero(channels != channels[0])
    if len(other):
        row = other[0]
        raise ValueError(
            f"row {numbers[row]} has {channels[row]} channels, but row {numbers[0]} has "
            f"{channels[0]}: give each row the same bands. (Grey images and those with a fourth "
            "channel, transparency, count as three.)"
        )


def _check_pixels(X):
    """Check a numeric array of images and return their sizes; name all rows with bad pixels."""
    try:
        return check_array(X)
    except ValueError:
        errors = {}
        for row, image in enumerate(X if X.ndim in (3, 4) else ()):
            try:
                check_row(row, image, True, Brightness(1))
            except ValueError as error:
                errors[row] = error
        if 0 < len(errors) < len(X):
            raise unreadable(errors, len(X), is_complete=True) from None
        raise  # The array as a whole is wrong.
