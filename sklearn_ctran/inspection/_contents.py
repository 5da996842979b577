"""What rows of `X` hold: digests by which copies are found, and features."""

from contextlib import suppress

import numpy as np

from sklearn_ctran._images.errors import ERRORS
from sklearn_ctran._images.keys import content_key
from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran._images.rows import as_rows
from sklearn_ctran._utils.frames import plain

#: Images whose tokens are averaged at a time.
_CHUNK = 512


def row_keys(X):
    """A digest of each row's content, a list of bytes; None for images that cannot be read."""
    kind, X = kind_of(X, takes_tokens=False)
    is_pixels = isinstance(X, np.ndarray) and X.dtype.kind not in "OSU"
    if kind == "images" and not is_pixels:
        rows = as_rows(X)
        return [_key(row, rows) for row in range(len(rows))]
    rows = np.ascontiguousarray(plain(X))
    return [row.tobytes() for row in rows]


def _key(row, rows):
    with suppress(*ERRORS):
        return content_key(row, rows[row])
    return None


def features_of(estimator, X):
    """Features (n_samples, n_features), float64, as an estimator reads them; None if it has none.

    Of tokens they are the mean. Without an ``encode`` the estimator reads `X` as it is.
    """
    if hasattr(estimator, "encode"):
        tokens = estimator.encode(X)
        if not tokens.shape[1]:
            return None
        chunks = np.array_split(np.arange(len(tokens)), -(-len(tokens) // _CHUNK))
        means = [tokens.batch(rows).mean(dim=1).double().numpy() for rows in chunks]
        return np.concatenate(means)
    if kind_of(X, takes_tokens=False)[0] != "features":
        return None
    return np.asarray(plain(X), dtype=np.float64)
