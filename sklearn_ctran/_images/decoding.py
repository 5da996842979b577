"""One image of any kind: decoding to a uint8 tensor, RGB or bands, no larger than needed."""

from importlib.util import find_spec

import numpy as np
import torch
from PIL import Image

from sklearn_ctran._images.sources import lock_of, named, opened, read_bytes, source

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

_STRIP_PIXELS = 1 << 20

_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")


def orientation(image, decode=True):
    """Return the EXIF orientation of a PIL image, 1..8; 1 if its EXIF data are damaged.

    Without `decode`, the pixels are not read; PNG files may have their EXIF data after the pixels.
    """
    # After an error, PIL returns from then on what it could read: two calls must agree.
    for _ in range(2):
        try:
            exif = image.getexif() if decode else Image.Image.getexif(image)
            turn = exif.get(_EXIF_ORIENTATION)
            return int(turn) if turn in _TURNS else 1
        except Exception:
            continue
    return 1


def is_plain_jpeg(image):
    """Tell JPEG files (RGB or grey, upright) that every decoder decodes to the same as PIL."""
    return image.format == "JPEG" and image.mode in ("RGB", "L") and orientation(image) == 1


def load(row, item, least_side=None, is_plain=False):
    """Pixels of one row of any kind: (channels, height, width), uint8, channels last in memory.

    `row` is its number, for errors. A JPEG file may be decoded at 1/2, 1/4 or 1/8 of its size, if
    its sides are divisible and do not become shorter than `least_side`; None decodes at full size.
    `is_plain` is what `is_plain_jpeg` returned when the file was checked.
    """
    with named(row, item):
        held = source(item)
        if isinstance(held, np.ndarray):
            return as_tensor(rgb(held))
        if isinstance(held, Image.Image):
            with lock_of(held):
                return as_tensor(_upright_pixels(held))
        pixels = _decode_jpeg(held) if is_plain and _HAS_SIMPLEJPEG else None
        if pixels is not None:
            return as_tensor(pixels)
        with opened(held) as image:
            if least_side is not None:
                _reduce(image, least_side)
            return as_tensor(_upright_pixels(image))


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


def _decode_jpeg(held):
    """Return the RGB pixels of a plain JPEG file; None on errors, as PIL's messages are better.

    The pixels are the same as PIL's, in half the time: PIL copies them twice.
    """
    import simplejpeg  # imported where it is used, because it is optional

    try:
        return simplejpeg.decode_jpeg(read_bytes(held), "RGB", fastdct=False, fastupsample=False)
    except (OSError, ValueError):
        return None


def _upright_pixels(image):
    image.load()
    turn = _TURNS.get(orientation(image))
    image = image if turn is None else image.transpose(turn)
    is_deep = image.mode == "F" or image.mode.startswith("I")
    deep = pil_pixels(image) if is_deep else None  # Their range is that of the whole image.
    pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    n_rows = max(1, _STRIP_PIXELS // image.width)
    # In strips, because conversions make several copies. They may also change the palette of what
    # they convert, which is not to be the user's image.
    for top in range(0, image.height, n_rows):
        bottom = min(top + n_rows, image.height)
        strip = deep[top:bottom] if is_deep else image.crop((0, top, image.width, bottom))
        pixels[top:bottom] = rgb(strip if is_deep else pil_pixels(strip))
    return pixels


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
    A fourth channel is transparency, laid on white. Pixels of 2 bands, or of more than 4, keep
    them.
    """
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    elif pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:  # in either byte order
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    elif pixels.dtype.kind == "f":
        pixels = np.rint(np.multiply(pixels, 255, dtype=np.float32)).astype(np.uint8)
    if pixels.ndim == (3 if has_rows else 2):
        pixels = pixels[..., None]
    if pixels.shape[-1] == 4:
        colour, alpha = pixels[..., :3].astype(np.uint32), pixels[..., 3:].astype(np.uint32)
        # Adding 127 rounds the division to nearest.
        pixels = ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels


def as_tensor(pixels):
    """Turn uint8 pixels (..., H, W, K) into a tensor (..., K, H, W), without a copy if possible."""
    return torch.from_numpy(np.require(pixels, requirements=["C", "W"])).movedim(-1, -3)
