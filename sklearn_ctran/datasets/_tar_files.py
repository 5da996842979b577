"""What is in a tar file, and whether all of it is there."""

import tarfile
from typing import NamedTuple

from sklearn_ctran._images.tar_members import Shard
from sklearn_ctran._utils.files import file_status

_BLOCK = 512

_READ_BYTES = 1 << 20

#: How files begin that tar has compressed, with their names.
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}

_KINDS = {
    tarfile.LNKTYPE: "a hard link (tar --hard-dereference writes files instead)",
    tarfile.SYMTYPE: "a symbolic link (tar --dereference writes files instead)",
    tarfile.GNUTYPE_SPARSE: "a sparse file (tar writes an ordinary one without --sparse)",
}


class Found(NamedTuple):
    """A file inside of a tar file, of which `offset` is the first byte."""

    name: str
    offset: int
    size: int


def shard_of(path):
    """The Shard of a path; ValueError if it is no ordinary file, or is compressed."""
    try:
        status = file_status(path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}, but shards are tar files.") from None
    with open(path, "rb") as file:
        start = file.read(8)
    for magic, name in _COMPRESSED.items():
        if start.startswith(magic):
            raise ValueError(
                f"{path} is compressed by {name}, so that its images cannot be read one by one. "
                f"Write it without compression; images are compressed already."
            )
    return Shard(path, status.st_size, status.st_mtime_ns)


def members_of(path):
    """Yield the ordinary files (Found) of a tar file; ValueError if it is damaged or cut short.

    Folders are passed over. Raises ValueError for links too, which have no bytes of their own.
    """
    with open(path, "rb") as file:
        try:
            with tarfile.open(
                fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape"
            ) as tar:
                yield from _walk(tar, path)
                _check_end(file, tar.offset)
        # tarfile lets errors of its parts through: those of numbers and texts that are damaged.
        except (tarfile.TarError, ArithmeticError, LookupError, EOFError, _Damaged) as error:
            raise ValueError(
                f"{path} is damaged, or no tar file: {error or type(error).__name__}. Write or "
                "fetch it again."
            ) from error


class _Damaged(Exception):
    """A tar file is not whole."""


def _walk(tar, path):
    end = -1
    while True:
        try:
            member = tar.next()
        except ValueError as error:
            raise _Damaged(f"{error}") from error
        if member is None:
            return
        tar.members.clear()  # They would all be kept.
        if member.size < 0 or tar.offset <= end:
            raise _Damaged(f"the size of {member.name!r} is wrong")
        end = tar.offset
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            kind = _KINDS.get(member.type, "no ordinary file")
            raise ValueError(f"{path}, {member.name!r}: it is {kind}.")
        yield Found(member.name, member.offset_data, member.size)


def _check_end(file, end):
    """Raise _Damaged unless zeros, and nothing else, follow the last member.

    tarfile takes whatever it does not understand for the end.
    """
    file.seek(end)
    mark = file.read(_BLOCK)
    if not mark:
        raise _Damaged("it ends without an end mark, as one that was cut short")
    if mark.strip(b"\0"):
        raise _Damaged(f"what is at byte {end:,} is no header")
    while chunk := file.read(_READ_BYTES):
        if chunk.strip(b"\0"):
            raise _Damaged(f"more follows after the end mark at byte {end:,}; were files joined?")
