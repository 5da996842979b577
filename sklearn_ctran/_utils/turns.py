"""Turns on a GPU that several worker processes share."""

import multiprocessing
import os
import re
import tempfile
import threading
from contextlib import contextmanager

import torch
from filelock import FileLock


class _Turn:
    """This process's turn on a device, which any number of its threads may use at a time."""

    def __init__(self, path):
        self._lock = FileLock(path, thread_local=False)
        self._guard = threading.Lock()
        self._n = 0

    @property
    def is_held(self):
        return self._n > 0

    def enter(self):
        with self._guard:
            if not self._n:
                self._lock.acquire()
            self._n += 1

    def leave(self, clean_up):
        with self._guard:
            self._n -= 1
            if not self._n:
                try:
                    clean_up()
                finally:
                    self._lock.release()


_turns, _guard = {}, threading.Lock()


@contextmanager
def turn(device):
    """Inside the block, no other worker process of this user computes on a GPU.

    What the block leaves in torch's memory without need is given back to the others. Blocks inside
    of blocks, and those of other threads, belong to the same turn. A process that dies has no turn
    any more. Nobody may wait inside for another process, which could wait for its turn.

    Does nothing on a CPU, and in a process that no other one has started as its worker: in a
    second notebook, a prediction should not wait for a training in the first.
    """
    if not is_shared(device):
        yield
        return
    held = _turn_on(device)
    held.enter()
    try:
        yield
    finally:
        held.leave(lambda: _give_back(device))


def is_shared(device):
    """Whether processes beside this one may have the same work to do on a device."""
    is_worker = multiprocessing.parent_process() is not None
    return is_worker and torch.device(device).type == "cuda"


def is_held(device):
    """Whether it is this process's turn on a device."""
    return _turn_on(device).is_held


def _turn_on(device):
    path = os.path.join(_folder(), f"{re.sub(r'[^A-Za-z0-9]+', '-', _name(device))}.lock")
    with _guard:
        if path not in _turns:
            _turns[path] = _Turn(path)
        return _turns[path]


def _name(device):
    """What a device is called in all processes, which may count devices differently."""
    device = torch.device(device)
    if device.type != "cuda":
        return str(device)
    index = torch.cuda.current_device() if device.index is None else device.index
    number = f"{os.environ.get('CUDA_VISIBLE_DEVICES', '')} {index}"
    # torch 2.4 does not tell it.
    return str(getattr(torch.cuda.get_device_properties(index), "uuid", number))


def _folder():
    """The folder of the locks, in which nobody else can write."""
    user = getattr(os, "getuid", int)()
    folder = os.path.join(tempfile.gettempdir(), f"sklearn-ctran-turns-{user}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.lstat(folder).st_uid != user or os.path.islink(folder):
        raise PermissionError(f"{folder} belongs to another user: remove it, or set TMPDIR.")
    return folder


def _give_back(device):
    """Free what torch keeps for later; on a device in which other processes may need it."""
    if torch.device(device).type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.empty_cache()
