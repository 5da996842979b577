"""What `X` holds: images, tokens or features."""

import numpy as np
import torch
from scipy import sparse

from sklearn_ctran._images.rows import (
    SomeRows,
    check_is_set,
    has_vectors,
    holds_images,
    is_dataset,
    is_image,
    is_path_or_pil,
)
from sklearn_ctran._images.tar_images import TarImages


def kind_of(X, takes_tokens):
    """Return whether `X` holds "images", "tokens" or "features", and `X`.

    `takes_tokens` says whether a list or array of three dimensions holds tokens; otherwise it holds
    images. Lists of numbers become arrays; any other `X` is returned as it is. Raises TypeError if
    `X` is a sparse matrix, a single image or nothing that has rows, and TypeError or ValueError if
    it has images or texts beside other values.
    """
    if sparse.issparse(X):
        raise TypeError("X is sparse; features are read dense: pass X.toarray().")
    check_is_set(X)
    if isinstance(X, (SomeRows, TarImages)):
        return "images", X
    if isinstance(X, (list, tuple)):
        table = _read_list(X, takes_tokens)
        if table is None:
            return "images", X
        X = table
    elif _has_images(X):
        return "images", X
    n_dimensions = getattr(X, "ndim", None)
    if n_dimensions == 3:
        return ("tokens" if takes_tokens else "images"), X
    return ("images" if n_dimensions == 4 else "features"), X


def _read_list(X, takes_tokens):
    """Turn a list of features or tokens into an array; return None if it holds images."""
    if not len(X):
        raise ValueError("X is empty: it holds no images and no features.")
    if any(is_image(x) for x in X) and not (takes_tokens and _are_tokens(X)):
        return None
    if isinstance(X[0], torch.Tensor) and X[0].ndim == 3:
        return None
    _check_no_pair(X[0])
    try:
        table = np.asarray(X)
        return None if table.dtype == object and table.ndim == 1 else table
    except ValueError:
        return None  # Rows of different sizes are no table of features.


def _check_no_pair(row):
    """Raise TypeError if a row is a list or tuple with an image in it."""
    if isinstance(row, (list, tuple)) and any(map(is_path_or_pil, row)):
        raise TypeError(
            f"row 0 of X is a {type(row).__name__} with an image or text in it. A list of images "
            "has an image in each row: [row[0] for row in X] takes the first entry of each. (A "
            "search can split a dataset of such rows as skorch.helper.SliceDataset(dataset).)"
        )


def _are_tokens(X):
    """Tell a list of token arrays (P, C), all of one shape, from images."""
    return all(isinstance(x, np.ndarray) and x.ndim == 2 and x.shape == X[0].shape for x in X)


def _has_images(X):
    """Tell a dataset, array, Series or frame with an image in each row from features."""
    if is_dataset(X):
        return getattr(X, "ndim", 1) == 1 and not has_vectors(X)
    shape = getattr(X, "shape", None)
    if shape is None and hasattr(X, "to_numpy"):  # a column of pyarrow
        shape = (len(X),)
    if shape == (0,):
        raise ValueError("X is empty: it holds no images and no features.")
    return shape is not None and len(shape) in (1, 2) and shape[0] > 0 and holds_images(X)
