"""Photos as people have them -> uint8 batches of one size.

`check_images` looks at everything once, so that whatever is wrong is said before training starts;
`Images.batch` then decodes, resizes and augments one batch at a time.
"""

import os
from contextlib import contextmanager

import numpy as np
import torch
from joblib import Parallel, delayed, effective_n_jobs
from PIL import Image, ImageOps

_CHUNK_BYTES = 1 << 24
_EXIF_ORIENTATION = 0x0112
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
_ROW_KINDS = "a path, a PIL image or a numpy image (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
_SET_KINDS = (
    "an array (n, H, W, 3), (n, H, W, 1), (n, H, W, 4) or (n, H, W), or a list, array, Series or "
    "one-column DataFrame with a path, PIL image or numpy image in each row"
)


class Images:
    """Checked images, decoded when a batch of them is asked for. Made by `check_images`.

    Parameters
    ----------
    rows : ndarray of shape (n, H, W) or (n, H, W, channels), or list of str, PIL image or ndarray
        The user's own objects; nothing is copied.
    sizes : ndarray of shape (n, 2)
        Height and width of each image, EXIF orientation applied.
    n_jobs : int or None
        Threads that decode the rows of a list.
    """

    def __init__(self, rows, sizes, n_jobs=None):
        self.rows = rows
        self.sizes = sizes
        self.n_jobs = n_jobs

    def __len__(self):
        return len(self.rows)

    def batch(self, indices, preprocessing, generator=None):
        """Decode, resize and, in training, augment some of the images.

        Parameters
        ----------
        indices : array-like of int, shape (batch,)
        preprocessing : Preprocessing
        generator : torch.Generator, optional
            Given in training: flips and crops are drawn from it. None: nothing random happens.

        Returns
        -------
        Tensor of shape (batch, 3, height, width), dtype uint8
        """
        indices = np.asarray(indices)
        if isinstance(self.rows, np.ndarray):
            resized = preprocessing.resize(_tensor(_rgb(self.rows[indices], has_rows=True)))
        else:
            # Resizing inside the thread: full-size photos never pile up.
            resized = _map(
                lambda row: preprocessing.resize(_tensor(_load(row, self.rows[row]))),
                indices.tolist(),
                self.n_jobs,
            )
            resized = torch.stack(resized)
        return preprocessing.finish(resized, generator)


def check_images(X, *, n_jobs=None):
    """Validate a set of images of any kind; files are decoded once to be sure that they can be.

    All become RGB with 8 bits: grey is replicated, 16-bit grey and bool are scaled to 0..255,
    floats in [0, 1] become ``round(255 * x)``, transparency is laid on white, and EXIF
    orientation is applied. PIL's 32-bit modes are read as 16-bit values ("I") and as floats in
    [0, 1] ("F"). Of an animation the first frame is taken.

    Parameters
    ----------
    X : array-like of images
        An array of shape (n, H, W, channels) with 1, 3 or 4 channels or (n, H, W), of dtype
        uint8, uint16, bool or float in [0, 1]; or a list, tuple, array, Series or one-column
        DataFrame of paths, PIL images and arrays, mixed kinds and sizes allowed.
    n_jobs : int or None
        Threads that decode files; None means 1, -1 all cores.

    Returns
    -------
    Images

    Raises
    ------
    FileNotFoundError
        A path that does not exist; row and path are named.
    TypeError
        X or one of its rows is no image at all (a torch tensor, a number, None, ...).
    ValueError
        An empty set, a broken or truncated file, NaN, infinite or out-of-range pixels, wrong
        dtype, number of axes or channels, a side of zero pixels. Row and path are named.
    """
    if isinstance(X, torch.Tensor):
        raise TypeError("X is a torch tensor; give a numpy array (n, H, W, 3) instead.")
    if isinstance(X, (str, bytes, os.PathLike, Image.Image)):
        raise TypeError(f"X is a single image; a set of images is expected: {_SET_KINDS}.")
    if isinstance(X, np.ndarray) and X.dtype.kind not in "OSU":
        sizes = _check_array(X)
        return Images(X, sizes, n_jobs)
    rows = [os.fsdecode(row) if _is_path(row) else row for row in _rows(X)]
    if not rows:
        raise ValueError("X holds no images.")
    sizes = _map(lambda row: _check_row(row, rows[row]), range(len(rows)), n_jobs)
    return Images(rows, np.array(sizes), n_jobs)


def _map(function, rows, n_jobs):
    """``[function(row) for row in rows]`` in `n_jobs` threads."""
    if effective_n_jobs(n_jobs) == 1:
        return [function(row) for row in rows]
    return Parallel(n_jobs=n_jobs, prefer="threads")(delayed(function)(row) for row in rows)


def _is_path(row):
    return isinstance(row, (str, bytes, os.PathLike))


def _rows(X):
    """A list with one object per image from a list, tuple, object array, Series or DataFrame."""
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    if isinstance(X, np.ndarray) and X.ndim != 1:
        raise ValueError(f"X has shape {X.shape} and dtype {X.dtype}; images are {_SET_KINDS}.")
    if not isinstance(X, (list, tuple, np.ndarray)):
        raise TypeError(f"X is a {type(X).__name__}; images are {_SET_KINDS}.")
    return list(X)


