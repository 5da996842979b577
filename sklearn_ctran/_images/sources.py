"""What a row holds, and how its file is opened: never what blocks, or takes all of the memory."""

import io
import os
import threading
from contextlib import contextmanager

import numpy as np
from PIL import Image, UnidentifiedImageError

from sklearn_ctran._images.bounded import BoundedBytes, BoundedFile, check_size
from sklearn_ctran._images.tar_members import TarMember
from sklearn_ctran._utils.files import file_status

#: Formats whose small files may have no zero byte, as a path has none.
_WITHOUT_ZERO = ("PPM", "XBM", "XPM", "EPS")

_LONGEST_PATH = 4096

# More than threads, so that few of them wait for one another.
_LOCKS = [threading.Lock() for _ in range(64)]


def is_path(item):
    """Tell a path, or the bytes of a file, from anything else."""
    return isinstance(item, (str, bytes, os.PathLike))


def source(item):
    """Return what a row holds: a path (str), a file's bytes, an image; else None.

    An image is a PIL image, an array or a TarMember.

    A dict has "bytes", "path" or both, as Hugging Face's ``datasets`` give images that are not
    decoded; its bytes come first. Plain bytes are a path unless they cannot be one or PIL knows
    them as an image.
    """
    if isinstance(item, dict):
        data, item = item.get("bytes"), item.get("path")
        if data is not None:
            return data if isinstance(data, bytes) else None
    if isinstance(item, io.BytesIO):
        return item.getvalue()
    if isinstance(item, bytes) and _is_encoded(item):
        return item
    if is_path(item):
        return os.fsdecode(item)
    return item if isinstance(item, (np.ndarray, Image.Image, TarMember)) else None


def _is_encoded(data):
    if not data or b"\0" in data or len(data) > _LONGEST_PATH:
        return True
    try:
        with Image.open(io.BytesIO(data), formats=_WITHOUT_ZERO):
            return True
    except Exception:
        return False


@contextmanager
def named(row, item):
    """Turn errors inside the context into ones that name the row and the file."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{_place(row, item)}: there is no such file.") from None
    # On broken files, PIL raises errors of many types: SyntaxError, struct.error, IndexError.
    except Exception as error:
        # PIL's own message has the file object's address instead of its path.
        unknown = isinstance(error, UnidentifiedImageError)
        # The system's message repeats the path; strerror does not.
        reason = getattr(error, "strerror", None) or f"{error}" or type(error).__name__
        reason = "its format is not known" if unknown else reason
        raise ValueError(
            f"{_place(row, item)}: cannot be read as an image: {shortened(reason)}"
        ) from error


def _place(row, item):
    """Return the row in words, with the path if it has one."""
    try:
        path = item.get("path") if isinstance(item, dict) else source(item)
    except Exception:
        path = None
    path = path.path if isinstance(path, TarMember) else path
    return f"row {row}: {shortened(path)}" if isinstance(path, str) else f"row {row}"


def shortened(text, length=200):
    """Return a text without its middle if it is long."""
    half = length // 2
    return text if len(text) <= length else f"{text[:half]} ... {text[-half:]}"


@contextmanager
def opened(held):
    """Open a path, a file's bytes or a TarMember with PIL, without decoding the pixels.

    Raises ValueError if the file is a trap: a pipe, or much smaller or larger than its picture.
    """
    # PIL gets an open file: it would map one that it opens into memory, and a file that another
    # program cuts short meanwhile would end the process.
    with _file(held) as file, Image.open(file) as image:
        check_size(image, file)
        yield image


def read_bytes(held):
    """Return the bytes of a path, of a file in memory or of a TarMember."""
    if isinstance(held, bytes):
        return held
    if isinstance(held, TarMember):
        return held.read()
    file_status(held)
    with open(held, "rb") as file:
        return file.read()


def _file(held):
    """Open a path, bytes or a TarMember to read it; no more than a picture needs."""
    if isinstance(held, bytes):
        return BoundedBytes(held)
    if isinstance(held, TarMember):
        return BoundedFile(held.raw())
    file_status(held)
    return BoundedFile(io.FileIO(held))


def lock_of(image):
    """Return the lock under which a PIL image is read: two threads that load it break it."""
    return _LOCKS[id(image) // 64 % len(_LOCKS)]
