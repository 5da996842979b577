"""A directory that keeps the state of a fit, for another process to go on after a power cut."""

import hashlib
import io
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from sklearn_ctran._utils.files import sync_folder
from sklearn_ctran._utils.warnings import warn

_HEADER, _LOCK = "fit.json", "lock"
_FORMAT = 1
_OTHERS = "Choose another directory, or delete this one to begin anew."


@contextmanager
def checkpoint_folder(path):
    """The CheckpointFolder at `path`, None for None, while no other fit uses it.

    Raises OSError if nothing can be written there, RuntimeError if another fit uses it.
    """
    if path is None:
        yield None
        return
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(
            f"checkpoint: another fit uses {str(folder)!r} now. Give each a directory of its own."
        ) from None
    except OSError as error:
        raise OSError(f"checkpoint: nothing can be written to {str(folder)!r}: {error}") from error
    try:
        yield CheckpointFolder(folder)
    finally:
        lock.release()


class CheckpointFolder:
    """One state of one fit. A new state replaces the last at once and completely.

    Attributes
    ----------
    description : dict of str to str
        What the fit is made of, by name; a state of another fit is refused.
    """

    def __init__(self, folder):
        self.folder = folder
        self.description = None

    def read(self, description):
        """The state of the fit with this description, as `write` got it; None if there is none.

        Raises ValueError if the directory holds another fit, or the state is damaged.
        """
        self.description = description
        path = self.folder / _HEADER
        if not path.exists():
            others = [each.name for each in self.folder.iterdir() if each.name != _LOCK]
            others = sorted(name for name in others if not _is_ours(name))
            if others:
                raise ValueError(
                    f"checkpoint: {str(self.folder)!r} holds other files, such as {others[0]!r}. "
                    "Choose a directory of its own."
                )
            return None
        header = self._read_header(path)
        self._check_same(header)
        content = (self.folder / header["state"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != header["sha256"]:
            raise ValueError(
                f"checkpoint: {str(self.folder / header['state'])!r} is damaged: its checksum is "
                f"not that of when it was written. {_OTHERS}"
            )
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)

    def write(self, state, progress):
        """Replace the state, a dict of tensors and plain values. `progress` is it in words.

        If that fails, for want of space for instance, a warning says so, and the last one stays.
        """
        number = 1 - self._number()
        path = self.folder / f"state-{number}.pt"
        try:
            with _Summed(path) as file:
                torch.save(state, file)
            header = {
                "format": _FORMAT,
                "progress": progress,
                "state": path.name,
                "sha256": file.sha256(),
                "fit": self.description,
            }
            _replace(self.folder / _HEADER, json.dumps(header, indent=1).encode())
        # torch raises RuntimeError if a file cannot be written to.
        except (OSError, RuntimeError) as error:
            path.unlink(missing_ok=True)
            warn(
                f"checkpoint: the state of the fit ({progress}) could not be written to "
                f"{str(self.folder)!r}: {error}. The one before it, if any, is whole; training "
                "goes on."
            )
        else:
            (self.folder / f"state-{1 - number}.pt").unlink(missing_ok=True)

    def check_space(self, n_bytes):
        """Raise OSError unless two states of `n_bytes` fit on the disk."""
        free = shutil.disk_usage(self.folder).free
        if free < 2 * n_bytes:
            raise OSError(
                f"checkpoint: {str(self.folder)!r} has {free / 1e6:,.0f} MB of free space, but "
                f"this fit needs {2 * n_bytes / 1e6:,.0f} MB there."
            )

    def _number(self):
        """Of the state that the header names; 1 if there is none."""
        try:
            return int(self._read_header(self.folder / _HEADER)["state"] == "state-1.pt")
        except (OSError, ValueError):
            return 1

    def _read_header(self, path):
        try:
            header = json.loads(path.read_text(encoding="utf-8"))
            is_known = header["format"] == _FORMAT and _is_ours(header["state"])
            if not is_known or not isinstance(header["fit"], dict):
                raise ValueError("it is of another version")
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"checkpoint: {str(path)!r} cannot be read: {error}. {_OTHERS}"
            ) from None
        return header

    def _check_same(self, header):
        before, now = header["fit"], self.description
        for name in [*now, *(set(before) - set(now))]:
            old, new = before.get(name, "not there"), now.get(name, "not there")
            if old != new:
                is_digest = name.startswith("the ")
                what = f"{name} are others" if is_digest else f"{name} was {old} and is {new}"
                raise ValueError(
                    f"checkpoint: {str(self.folder)!r} holds another fit ({header['progress']}): "
                    f"{what}. {_OTHERS}"
                )


def _is_ours(name):
    return name in ("state-0.pt", "state-1.pt", _HEADER, _HEADER + ".tmp")


def _replace(path, content):
    """Write a file completely or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
        os.replace(unfinished, path)
        sync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


class _Summed:
    """A new file that knows the digest of what is written to it, and is on the disk when closed."""

    def __init__(self, path):
        self._file = open(path, "wb")  # noqa: SIM115
        self._digest = hashlib.sha256()

    def write(self, data):
        self._digest.update(data)
        return self._file.write(data)

    def flush(self):
        self._file.flush()

    def sha256(self):
        return self._digest.hexdigest()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
