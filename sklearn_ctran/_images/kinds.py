"""What `X` holds: images, tokens or features."""

import os

import numpy as np
from scipy import sparse


def _kind_of(X, takes_tokens):
    """Tell what `X` holds: "images", "tokens" or "features"; lists of numbers become arrays."""
    if sparse.issparse(X):
        raise TypeError("X is sparse; features are read dense: pass X.toarray().")
    n_dimensions = getattr(X, "ndim", None)
    if isinstance(X, (list, tuple)):
        if any(_is_image(x) for x in X) and not (takes_tokens and _are_tokens(X)):
            return "images", X
        try:
            X = np.asarray(X)
        except ValueError:
            return "images", X  # Rows of different sizes: no table of features.
        n_dimensions = X.ndim
    elif n_dimensions in (1, 2) and len(X) and (n_dimensions == 1 or X.shape[1] == 1):
        # Paths or pictures, one a row: an array, a Series, a data frame of one column.
        column = X.to_numpy() if hasattr(X, "to_numpy") else X
        if _is_image(column.reshape(-1)[0]):
            return "images", X
    if n_dimensions == 3:
        return ("tokens" if takes_tokens else "images"), X
    return ("images" if n_dimensions == 4 else "features"), X


def _are_tokens(X):
    """Tell a list of token arrays (P, C), of one shape, from images."""
    return all(isinstance(x, np.ndarray) and x.ndim == 2 and x.shape == X[0].shape for x in X)


def _is_image(x):
    """Tell a path, a PIL image or an image array from anything else."""
    if isinstance(x, (str, bytes, os.PathLike)):
        return True
    return hasattr(x, "getexif") or (isinstance(x, np.ndarray) and x.ndim in (2, 3))
