"""What `X` holds: images, tokens or features."""

import numpy as np
from scipy import sparse

from sklearn_ctran._images.decoding import is_path


def kind_of(X, takes_tokens):
    """Return whether `X` holds "images", "tokens" or "features", and `X`.

    `takes_tokens` says whether a list or array of three dimensions holds tokens; otherwise it holds
    images. Lists of numbers become arrays; any other `X` is returned as it is. Raises TypeError if
    `X` is a sparse matrix.
    """
    if sparse.issparse(X):
        raise TypeError("X is sparse; features are read dense: pass X.toarray().")
    if isinstance(X, (list, tuple)):
        table = _read_list(X, takes_tokens)
        if table is None:
            return "images", X
        X = table
    elif _is_column_of_images(X):
        return "images", X
    n_dimensions = getattr(X, "ndim", None)
    if n_dimensions == 3:
        return ("tokens" if takes_tokens else "images"), X
    return ("images" if n_dimensions == 4 else "features"), X


def _read_list(X, takes_tokens):
    """Turn a list of features or tokens into an array; return None if it holds images."""
    if any(_is_image(x) for x in X) and not (takes_tokens and _are_tokens(X)):
        return None
    try:
        return np.asarray(X)
    except ValueError:
        return None  # Rows of different sizes are no table of features.


def _are_tokens(X):
    """Tell a list of token arrays (P, C), all of one shape, from images."""
    return all(isinstance(x, np.ndarray) and x.ndim == 2 and x.shape == X[0].shape for x in X)


def _is_column_of_images(X):
    """Tell an array, Series or data frame with one path or image per row from anything else."""
    shape = getattr(X, "shape", ())
    if len(shape) not in (1, 2) or shape[0] == 0 or tuple(shape[1:]) not in ((), (1,)):
        return False
    column = X.to_numpy() if hasattr(X, "to_numpy") else X
    return _is_image(column.reshape(-1)[0])


def _is_image(x):
    """Tell a path, a PIL image or an image array from anything else."""
    return is_path(x) or hasattr(x, "getexif") or (isinstance(x, np.ndarray) and x.ndim in (2, 3))
