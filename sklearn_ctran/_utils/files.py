"""Files that are ordinary, and files that are replaced at once and completely."""

import hashlib
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path

_SPECIAL = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def file_status(path):
    """Return `os.stat` of a path; ValueError unless it is an ordinary file.

    Opening a pipe would wait for its other end, perhaps forever.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        kind = _SPECIAL.get(stat.S_IFMT(status.st_mode), "no ordinary file")
        raise ValueError(f"it is {kind}")
    return status


def writable(path, example):
    """The Path of a file that can be written, checked before minutes of work.

    `example` is a name for such a file. Raises IsADirectoryError, FileNotFoundError or
    PermissionError if its folder is none, or must not be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it, such as {example}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} into.")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(
            f"The folder {path.parent} cannot be written to: choose another path."
        )
    return path


def sha256_of(path):
    """The SHA-256 digest of a file's bytes, as text; the file is read in parts."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path):
    """The path of a new file beside `path` (Path), whose place it takes at the end of the block.

    If anything is raised, or the process dies, the file that was at `path` is still there, whole.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        unfinished.touch()
        # That of the file before, or what the user's mask says of new ones.
        mode = (path if path.exists() else unfinished).stat().st_mode
        yield unfinished
        unfinished.chmod(mode)
        with open(unfinished, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        sync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def sync_folder(folder):
    """Put the names of a folder's files on the disk, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
