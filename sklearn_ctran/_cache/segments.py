"""A token cache's segments: files with the tokens of one batch, written once, then mapped."""

import errno
import os
import stat
from math import prod
from typing import NamedTuple

import numpy as np
import torch

from sklearn_ctran._cache.index import NoRoom
from sklearn_ctran._cache.lives import remove_file

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CachedTokens:
    """Tokens in mapped files or, if the cache had no room for them, in memory.

    They stay readable whatever happens to the cache. A pickle has the paths of the files, not their
    contents, so that worker processes of a DataLoader map them too. The tokens of image i are row
    ``rows[i]`` of ``segments[slots[i]]``; both arrays are (n,), int.
    """

    def __init__(self, segments, slots, rows):
        self._segments = segments
        self._slots = slots
        self._rows = rows

    def __len__(self):
        return len(self._rows)

    @property
    def shape(self):
        """(n, P, C): images, tokens per image, channels."""
        return len(self), *self._segments[0].values.shape[1:]

    def batch(self, rows, generator=None):
        """Rows as a new float32 Tensor (B, P, C), never augmented: `generator` is ignored."""
        rows = np.asarray(rows)
        out = torch.empty(len(rows), *self.shape[1:])
        places = zip(self._slots[rows].tolist(), self._rows[rows].tolist(), strict=True)
        for target, (slot, row) in zip(out, places, strict=True):
            target.copy_(self._segments[slot].values[row])
        return out

    def __repr__(self):
        return f"CachedTokens(shape={self.shape})"

    def __getstate__(self):
        return vars(self) | {"_segments": [segment.packed() for segment in self._segments]}

    def __setstate__(self, state):
        vars(self).update(state)
        self._segments = [_unpacked(*segment) for segment in state["_segments"]]


class Segment(NamedTuple):
    """The tokens of one batch, Tensor (n, P, C) of the stored dtype."""

    path: str | None  # None if it has no file
    values: torch.Tensor

    def packed(self):
        """Path, shape, dtype and, if there is no such file, the values."""
        is_there = self.path is not None and _is_intact(self.path, self.values.nbytes)
        values = None if is_there else self.values.clone()
        return self.path, tuple(self.values.shape), self.values.dtype, values


def _unpacked(path, shape, dtype, values):
    if values is None:
        values = map_file(path, shape, dtype)
    if values is None:
        raise FileNotFoundError(
            f"The cached tokens {path} were removed after these were pickled: request them from "
            "the cache again."
        )
    return Segment(path, values)


def write_file(path, values, durable):
    """Write a tensor's bytes to a file; if anything is raised, there is no file."""
    unfinished = f"{os.path.splitext(path)[0]}.tmp"
    try:
        with open(unfinished, "xb") as file:
            file.write(values.view(torch.uint8).numpy())  # numpy knows no bfloat16
            if durable:
                # Otherwise a power cut may leave a file of zeros of the size that is expected.
                file.flush()
                os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException as error:
        remove_file(unfinished)
        if isinstance(error, OSError) and error.errno in _FULL:
            raise NoRoom from error
        raise


def map_file(path, shape, dtype):
    """Map a file as a tensor of a shape and dtype; None if it is missing or of another size.

    The file is read when the tensor is used. torch.from_file keeps no file descriptor open, of
    which a process may have few. If the process has too many maps, the file is read at once.
    """
    n_values = prod(shape)
    n_bytes = n_values * dtype.itemsize
    if not _is_intact(path, n_bytes):
        return None
    try:
        values = torch.from_file(path, shared=False, size=n_values, dtype=dtype)
    except (RuntimeError, OSError):
        values = _read_file(path, dtype)
        if values is None or len(values) != n_values:
            return None  # Removed or damaged in between.
    return values.view(shape)


def _read_file(path, dtype):
    try:
        values = np.fromfile(path, dtype=np.uint8)
    except FileNotFoundError:
        return None
    return torch.from_numpy(values[: len(values) // dtype.itemsize * dtype.itemsize]).view(dtype)


def _is_intact(path, n_bytes):
    try:
        status = os.lstat(path)  # Links may lead out of the cache, and pipes never end.
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == n_bytes