def _check_array(X):
    """Sizes (n, 2) of a numeric array of images."""
    if X.ndim and len(X) == 0:
        raise ValueError(f"X holds no images: its shape is {X.shape}.")
    if X.ndim not in (3, 4):
        raise ValueError(f"X has shape {X.shape}; images are {_SET_KINDS}.")
    if X.ndim == 3 and X.shape[2] in (3, 4):
        raise ValueError(f"X has shape {X.shape}, which looks like a single image: give X[None].")
    _check_layout(X, has_rows=True, name="X")
    per_chunk = max(1, _CHUNK_BYTES // X[0].nbytes)
    for start in range(0, len(X), per_chunk):
        # By chunks, as whole-array tests of floats would need as much memory again.
        _check_range(X[start : start + per_chunk], first_row=start)
    return np.tile(X.shape[1:3], (len(X), 1))


def _check_row(row, item):
    """(height, width) of one row of a list, which is decoded to see that it can be."""
    if isinstance(item, np.ndarray):
        _check_layout(item, has_rows=False, name=f"row {row}")
        _check_range(item[None], first_row=row)
        return item.shape[:2]
    if isinstance(item, Image.Image):
        with _named(row, item):
            return _check_pil(item)
    if isinstance(item, str):
        with _named(row, item), Image.open(item) as image:
            return _check_pil(image, draft=True)
    hint = "; use its numpy() array" if isinstance(item, torch.Tensor) else ""
    raise TypeError(f"row {row} is {_short(item)}{hint}; an image is {_ROW_KINDS}.")


def _short(item):
    text = repr(item)
    return f"a {type(item).__name__}" + (f" ({text})" if len(text) < 40 else "")


def _check_pil(image, draft=False):
    width, height = image.size
    if not (width and height):
        raise ValueError(f"the image has {height} x {width} pixels")
    turned = image.getexif().get(_EXIF_ORIENTATION, 1) >= 5
    if draft:
        # A JPEG at an eighth of its size: all bytes are still read, but most of the work saved.
        image.draft("L", (1, 1))
    image.load()
    if image.mode in ("I", "F"):
        _pil_pixels(image)
    return (width, height) if turned else (height, width)


def _check_layout(pixels, *, has_rows, name):
    """Raise ValueError unless axes, channels and dtype are those of an image or a set of them."""
    shape = pixels.shape[1:] if has_rows else pixels.shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        hint = ""
        if len(shape) == 3 and shape[0] in (1, 3, 4):
            axes = "0, 2, 3, 1" if has_rows else "1, 2, 0"
            hint = f" It looks channels-first: give {'X' if has_rows else 'x'}.transpose({axes})."
        kinds = _SET_KINDS if has_rows else _ROW_KINDS
        raise ValueError(f"{name} has shape {pixels.shape}; expected {kinds}.{hint}")
    if 0 in shape:
        raise ValueError(f"{name} has shape {pixels.shape}: images without pixels.")
    if pixels.dtype not in (np.uint8, np.uint16, np.bool_) and pixels.dtype.kind != "f":
        raise ValueError(
            f"{name} has dtype {pixels.dtype}; pixels are uint8 (0..255), uint16 (0..65535), bool "
            "or floats in [0, 1]. Whole numbers 0..255: give .astype('uint8')."
        )


def _check_range(pixels, first_row):
    """Raise ValueError for the first row of floats (rows, H, W, ...) not within [0, 1]."""
    if pixels.dtype.kind != "f" or (pixels.min() >= 0 and pixels.max() <= 1):
        return
    for row, image in enumerate(pixels, first_row):
        low, high = image.min(), image.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(f"row {row} has NaN or infinite pixels.")
        if low < 0 or high > 1:
            raise ValueError(
                f"row {row} has float pixels from {low:g} to {high:g}; floats must lie within "
                "[0, 1]. If white is 255, divide by 255 or convert to uint8."
            )


@contextmanager
def _named(row, item):
    """Errors inside become errors that say which row and file they are about."""
    where = f"row {row}: {item}" if isinstance(item, str) else f"row {row}"
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{where}: there is no such file.") from None
    # PIL's readers raise nearly any type on broken files: SyntaxError, struct.error, IndexError.
    except Exception as error:
        reason = f"{error}" or type(error).__name__
        raise ValueError(f"{where}: cannot be read as an image: {reason}") from error


def _load(row, item):
    """One row of a list as RGB pixels, uint8 (H, W, 3)."""
    if isinstance(item, np.ndarray):
        return _rgb(item)
    with _named(row, item):
        if isinstance(item, Image.Image):
            return _rgb(_pil_pixels(ImageOps.exif_transpose(item)))
        with Image.open(item) as image:
            ImageOps.exif_transpose(image, in_place=True)
            return _rgb(_pil_pixels(image))


def _pil_pixels(image):
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
    return np.asarray(image.convert("RGBA" if has_alpha else "RGB"))


def _rgb(pixels, has_rows=False):
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


def _tensor(rgb):
    """uint8 (..., H, W, 3) -> tensor (..., 3, H, W); copied only if torch could not hold it."""
    return torch.from_numpy(np.require(rgb, requirements=["C", "W"])).movedim(-1, -3)
