"""Files that PIL reads: no more of them than a picture can need, whatever they claim."""

import io

from PIL import Image

#: What is read beside the pixels: metadata; of WebP and AVIF all, before the size is known.
_HEAD_BYTES = 1 << 28

#: A call of `read` counts as so many bytes: PIL looks for the next part of a file byte by byte.
_CALL_BYTES = 256

#: No pixel has more: 16 bits in each of four channels, or one float.
_PIXEL_BYTES = 8

#: A file may have layers and a few pages besides.
_FILE_PIXEL_BYTES = 32

#: A drawing with a few lines is compressed less than this, and an empty sheet more.
_COMPRESSION = 1000

_MODE_BITS = {"1": 1, "I": 32, "F": 32}


class _Bounded:
    """Mixed into a file: ValueError once more was read than `left` allows."""

    left = _HEAD_BYTES

    def read(self, size=-1, /):
        return self._count(super().read(self._at_most(size)))

    def readline(self, size=-1, /):
        return self._count(super().readline(self._at_most(size)))

    def _at_most(self, size):
        most = max(self.left, 0) + 1
        return most if size is None or size < 0 else min(size, most)

    def _count(self, data):
        self.left -= len(data) + _CALL_BYTES
        if self.left < 0:
            raise ValueError(
                "much more of it has to be read than a picture of its size needs: it is damaged, "
                "or has huge metadata; if it can be opened elsewhere, save it anew without them"
            )
        return data


class BoundedFile(_Bounded, io.BufferedReader):
    """A file on disk. libtiff reads by its descriptor, so that only `check_size` bounds it."""


class BoundedBytes(_Bounded, io.BytesIO):
    """A file in memory."""


def check_size(image, file):
    """Raise ValueError if an opened PIL image has too few or too many bytes for its pixels.

    Then allows as much to be read as these pixels can need.
    """
    (width, height), position = image.size, file.tell()
    n_bytes = file.seek(0, io.SEEK_END)
    file.seek(position)
    n_pixels, limit = width * height, Image.MAX_IMAGE_PIXELS
    claim = f"its {n_bytes:,} bytes claim to be {height} x {width} pixels"
    is_flat = n_pixels * _bits(image.mode) > 8 * _COMPRESSION * n_bytes
    if limit is not None and n_pixels > limit and is_flat:
        raise ValueError(
            f"{claim}, like a decompression bomb; set PIL.Image.MAX_IMAGE_PIXELS higher if you "
            "trust it"
        )
    if n_bytes > _HEAD_BYTES + _FILE_PIXEL_BYTES * n_pixels:
        raise ValueError(f"{claim}, far too few for them; save its picture as a file of its own")
    file.left = _HEAD_BYTES + _PIXEL_BYTES * n_pixels


def _bits(mode):
    """Bits of a pixel in a PIL mode."""
    if ";16" in mode:
        return 16
    return _MODE_BITS.get(mode) or 8 * Image.getmodebands(mode)
