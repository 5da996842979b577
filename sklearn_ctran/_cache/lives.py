"""Signs of life: locked files that tell which processes are still working in a directory."""

import atexit
import os
import secrets
from contextlib import suppress

from filelock import FileLock, Timeout

from sklearn_ctran._cache.trust import is_owner, is_plain_file

_lives = {}  # (process id, directory) -> _Life


class _Life:
    """A locked file. The system unlocks it when this process ends, however it ends."""

    def __init__(self, directory):
        self.owner = secrets.token_hex(8)
        self.path = life_path(directory, self.owner)
        # Not thread-local: it belongs to the whole process.
        self._lock = FileLock(self.path, thread_local=False)
        self._lock.acquire()

    def end(self):
        self._lock.release()  # Before the removal: Windows does not remove open files.
        with suppress(OSError):
            os.unlink(self.path)


def current_owner(directory):
    """The name of this process in a directory; None if it shows no sign of life there."""
    life = _lives.get((os.getpid(), directory))
    # The directory may have been deleted and made again since.
    return life.owner if life is not None and os.path.exists(life.path) else None


def start_life(directory):
    """Show a sign of life in a directory; returns this process's name there."""
    life = _lives[os.getpid(), directory] = _Life(directory)
    return life.owner


@atexit.register
def end_lives(directory=None):
    """Remove this process's signs of life: all of them, or the one in a directory."""
    for process, where in list(_lives):
        # A forked child has inherited those of its parent, which are not its own.
        if process == os.getpid() and directory in (None, where):
            _lives.pop((process, where)).end()


def is_alive(directory, owner):
    """Whether the process with this name lives; the file of a dead one is removed.

    Nobody lives whose name or file is not one that a process makes: locking a file empties it.
    """
    if not is_owner(owner):
        return False
    path = life_path(directory, owner)
    if not is_plain_file(path):
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, PermissionError):
        return True
    lock.release()  # Before the removal: Windows does not remove open files.
    remove_file(path)
    return False


def life_path(directory, owner):
    """The path of a process's sign of life."""
    return os.path.join(directory, f"{owner}.alive")


def remove_file(path):
    """Remove a file, or leave it to a later sweep where Windows refuses because it is in use."""
    with suppress(FileNotFoundError, PermissionError, IsADirectoryError):
        os.unlink(path)
