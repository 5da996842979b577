"""Whether images can be used: arrays of them, and rows of any kind one by one."""

import numpy as np
import torch
from PIL import Image

from sklearn_ctran._images.brightness import Brightness
from sklearn_ctran._images.decoding import is_plain_jpeg, orientation, pil_pixels
from sklearn_ctran._images.errors import ARRAYS, IMAGES_ARE
from sklearn_ctran._images.sources import lock_of, named, opened, shortened, source
from sklearn_ctran._images.tar_members import TarMember
from sklearn_ctran.modules.backbone import MOST_INPUTS

_CHUNK_BYTES = 1 << 24

_SET_KINDS = (
    "an array (n, H, W, 3), (n, H, W, 1), (n, H, W, 4), (n, H, W) or (n, H, W, K) with K bands, or "
    "a list, array, Series or one-column DataFrame with a path, encoded file, PIL image or numpy "
    "image in each row"
)


def check_array(X):
    """Check a numeric array of images and return their sizes (n, 2)."""
    if X.ndim and len(X) == 0:
        raise ValueError(f"X holds no images: its shape is {X.shape}.")
    if X.ndim not in (3, 4):
        raise ValueError(f"X has shape {X.shape}; images are {_SET_KINDS}.")
    if X.ndim == 3 and X.shape[2] in (3, 4):
        raise ValueError(f"X has shape {X.shape}, which looks like a single image: give X[None].")
    _check_layout(X, has_rows=True, name="X")
    brightness = Brightness(len(X))
    per_chunk = max(1, _CHUNK_BYTES // X[0].nbytes)
    for start in range(0, len(X), per_chunk):
        # In chunks, because comparing the whole array at once would need as much memory again.
        _check_pixels(X[start : start + per_chunk], start, brightness)
    brightness.warn()
    return np.broadcast_to(np.array(X.shape[1:3]), (len(X), 2))


def check_row(row, item, decode, brightness):
    """Check one row of a list; return its (height, width) and whether it `is_plain_jpeg`."""
    with named(row, item):
        held = source(item)
        if isinstance(held, Image.Image):
            with lock_of(held):
                return _check_pil(held, brightness), False
        if isinstance(held, (str, bytes, TarMember)):
            with opened(held) as image:
                size = _check_pil(image, brightness, decode, is_file=True)
                return size, is_plain_jpeg(image)
    if held is None:
        hint = "; use its numpy() array" if isinstance(item, torch.Tensor) else ""
        raise TypeError(f"row {row} is {_short(item)}{hint}; {IMAGES_ARE}")
    _check_layout(held, has_rows=False, name=f"row {row}")
    _check_pixels(held[None], row, brightness)
    return held.shape[:2], False


def n_channels(item):
    """Channels of a row of any kind after decoding: 3, but those of an array with 2 or over 4."""
    shape = item.shape if isinstance(item, np.ndarray) else ()
    return shape[2] if len(shape) == 3 and shape[2] not in (1, 3, 4) else 3


def _short(item):
    if isinstance(item, dict):
        kinds = (bytes, np.ndarray, Image.Image)  # a text may be anything
        images = [key for key, value in item.items() if isinstance(source(value), kinds)]
        hint = f": give its {images[0]!r} alone" if images else ""
        return f"a dict with the keys {shortened(repr(list(item)), 60)}{hint}"
    text = repr(item) if isinstance(item, (int, float, complex, np.generic)) else ""
    return f"a {type(item).__name__}" + (f" ({text})" if 0 < len(text) < 40 else "")


def _check_pil(image, brightness, decode=True, is_file=False):
    """Check a PIL image, by decoding it if asked to, and return its (height, width)."""
    size = image.size
    if not all(size):
        raise ValueError(f"the image has {size[1]} x {size[0]} pixels")
    # PIL turns TIFF files itself, some versions already in the size that the header tells.
    if decode or (image.format == "TIFF" and orientation(image, decode=False) >= 5):
        if is_file and image.format in ("JPEG", "MPO"):
            # Decoding a JPEG at an eighth of its size still reads all bytes, with much less work.
            image.draft("L", (1, 1))
            image.load()
        else:
            image.load()
            size = image.size
    if decode and image.mode in ("I", "F"):
        pil_pixels(image)
    _note_brightness(image, brightness)
    is_turned = orientation(image, decode) >= 5
    return size if is_turned else size[::-1]


def _note_brightness(image, brightness):
    """Note the brightest pixel of a grey PIL image; other 8-bit images count as bright.

    Few files are decoded for it: none after a bright one.
    """
    if image.mode == "1":
        return
    white = 1 if image.mode == "F" else 65535 if image.mode.startswith("I") else 255
    if not brightness.is_open(white):
        return
    if white == 255 and (image.mode != "L" or image.format == "JPEG"):
        brightness.add(white, white)
        return
    try:
        brightness.add(white, np.asarray(image).max())
    except Exception:
        return  # The pixels are broken: whoever decodes them says so.


def _check_layout(pixels, *, has_rows, name):
    """Raise ValueError unless axes, channels and dtype are those of an image or a set of them."""
    shape = pixels.shape[1:] if has_rows else pixels.shape
    has_channels = len(shape) == 3 and 0 < shape[2] <= MOST_INPUTS
    is_misordered = has_channels and shape[2] not in (1, 3, 4) and shape[1] in (1, 3, 4)
    if not (len(shape) == 2 or has_channels) or is_misordered or _is_channels_first(shape):
        kinds = _SET_KINDS if has_rows else ARRAYS
        hint = _hint_at_channels(shape, has_rows)
        raise ValueError(f"{name} has shape {pixels.shape}; expected {kinds}.{hint}")
    if 0 in shape:
        raise ValueError(f"{name} has shape {pixels.shape}: images without pixels.")
    # Bytes in the other order are another dtype, of the same kind and size.
    is_whole = (pixels.dtype.kind, pixels.dtype.itemsize) in (("u", 1), ("u", 2))
    if not is_whole and pixels.dtype.kind not in "bf":
        raise ValueError(
            f"{name} has dtype {pixels.dtype}; pixels are uint8 (0..255), uint16 (0..65535), bool "
            "or floats in [0, 1]. Whole numbers 0..255: give .astype('uint8')."
        )
    if np.ma.is_masked(pixels):
        raise ValueError(f"{name} has masked pixels; fill them, for instance by .filled(0).")


def _is_channels_first(shape):
    """Whether an image (H, W, K) looks like (K, H, W): as if it were low, or its sides differed."""
    if len(shape) != 3 or shape[2] in (1, 3, 4):
        return False
    return shape[0] in (1, 3, 4) or shape[1] == shape[2] != shape[0]


def _hint_at_channels(shape, has_rows):
    """Say how to transpose images whose channels seem to come first."""
    if not _is_channels_first(shape):
        return ""
    transposed = "X.transpose(0, 2, 3, 1)" if has_rows else "x.transpose(1, 2, 0)"
    return f" It looks channels-first: give {transposed}."


def _check_pixels(pixels, first_row, brightness):
    """Check the range of images (rows, H, W, ...), and note their brightest pixel."""
    if pixels.dtype.kind == "f":
        _check_range(pixels, first_row)
    white = {"b": None, "f": 1}.get(pixels.dtype.kind, 256**pixels.dtype.itemsize - 1)
    if not brightness.is_open(white):
        return
    # Transparent pixels are white.
    has_alpha = pixels.ndim == 4 and pixels.shape[3] == 4
    peak = white if has_alpha else pixels.max()
    n_images = np.count_nonzero(pixels.any(axis=tuple(range(1, pixels.ndim))))
    brightness.add(white, peak, n_images)


def _check_range(pixels, first_row):
    """Raise ValueError if floats (rows, H, W, ...) are not in [0, 1]; name the first such row."""
    if pixels.min() >= 0 and pixels.max() <= 1:
        return
    for row, image in enumerate(pixels, first_row):
        low, high = image.min(), image.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(f"row {row} has NaN or infinite pixels.")
        if low < 0 or high > 1:
            advice = (
                "Divide by the value that means white, such as 255."
                if low >= 0
                else "Leave out the normalisation: the backbone's is applied here."
            )
            raise ValueError(
                f"row {row} has float pixels from {low:g} to {high:g}; floats must lie within "
                f"[0, 1]. {advice}"
            )
