"""One image of any kind -> its RGB pixels as a uint8 tensor, decoded no larger than needed."""

import os
from contextlib import contextmanager
from importlib.util import find_spec

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


@contextmanager
def named(row, item):
    """Errors inside become errors that say which row and file they are about."""
    where = f"row {row}: {os.fsdecode(item)}" if is_path(item) else f"row {row}"
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{where}: there is no such file.") from None
    # PIL's readers raise nearly any type on broken files: SyntaxError, struct.error, IndexError.
    except Exception as error:
        reason = f"{error}" or type(error).__name__
        raise ValueError(f"{where}: cannot be read as an image: {reason}") from error


def orientation(image, decode=True):
    """EXIF orientation of a PIL image, 1..8; PNG files may hide it behind their pixels."""
    exif = image.getexif() if decode else Image.Image.getexif(image)
    return exif.get(_EXIF_ORIENTATION, 1)


def is_plain_jpeg(image):
    """Whether any JPEG decoder makes of this opened file what PIL does: RGB or grey, upright."""
    return image.format == "JPEG" and image.mode in ("RGB", "L") and orientation(image) == 1


def load(row, item, least_side=None, is_plain=False):
    """Pixels of a path, PIL image or numpy image.

    Parameters
    ----------
    row : int
        Named in errors.
    item : path, PIL image or ndarray
    least_side : int, optional
        A JPEG file may be decoded at 1/2, 1/4 or 1/8 of its size, if that divides it, as long as
        neither side becomes shorter than this. None: everything at full size.
    is_plain : bool
        What `is_plain_jpeg` said of the file when it was checked.

    Returns
    -------
    Tensor of shape (3, height, width), dtype uint8, channels last in memory
    """
    if isinstance(item, np.ndarray):
        return as_tensor(rgb(item))
    with named(row, item):
        if isinstance(item, Image.Image):
            return as_tensor(rgb(_upright_pixels(item)))
        path = os.fsdecode(item)
        pixels = _decode_jpeg(path) if is_plain and _HAS_SIMPLEJPEG else None
        if pixels is not None:
            return as_tensor(pixels)
        with Image.open(path) as image:
            if least_side is not None:
                _reduce(image, least_side)
            return as_tensor(rgb(_upright_pixels(image)))


def _reduce(image, least_side):
    """Let a JPEG file be decoded at 1/8, 1/4 or 1/2, the smallest that `least_side` allows."""
    for scale in (8, 4, 2):
        # Sizes that do not divide are rounded up, which would shift the image by part of a pixel:
        # far more than what the reduced size itself changes.
        divides = all(side % scale == 0 for side in image.size)
        if divides and min(image.size) // scale >= least_side:
            # Does nothing if the file is no JPEG.
            image.draft(None, (image.width // scale, image.height // scale))
            return


def _decode_jpeg(path):
    """RGB pixels of a plain JPEG file, or None if there is something wrong: PIL says better what.

    The same pixels as PIL's, in half the time: PIL copies them twice on their way out.
    """
    import simplejpeg  # Not before it is used, like torchvision.

    try:
        with open(path, "rb") as file:
            return simplejpeg.decode_jpeg(file.read(), "RGB", fastdct=False, fastupsample=False)
    except (OSError, ValueError):
        return None


def _upright_pixels(image):
    image.load()
    turn = _TURNS.get(orientation(image))
    return pil_pixels(image if turn is None else image.transpose(turn))


def pil_pixels(image):
    """Pixels of a PIL image of any mode: uint8 RGB or RGBA, uint16 grey or float grey."""
    if image.mode.startswith("I"):
        pixels = np.asarray(image)
        if pixels.min() < 0 or pixels.max() > 65535:
            raise ValueError(
                f"its 32-bit values go from {pixels.min()} to {pixels.max()}, beyond 0..65535"
            )
        return pixels.astype(np.uint16)
    if image.mode == "F":
        pixels = np.asarray(image)
        if not (pixels.min() >= 0 and pixels.max() <= 1):
            raise ValueError(
                f"its float values go from {pixels.min():g} to {pixels.max():g}, beyond [0, 1]; "
                'use image.convert("L") if they mean 0..255'
            )
        return pixels
    if image.mode == "La":
        image = image.convert("LA")  # the only conversion PIL has for it
    has_alpha = image.mode in _ALPHA_MODES or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def rgb(pixels, has_rows=False):
    """Pixels (H, W), (H, W, 1 | 3 | 4), or rows of them, of any dtype -> uint8 (..., H, W, 3)."""
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
        # On white; + 127 rounds to nearest.
        pixels = ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return pixels if pixels.shape[-1] == 3 else np.repeat(pixels, 3, axis=-1)


def as_tensor(pixels):
    """uint8 (..., H, W, 3) -> tensor (..., 3, H, W); copied only if torch could not hold it."""
    return torch.from_numpy(np.require(pixels, requirements=["C", "W"])).movedim(-1, -3)
