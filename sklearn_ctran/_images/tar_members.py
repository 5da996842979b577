"""Files inside of tar files that are not compressed, read from their place there."""

import io
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """A tar file as it was when it was looked through.

    Attributes
    ----------
    path : str
    size : int
        Bytes.
    mtime_ns : int
        When it was last changed.
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class TarMember:
    """A file inside of a tar file. It holds no open file, and can be pickled.

    Attributes
    ----------
    shard : Shard
    name : str
        Its path inside of the tar file.
    offset, size : int
        Where its bytes begin, and how many there are.
    """

    shard: Shard
    name: str
    offset: int
    size: int

    @property
    def path(self):
        """The paths of the tar file and inside of it, in one text."""
        return f"{self.shard.path}/{self.name}"

    def open(self):
        """A binary file of its bytes, as ``PIL.Image.open`` takes it.

        Raises ValueError if the tar file has changed since it was looked through.
        """
        return io.BufferedReader(self.raw())

    def read(self):
        """Its bytes."""
        with self.open() as file:
            return file.read()

    def raw(self):
        """As `open`, without a buffer."""
        return _Window(self)


class _Window(io.RawIOBase):
    """Part of a file, which is read as a file of its own.

    It has no ``fileno``: libraries in C would read what is around it.
    """

    def __init__(self, member):
        self._first, self._size, self._position = member.offset, member.size, 0
        # A file each time: an open one can neither be pickled nor be shared by threads.
        self._file = io.FileIO(member.shard.path)
        status = os.fstat(self._file.fileno())
        if (status.st_size, status.st_mtime_ns) != (member.shard.size, member.shard.mtime_ns):
            self._file.close()
            raise ValueError("the tar file has changed since load_shards: call it again")

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET, /):
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"there is no position {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer, /):
        n_left = max(self._size - self._position, 0)
        self._file.seek(self._first + self._position)
        n_read = self._file.readinto(memoryview(buffer)[:n_left])
        self._position += n_read
        return n_read

    def close(self):
        if not self.closed:
            self._file.close()
        super().close()
