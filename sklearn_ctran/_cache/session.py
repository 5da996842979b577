"""The session's directory: where tokens "in memory" are, shared with worker processes."""

import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
from contextlib import suppress
from multiprocessing.util import Finalize

from filelock import FileLock, Timeout

from sklearn_ctran._cache.lives import end_lives, remove_file

_RAM = "/dev/shm"

_LEAST_RAM = 2 * 10**9

_ENDED = "-ended"


class _Session:
    """The session that this process has made, inherited or joined."""

    def __init__(self):
        self.directory = None
        self.owner = None  # id of the process that made it; None if it was joined
        self.lock = None  # held by the owner while it lives
        self.guard = threading.Lock()

    def exists(self):
        return self.directory is not None and os.path.isdir(self.directory)


_session = _Session()


def session_token():
    """The text with which `join_session` shares this process's tokens in memory with a worker.

    It creates the session's directory: otherwise each worker would create its own. It is empty if
    no directory can be created.
    """
    try:
        return session_directory()
    except OSError:
        return ""


def join_session(token):
    """Share the tokens in memory of the process whose `session_token` is given.

    Does nothing if that process has ended, or if this process has tokens in memory already.
    """
    with _session.guard:
        if not _session.exists() and _is_session(token) and _has_owner(token):
            _session.directory, _session.owner, _session.lock = token, None, None


def _is_session(directory):
    """Whether a directory is that of a session of this user."""
    if not os.path.basename(directory).startswith(_session_prefix()):
        return False
    with suppress(OSError):
        # lstat: in a shared directory, another user's symbolic link may have that name.
        status = os.lstat(directory)
        return stat.S_ISDIR(status.st_mode) and status.st_uid == _user()
    return False


def _has_owner(directory):
    """Whether the process that made a session's directory is alive."""
    path = _lock_path(directory)
    if not os.path.exists(path):
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def _lock_path(directory):
    # Beside the directory, as Windows neither renames nor removes one with an open file in it.
    return f"{directory.removesuffix(_ENDED)}.lock"


def current_session():
    """The session's directory, or None if there is none yet."""
    return _session.directory if _session.exists() else None


def session_directory():
    """The session's directory, created if there is none."""
    with _session.guard:
        if not _session.exists():
            _start_session()
        return _session.directory


def free_bytes(directory, root="/"):
    """Bytes that can still be written to a directory's file system; `root` has proc and sys."""
    free = shutil.disk_usage(directory).free
    if directory.startswith(_RAM):
        # A file system in memory may be larger than the memory that is left.
        free = min([free, *_limits_of_memory(root)])
    return free


def free_memory(root="/"):
    """Bytes of memory that this process can still take; None where the system does not say."""
    return min(_limits_of_memory(root), default=None)


def _limits_of_memory(root):
    """Bytes that the machine has left, and those that containers and batch systems leave."""
    available = re.search(
        r"MemAvailable: *(\d+) kB", _read(os.path.join(root, "proc/meminfo")) or ""
    )
    if available:
        yield int(available[1]) * 1024
    yield from _left_to_cgroups(root)


def _left_to_cgroups(root):
    """Bytes of memory that containers and batch systems leave, for each limit found."""
    for base, group, names in _memory_cgroups(root):
        # In a container, the path may be the host's, of which only the root exists here.
        parts = [part for part in group.split("/") if part]
        for depth in range(len(parts) + 1):
            folder = os.path.join(root, base, *parts[:depth])
            limit, used = (_read(os.path.join(folder, name)) for name in names)
            if limit and used and limit.strip().isdecimal():
                yield max(int(limit) - int(used) + _reclaimable(folder), 0)


def _memory_cgroups(root):
    """Base directory, path, and names of limit and use of this process's cgroups, v2 and v1."""
    groups = _read(os.path.join(root, "proc/self/cgroup")) or ""
    for number, controllers, group in re.findall(r"(\d+):(.*?):(.*)", groups):
        if number == "0":
            yield "sys/fs/cgroup", group, ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
            yield "sys/fs/cgroup/memory", group, names


def _reclaimable(folder):
    """Bytes of a cgroup's use that are cached files, which the kernel frees when needed."""
    statistics = _read(os.path.join(folder, "memory.stat")) or ""
    # v1 has numbers with ("total_") and without the groups below. Neither has /dev/shm.
    found = dict(re.findall(r"^(\w+) (\d+)$", statistics, re.MULTILINE))
    names = ("inactive_file", "active_file")
    return sum(int(found.get(f"total_{name}", found.get(name, 0))) for name in names)


def _read(path):
    with suppress(OSError), open(path) as file:
        return file.read()
    return None


def _start_session():
    base = session_base()
    for place in {base, tempfile.gettempdir()}:
        _sweep_sessions(place)
    _end_session()  # Its directory may have been deleted.
    directory = os.path.join(base, _session_prefix() + secrets.token_hex(8))
    # Locked first: others would take an unlocked directory for a dead process's.
    lock = FileLock(_lock_path(directory), thread_local=False)
    lock.acquire()
    os.mkdir(directory, mode=0o700)
    _session.directory, _session.owner, _session.lock = directory, os.getpid(), lock
    # Not atexit, which forked children of multiprocessing skip. With this priority it runs after
    # the child processes, which may use the session, have ended.
    Finalize(None, _end_session, exitpriority=-100)


def session_base():
    """The parent of sessions' directories: in memory if there is enough room."""
    with suppress(OSError):
        if os.access(_RAM, os.W_OK) and free_bytes(_RAM) >= _LEAST_RAM:
            return _RAM
    return tempfile.gettempdir()


def _session_prefix():
    return f"sklearn-ctran-{_user()}-"


def _user():
    return getattr(os, "getuid", int)()


def _sweep_sessions(base):
    """Remove the directories that dead processes of this user have left behind."""
    for name in os.listdir(base):
        directory = os.path.join(base, name)
        if not (name.startswith(_session_prefix()) and _is_session(directory)):
            continue
        lock = FileLock(_lock_path(directory))
        # OSError: another process is sweeping it.
        with suppress(Timeout, OSError):
            with lock.acquire(timeout=0):
                _remove(directory)
            remove_file(_lock_path(directory))


def _end_session():
    """Remove the session's directory if this process created it."""
    if _session.owner != os.getpid():
        return
    end_lives(_session.directory)
    _remove(_session.directory)
    _session.lock.release()
    remove_file(_lock_path(_session.directory))
    _session.directory = _session.owner = _session.lock = None


def _remove(directory):
    # Renamed first, so that processes that joined it find all of it or nothing, and add nothing.
    # If this process is killed meanwhile, the next session sweeps it.
    ended = directory.removesuffix(_ENDED) + _ENDED
    with suppress(OSError):
        os.rename(directory, ended)
        directory = ended
    shutil.rmtree(directory, ignore_errors=True)


def _after_fork():
    # Another thread of the parent may have held the lock, and does not exist in the child.
    _session.guard = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
