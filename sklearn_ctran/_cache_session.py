"""The directory of this session: where tokens "in memory" are, shared with worker processes."""

import atexit
import os
import re
import shutil
import stat
import tempfile
import threading
from contextlib import suppress

from filelock import FileLock, Timeout

_RAM = "/dev/shm"
_LEAST_RAM = 2 * 10**9


class _Session:
    """Where this process's tokens "in memory" are."""

    def __init__(self):
        self.directory = None
        self.owner = None  # id of the process that made it, if that was us or a parent
        self.lock = None  # held by the owner as long as it lives
        self.guard = threading.Lock()

    def exists(self):
        return self.directory is not None and os.path.isdir(self.directory)


_session = _Session()


def session_token():
    """What a worker process needs to share this process's tokens in memory.

    Makes the session's directory, for else each worker would make one of its own.

    Returns
    -------
    str
        For `join_session`; empty if there is nowhere to make a directory.
    """
    try:
        return session_directory()
    except OSError:
        return ""


def join_session(token):
    """Share the tokens in memory of the process that `token` is from.

    Does nothing if that process is gone, or if this process has tokens in memory already.

    Parameters
    ----------
    token : str
        From `session_token`, in this process or another.
    """
    with _session.guard:
        if not _session.exists() and _is_session(token):
            _session.directory, _session.owner, _session.lock = token, None, None


def _is_session(directory):
    """Whether it is a session's directory that belongs to this user."""
    if not os.path.basename(directory).startswith(_session_prefix()):
        return False
    with suppress(OSError):
        # lstat: in a directory for all, somebody else's link may have that name.
        status = os.lstat(directory)
        return stat.S_ISDIR(status.st_mode) and status.st_uid == _user()
    return False


def current_session():
    """The session's directory, or None if there is none yet."""
    return _session.directory if _session.exists() else None


def session_directory():
    """The session's directory, made if there is none."""
    with _session.guard:
        if not _session.exists():
            _start_session()
        return _session.directory


def free_bytes(directory):
    """What can still be written to a directory's file system."""
    free = shutil.disk_usage(directory).free
    if directory.startswith(_RAM):
        # A file system in memory may be larger than what is left of the memory.
        with suppress(OSError), open("/proc/meminfo") as meminfo:
            available = re.search(r"MemAvailable: *(\d+) kB", meminfo.read())
            free = min(free, int(available[1]) * 1024)
    return free


def _start_session():
    base = session_base()
    for place in {base, tempfile.gettempdir()}:
        _sweep_sessions(place)
    unfinished = tempfile.mkdtemp(prefix="new-" + _session_prefix(), dir=base)
    lock = FileLock(os.path.join(unfinished, "owner.lock"), thread_local=False)
    lock.acquire()
    # Renamed only now: under its name and not locked, others would take it for a dead one's.
    directory = os.path.join(base, os.path.basename(unfinished).removeprefix("new-"))
    os.rename(unfinished, directory)
    _session.directory, _session.owner, _session.lock = directory, os.getpid(), lock


def session_base():
    """Where sessions have their directories: in memory if there is room for some tokens."""
    with suppress(OSError):
        if os.access(_RAM, os.W_OK) and free_bytes(_RAM) >= _LEAST_RAM:
            return _RAM
    return tempfile.gettempdir()


def _session_prefix():
    return f"sklearn-ctran-{_user()}-"


def _user():
    return getattr(os, "getuid", int)()


def _sweep_sessions(base):
    """Remove the directories that dead processes of this user left behind."""
    for name in os.listdir(base):
        directory = os.path.join(base, name)
        if not (name.startswith(_session_prefix()) and _is_session(directory)):
            continue
        lock = FileLock(os.path.join(directory, "owner.lock"))
        # OSError: somebody else is sweeping it.
        with suppress(Timeout, OSError), lock.acquire(timeout=0):
            shutil.rmtree(directory, ignore_errors=True)


@atexit.register
def _end_session():
    if _session.owner == os.getpid():
        shutil.rmtree(_session.directory, ignore_errors=True)
        _session.lock.release()


def _after_fork():
    # Another thread of the parent may have held it.
    _session.guard = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
