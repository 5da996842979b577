"""A token cache's segments: files with the tokens of one batch, written once, then read by row.

A process that reads a mapped file is killed if the file has become shorter. Where others can
change files, rows are therefore read, and the map is used only if the cache has removed the file
meanwhile.
"""

import os
import stat
from contextlib import suppress
from io import FileIO
from itertools import count, groupby
from math import prod
from operator import itemgetter
from tempfile import TemporaryFile
from typing import NamedTuple

import numpy as np
import torch

from sklearn_ctran._cache.checksums import sums_in_file
from sklearn_ctran._cache.database import FULL, NoRoom, way_out
from sklearn_ctran._cache.lives import remove_file

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

# A path may have become a link or a pipe, which would never end.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


class CachedTokens:
    """Tokens in files or, if the cache had no room for them, in memory.

    They stay readable if the cache removes the files. A pickle has the paths of the files, not
    their contents, so that worker processes of a DataLoader read them too. The tokens of image i
    are row ``rows[i]`` of ``segments[slots[i]]``; both arrays are (n,), int.
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

    @property
    def files(self):
        """Paths of the files; None in place of one for which the cache had no room."""
        return [segment.path for segment in self._segments]

    def batch(self, rows, generator=None):
        """Rows as a new float32 Tensor (B, P, C), never augmented: `generator` is ignored."""
        rows = np.asarray(rows)
        out = torch.empty(len(rows), *self.shape[1:])
        places = zip(self._slots[rows].tolist(), self._rows[rows].tolist(), count(), strict=False)
        for slot, group in groupby(places, itemgetter(0)):
            self._segments[slot].copy_rows(((row, target) for _, row, target in group), out)
        return out

    def __repr__(self):
        return f"CachedTokens(shape={self.shape})"

    def __getstate__(self):
        return vars(self) | {"_segments": [segment.packed() for segment in self._segments]}

    def __setstate__(self, state):
        vars(self).update(state)
        self._segments = [_unpacked(*segment) for segment in state["_segments"]]


class Segment(NamedTuple):
    """The tokens of one batch."""

    values: torch.Tensor  # (n, P, C) of the stored dtype
    path: str | None = None  # None if it has no file
    identity: tuple = ()  # device and inode of the file
    is_shared: bool = False  # whether others can change the file

    @property
    def row_bytes(self):
        return self.values.nbytes // len(self.values)

    def copy_rows(self, places, out):
        """Copy rows to float32 `out` (batch, P, C); places are pairs of a row here and one there.

        Raises OSError if the file has become too short.
        """
        file = self._open() if self.is_shared else None
        if file is None:
            for row, target in places:
                out[target] = self._row(row)
            return
        n_bytes = self.row_bytes
        is_direct = self.values.dtype == out.dtype
        buffer = None if is_direct else torch.empty(out.shape[1:], dtype=self.values.dtype)
        memory = out.numpy() if is_direct else buffer.view(torch.uint8).numpy()
        with file:
            for row, target in places:
                file.seek(row * n_bytes)
                if file.readinto(memory[target] if is_direct else memory) != n_bytes:
                    raise self._too_short()
                if not is_direct:
                    out[target] = buffer

    def sums(self, rows):
        """The sums of some rows (`checksums`) in the file; None if it is gone or too short."""
        file = self._open()
        if file is None:
            return None
        with file:
            status = os.fstat(file.fileno())
            return sums_in_file(file, status, len(self.values), self.row_bytes, rows)

    def packed(self):
        """The arguments of `map_file` and, if there is no such file, the values."""
        file = self._open()
        if file is not None:
            file.close()
        values = None
        if file is None:
            values = torch.stack([self._row(row) for row in range(len(self.values))])
        return self.path, tuple(self.values.shape), self.values.dtype, self.is_shared, values

    def _row(self, row):
        """A row of the map. OSError, not the end of the process, if the file had become too short.

        The system copies the row to another file, where it says so if it cannot.
        """
        values = self.values[row]
        if not self.is_shared:
            return values
        copy = torch.empty_like(values)
        with _scratch_file() as file:
            with suppress(OSError):
                file.write(values.view(torch.uint8).numpy())
            if file.tell() != self.row_bytes:
                raise self._too_short()
            file.seek(0)
            file.readinto(copy.view(torch.uint8).numpy())
        return copy

    def _open(self):
        """The open file, unbuffered; None if there is none or another one at its path."""
        if self.path is None:
            return None
        try:
            file = FileIO(os.open(self.path, _FLAGS))
        except OSError:
            return None
        status = os.fstat(file.fileno())
        if (status.st_dev, status.st_ino) != self.identity:
            file.close()
            return None
        return file

    def _too_short(self):
        return OSError(
            f"The cached tokens {self.path} are shorter than they were: somebody has changed the "
            "file while it was in use. If it is called again, what is missing is computed again. "
            f"If this happens often, {way_out(os.path.dirname(self.path))}, or choose another "
            "location."
        )


def _scratch_file():
    if hasattr(os, "memfd_create"):
        return FileIO(os.memfd_create("row"), "r+")
    return TemporaryFile(buffering=0)


def _unpacked(path, shape, dtype, is_shared, values):
    segment = Segment(values) if values is not None else map_file(path, shape, dtype, is_shared)
    if segment is None:
        raise FileNotFoundError(
            f"The cached tokens {path} were removed after these were pickled: request them from "
            "the cache again."
        )
    return segment


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
        if isinstance(error, OSError) and error.errno in FULL:
            raise NoRoom from error
        raise


def map_file(path, shape, dtype, is_shared):
    """Map a file as a Segment of a shape and dtype; None if it is missing or of another size.

    torch.from_file keeps no file descriptor open, of which a process may have few. If the process
    has too many maps, the file is read at once.
    """
    n_values = prod(shape)
    n_bytes = n_values * dtype.itemsize
    identity = _identity(path, n_bytes)
    if identity is None:
        return None
    try:
        values = torch.from_file(path, shared=False, size=n_values, dtype=dtype)
    except (RuntimeError, OSError):
        values = _read_file(path, n_bytes, dtype)
        if values is None:
            return None
    return Segment(values.view(shape), path, identity, is_shared)


def _read_file(path, n_bytes, dtype):
    """A file's values; None if it has been removed or has another size by now."""
    try:
        values = np.fromfile(path, dtype=np.uint8)
    except FileNotFoundError:
        return None
    return torch.from_numpy(values).view(dtype) if len(values) == n_bytes else None


def _identity(path, n_bytes):
    """Device and inode of a plain file of a size; None if there is none."""
    try:
        status = os.lstat(path)  # Links may lead out of the cache, and pipes never end.
    except FileNotFoundError:
        return None
    is_intact = stat.S_ISREG(status.st_mode) and status.st_size == n_bytes
    return (status.st_dev, status.st_ino) if is_intact else None
