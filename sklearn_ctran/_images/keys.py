"""Content keys of images: equal content has an equal key, whatever the file's name."""

import os
from hashlib import blake2b

import numpy as np
from PIL import Image

from sklearn_ctran._images.decoding import orientation
from sklearn_ctran._images.sources import lock_of, named, read_bytes, source
from sklearn_ctran._images.tar_members import TarMember
from sklearn_ctran._utils.file_memo import FileMemo
from sklearn_ctran._utils.files import file_status

_KEY_BYTES = 16
_READ_BYTES = 1 << 20

# From signatures of unchanged files to their keys.
_memo = FileMemo(1_000_000)


def content_key(row, item):
    """Content key, 16 bytes, of a row of any kind; `row` is its number, for errors.

    The bytes of a file have the key of the file.
    """
    with named(row, item):
        held = source(item)
        if isinstance(held, np.ndarray):
            return _digest(f"{held.dtype.str} {held.shape}", np.ascontiguousarray(held))
        if isinstance(held, Image.Image):
            with lock_of(held):
                return _pil_key(held)
        return _digest("", held) if isinstance(held, bytes) else _file_key(held)


def read_unchanged(row, held, key):
    """The bytes of a path or TarMember; ValueError unless they are those that have `key`.

    The error names `row`.
    """
    with named(row, held):
        content = read_bytes(held)
        if _digest("", content) != key:
            raise ValueError(
                "it has changed since it was looked at; try again when nobody writes to it"
            )
        return content


def _digest(text, *buffers):
    digest = blake2b(text.encode(), digest_size=_KEY_BYTES)
    for buffer in buffers:
        digest.update(buffer)
    return digest.digest()


def _pil_key(image):
    # The pixels come first, because loading them may change the other attributes.
    pixels = image.tobytes()
    palette = bytes(image.getpalette(None) or ())
    palette_mode = image.palette.mode if image.palette else None
    transparency = image.info.get("transparency")
    looks = (image.mode, image.size, palette_mode, transparency, orientation(image))
    return _digest(repr(looks), palette, pixels)


def _file_key(held):
    """Return the digest of the bytes of a path or TarMember.

    It is remembered as long as the file does not change.
    """
    is_member = isinstance(held, TarMember)
    path = os.path.abspath(held.shard.path if is_member else held)
    place = (held.offset, held.size) if is_member else ()
    status = file_status(path)
    times = (status.st_mtime_ns, status.st_ctime_ns)
    # A digest, because a million paths would take several times the memory.
    signature = _digest(repr((path, status.st_size, status.st_ino, *times, *place)))
    key = _memo.get(signature)
    if key is not None:
        return key
    digest = blake2b(digest_size=_KEY_BYTES)
    with held.open() if is_member else open(path, "rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
        after = file_status(path) if is_member else os.fstat(file.fileno())
    key = digest.digest()
    # Another file may have come to this path, and this one may have changed while it was read.
    is_same = (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (status.st_ino, *times)
    if is_same:
        _memo.keep(signature, key, times)
    return key
