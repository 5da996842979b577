"""One image of any kind: decoding to a uint8 RGB tensor, no larger than needed."""

import io
import os
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image

_HAS_SIMPLEJPEG = find_spec("simplejpeg") is not None

_EXIF_ORIENTATION = 0x0112

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")


def is_path(item):
    """Tell a path from anything else."""
    return isinstance(item, (str, bytes, os.PathLike))


def is_read(item):
    """Tell a file that has been read, a dict with its "path" and "bytes", from anything else."""
    return isinstance(item, dict) and {"path", "bytes"} <= item.keys()


@contextmanager
def named(row, item):
    """Turn errors inside the context into ones that name the row and the file."""
    item = item["path"] if is_read(item) else item
    where = f"row {row}: {os.fsdecode(item)}" if is_path(item) else f"row {row}"
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{where}: there is no such file.") from None
    # On broken files, PIL raises errors of many types: SyntaxError, struct.error, IndexError.
    except Exception as error:
        reason = f"{error}" or type(error).__name__
        raise ValueError(f"{where}: cannot be read as an image: {reason}") from error


def orientation(image, decode=True):
    """Return the EXIF orientation of a PIL image, 1..8.

    Without `decode`, the pixels are not read; PNG files may have their EXIF data after the pixels.
    """
    exif = image.getexif() if decode else Image.Image.getexif(image)
    return exif.get(_EXIF_ORIENTATION, 1)


def is_plain_jpeg(image):
    """Tell JPEG files (RGB or grey, upright) that every decoder decodes to the same as PIL."""
    return image.format == "JPEG" and image.mode in ("RGB", "L") and orientation(image) == 1


def load(row, item, least_side=None, is_plain=False):
    """Pixels of a path, PIL image or array: (3, height, width), uint8, channels last in memory.

    Of a dict with a file's "path" and "bytes", these bytes are decoded.
    `row` is its number, for errors. A JPEG file may be decoded at 1/2, 1/4 or 1/8 of its size, if
    its sides are divisible and do not become shorter than `least_side`; None decodes at full size.
    `is_plain` is what `is_plain_jpeg` returned when the file was checked.
    """
    if isinstance(item, np.ndarray):
        return as_tensor(rgb(item))
    with named(row, item):
        if isinstance(item, Image.Image):
            return as_tensor(rgb(_upright_pixels(item)))
        pixels = _decode_jpeg(item) if is_plain and _HAS_SIMPLEJPEG else None
        if pixels is not None:
            return as_tensor(pixels)
        with Image.open(file_of(item)) as image:
            if least_side is not None:
                _reduce(image, least_side)
            return as_tensor(rgb(_upright_pixels(image)))


def _reduce(image, least_side):
    """Let PIL decode a JPEG file at 1/8, 1/4 or 1/2: the smallest that `least_side` allows."""
    for scale in (8, 4, 2):
        # The sides of other images are rounded up, which shifts the image by part of a pixel. That
        # changes the result far more than the reduced size itself.
        divides = all(side % scale == 0 for side in image.size)
        if divides and min(image.size) // scale >= least_side:
            # Has no effect on files that are not JPEG.
            image.draft(None, (image.width // scale, image.height // scale))
            return


def file_of(item):
    """What PIL opens: a path, or the bytes of a dict."""
    return io.BytesIO(item["bytes"]) if is_read(item) else os.fsdecode(item)


def _decode_jpeg(item):
    """Return the RGB pixels of a plain JPEG file; None on errors, as PIL's messages are better.

    The pixels are the same as PIL's, in half the time: PIL copies them twice.
    """
    import simplejpeg  # imported where it is used, because it is optional

    try:
        content = item["bytes"] if is_read(item) else Path(os.fsdecode(item)).read_bytes()
        return simplejpeg.decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)
    except (OSError, ValueError):
        return None


def _upright_pixels(image):
    image.load()
    turn = _TURNS.get(orientation(image))
    return pil_pixels(image if turn is None else image.transpose(turn))


def pil_pixels(image):
    """Return the pixels of a PIL image of any mode: uint8 RGB or RGBA, uint16 or float grey."""
    if image.mode.startswith("I"):
        return _integer_pixels(image)
    if image.mode == "F":
        return _float_pixels(image)
    if image.mode == "La":
        image = image.convert("LA")  # PIL has no other conversion of this mode.
    has_alpha = image.mode in _ALPHA_MODES or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _integer_pixels(image):
    pixels = np.asarray(image)
    low, high = pixels.min(), pixels.max()
    if low < 0 or high > 65535:
        raise ValueError(f"its 32-bit values go from {low} to {high}, beyond 0..65535")
    return pixels.astype(np.uint16)


def _float_pixels(image):
    pixels = np.asarray(image)
    low, high = pixels.min(), pixels.max()
    if not (low >= 0 and high <= 1):  # also if there are NaN
        raise ValueError(
            f"its float values go from {low:g} to {high:g}, beyond [0, 1]; "
            'use image.convert("L") if they mean 0..255'
        )
    return pixels


def rgb(pixels, has_rows=False):
    """Turn pixels of any dtype into uint8 RGB, (H, W, 3), or (n, H, W, 3) with `has_rows`.

    They are bool, uint8, uint16 or float in [0, 1], with no axis of channels or 1, 3 or 4 channels.
    A fourth channel is transparency, laid on white.
    """
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    elif pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    elif pixels.dtype.kind == "f":
        pixels = np.rint(np.multiply(pixels, 255, dtype=np.float32)).astype(np.uint8)
    if pixels.ndim == (3 if has_rows else 2):
        pixels = pixels[..., None]
    if pixels.shape[-1] == 4:
        colour, alpha = pixels[..., :3].astype(np.uint32), pixels[..., 3:].astype(np.uint32)
        # Adding 127 rounds the division to nearest.
        pixels = ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return pixels if pixels.shape[-1] == 3 else np.repeat(pixels, 3, axis=-1)


def as_tensor(pixels):
    """Turn uint8 pixels (..., H, W, 3) into a tensor (..., 3, H, W), without a copy if possible."""
    return torch.from_numpy(np.require(pixels, requirements=["C", "W"])).movedim(-1, -3)
