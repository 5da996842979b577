"""Checksums of tokens: what is served is what was written, for this image.

The index has one checksum per image. It binds the values of the image's row to all that says whose
they are, so that damaged values are seen, and whole ones in a wrong place too.
"""

import zlib

import numpy as np
import torch

from sklearn_ctran._utils.file_memo import FileMemo

# From unchanged files to the sums of their rows, -1 for a row that has not been read.
_memo = FileMemo(100_000)


def sums_of_rows(values):
    """The sum of each row of a Tensor (n, P, C)."""
    return [zlib.crc32(row) for row in values.view(torch.uint8).numpy().reshape(len(values), -1)]


def bound(total, space, shape, file, row, key):
    """The checksum of a row: its sum, bound to where it is and to the image that it belongs to."""
    return zlib.crc32(repr((total, space.name, space.dtype, shape, file, row, key)).encode())


def sums_in_file(file, status, n_rows, row_bytes, rows):
    """The sums of some rows of an open file with `n_rows`; None if it is too short.

    Each row is read once, as long as the file, of which `status` is the state, does not change.
    """
    times = (status.st_mtime_ns, status.st_ctime_ns)
    identity = (status.st_dev, status.st_ino, status.st_size, *times, n_rows)
    sums = _memo.get(identity)
    if sums is None:
        sums = np.full(n_rows, -1, dtype=np.int64)
    buffer = None
    for row in rows:
        if sums[row] < 0:
            buffer = bytearray(row_bytes) if buffer is None else buffer
            file.seek(row * row_bytes)
            if file.readinto(buffer) != row_bytes:
                return None
            sums[row] = zlib.crc32(buffer)
    _memo.keep(identity, sums, times)
    return sums[rows].tolist()
