"""Files that are replaced at once and completely."""

import os
import secrets
from contextlib import contextmanager, suppress


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
