"""Images of any kind as pictures to look at: upright, in their own proportions, small."""

import numpy as np
from PIL import Image
from scipy import sparse

from sklearn_ctran._images.brightness import Brightness
from sklearn_ctran._images.checks import check_row
from sklearn_ctran._images.decoding import load
from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran._images.rows import as_rows, check_is_set
from sklearn_ctran._images.tokens import EncodedImages


def are_pictures(X):
    """Whether an estimator's input has images, and not features, tokens or what ``encode`` made.

    Three dimensions of floats are taken for tokens.
    """
    if sparse.issparse(X) or isinstance(X, EncodedImages):
        return False
    first = X[0] if isinstance(X, (list, tuple)) and len(X) else X
    are_floats = getattr(getattr(first, "dtype", None), "kind", "") == "f"
    return kind_of(X, takes_tokens=are_floats)[0] == "images"


def read_pictures(X, rows, longest=640):
    """Some rows of a set of images of any kind, a list of arrays (height, width, 3), uint8.

    No side is longer than `longest` pixels. Raises TypeError or ValueError if `X` is no set of
    images, has no such row, or an image cannot be used, and FileNotFoundError for a missing file;
    the message names the row.
    """
    check_is_set(X)
    is_array = isinstance(X, np.ndarray) and X.dtype.kind not in "OSU"
    if is_array and X.ndim not in (3, 4):
        raise ValueError(f"X has shape {X.shape}: these are numbers, not images that can be shown.")
    source = X if is_array else as_rows(X)
    return [_picture(row, source, longest) for row in map(int, rows)]


def _picture(row, source, longest):
    if not 0 <= row < len(source):
        raise ValueError(f"There is no row {row}: X has {len(source)} images.")
    item = source[row]
    check_row(row, item, False, Brightness(1))
    pixels = load(row, item, least_side=longest)
    # Of many bands, the first three stand for colours; the first of two is grey.
    pixels = pixels[:3] if len(pixels) > 2 else pixels[:1].expand(3, -1, -1)
    image = Image.fromarray(np.ascontiguousarray(pixels.movedim(0, -1).numpy()))
    image.thumbnail((longest, longest))
    return np.asarray(image)
