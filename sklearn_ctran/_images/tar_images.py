"""The images of many tar files, as one sequence."""

from typing import Any

import numpy as np

from sklearn_ctran._images.tar_members import TarMember


class TarImages:
    """Images in tar files, read one by one when they are needed; made by ``load_shards``.

    ``images[3]`` is a file: ``images[3].read()`` has its bytes, and
    ``PIL.Image.open(images[3].open())`` its picture. A slice, or an array of positions or booleans,
    selects images. Only places are in memory, some 50 bytes an image. It can be pickled, and read
    by any number of threads and processes that see the tar files under the same paths.

    Attributes
    ----------
    shape : (n_samples,)
    keys : ndarray of shape (n_samples,), str
    """

    ndim = 1

    def __init__(
        self,
        shards: list[Any],
        numbers: np.ndarray,
        names: np.ndarray,
        offsets: np.ndarray,
        sizes: np.ndarray,
    ) -> None:
        self._shards = shards
        self._numbers = numbers  # of each image's shard
        self._names = names  # UTF-8: texts take four times the memory
        self._offsets = offsets
        self._sizes = sizes

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def shape(self) -> tuple[int]:
        """(n_samples,)."""
        return (len(self),)

    @property
    def keys(self) -> np.ndarray:
        """What names each sample: the path inside of the tar file, up to its file name's dot."""
        return np.array([split_name(_decoded(name))[0] for name in self._names], dtype=str)

    @property
    def row_names(self) -> dict[str, Any]:
        """The keys, to compare the order of rows with that of labels."""
        return {"key": self.keys.tolist()}

    def __getitem__(self, rows: Any) -> Any:
        """One image, or some of them by a slice, or an array of positions or booleans."""
        if isinstance(rows, (int, np.integer)):
            return self._member(rows)
        rows = np.arange(len(self))[rows]
        if rows.ndim == 0:
            return self._member(rows)
        # Of the other shards, nothing need travel to another process.
        used, numbers = np.unique(self._numbers[rows], return_inverse=True)
        shards = [self._shards[number] for number in used]
        arrays = (self._names, self._offsets, self._sizes)
        return TarImages(shards, numbers.astype(np.int32), *(array[rows] for array in arrays))

    def _member(self, row):
        return TarMember(
            self._shards[self._numbers[row]],
            _decoded(self._names[row]),
            int(self._offsets[row]),
            int(self._sizes[row]),
        )

    def __repr__(self):
        return f"TarImages({len(self)} images in {len(self._shards)} tar files)"


def encoded_name(name):
    """A member's name as bytes."""
    return name.encode("utf-8", "surrogateescape")


def _decoded(name):
    return bytes(name).decode("utf-8", "surrogateescape")


def split_name(name):
    """Key and extension of a member: its file name is cut at the first dot, as WebDataset does.

    The extension is "" if there is no dot; in the key of a hidden file, its name is empty.
    """
    folder, slash, file = name.rpartition("/")
    stem, _, extension = file.partition(".")
    return f"{folder}{slash}{stem}", extension
