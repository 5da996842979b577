"""What a row holds, and how its file is opened: never what blocks, or takes all of the memory."""

import io
import os
import stat
import threading
from contextlib import contextmanager

import numpy as np
from PIL import Image, UnidentifiedImageError

#: PIL reads the chunks of a PNG file as a whole, up to 2 GB. Only those of pixels are so long.
_CHUNK_BYTES = 1 << 26

_PNG = b"\x89PNG\r\n\x1a\n"

#: Photos have fewer pixels for each byte of their file, by far.
_PIXELS_PER_BYTE = 100

#: Formats whose small files may have no zero byte, as a path has none.
_WITHOUT_ZERO = ("PPM", "XBM", "XPM", "EPS")

_LONGEST_PATH = 4096

_SPECIAL = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

# More than threads, so that few of them wait for one another.
_LOCKS = [threading.Lock() for _ in range(64)]


def is_path(item):
    """Tell a path, or the bytes of a file, from anything else."""
    return isinstance(item, (str, bytes, os.PathLike))


def source(item):
    """Return what a row holds: a path (str), a file's bytes, a PIL image, an array; else None.

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
    return item if isinstance(item, (np.ndarray, Image.Image)) else None


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
    return f"row {row}: {shortened(path)}" if isinstance(path, str) else f"row {row}"


def shortened(text, length=200):
    """Return a text without its middle if it is long."""
    half = length // 2
    return text if len(text) <= length else f"{text[:half]} ... {text[-half:]}"


def file_status(path):
    """Return `os.stat` of a path; ValueError unless it is an ordinary file.

    Opening a pipe would wait for its other end, perhaps forever.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        kind = _SPECIAL.get(stat.S_IFMT(status.st_mode), "no ordinary file")
        raise ValueError(f"it is {kind}")
    return status


@contextmanager
def opened(held):
    """Open a path or a file's bytes with PIL, without decoding the pixels.

    Raises ValueError if the file is a trap: a pipe, or small and of a huge declared size.
    """
    # PIL gets an open file: it would map one that it opens into memory, and a file that another
    # program cuts short meanwhile would end the process.
    with _file(held) as file:
        n_bytes = file.seek(0, io.SEEK_END)
        if n_bytes > _CHUNK_BYTES:
            _check_png_chunks(file)
        with Image.open(file) as image:
            _check_declared_size(image, n_bytes)
            yield image


def read_bytes(held):
    """Return the bytes of a path, or of a file in memory."""
    with _file(held) as file:
        return file.read()


@contextmanager
def _file(held):
    """Open a path, or a file in memory, to read it."""
    if not isinstance(held, bytes):
        file_status(held)
    with io.BytesIO(held) if isinstance(held, bytes) else open(held, "rb") as file:
        yield file


def lock_of(image):
    """Return the lock under which a PIL image is read: two threads that load it break it."""
    return _LOCKS[id(image) // 64 % len(_LOCKS)]


def _check_declared_size(image, n_bytes):
    """Raise ValueError if a small file claims so many pixels that PIL warns: a bomb."""
    limit, (width, height) = Image.MAX_IMAGE_PIXELS, image.size
    if limit is not None and width * height > max(limit, _PIXELS_PER_BYTE * n_bytes):
        raise ValueError(
            f"its {n_bytes} bytes claim to be {height} x {width} pixels, like a decompression "
            "bomb; set PIL.Image.MAX_IMAGE_PIXELS higher if you trust it"
        )


def _check_png_chunks(file):
    """Raise ValueError if a PNG file has a huge chunk beside its pixels."""
    file.seek(0)
    if file.read(len(_PNG)) != _PNG:
        return
    while len(head := file.read(8)) == 8 and head[4:].isalpha():
        length, kind = int.from_bytes(head[:4], "big"), head[4:].decode()
        if kind not in ("IDAT", "fdAT") and length > _CHUNK_BYTES:
            raise ValueError(f"its chunk {kind} claims to have {length} bytes")
        file.seek(length + 4, io.SEEK_CUR)
