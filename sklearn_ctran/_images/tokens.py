"""Inputs of networks, served in batches: tokens, encoded images, and images for a backbone."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_ctran._utils.rows import take_names

_CHUNK = 256  # the number of images that are processed together
#: Pooled tokens of so many bytes are kept in memory.
_MOST_BYTES = 1 << 30


class Tokens:
    """Tokens in memory, of shape (n_samples, n_tokens, n_channels), float32."""

    def __init__(self, values):
        self.values = values

    @classmethod
    def collect(cls, batches, n_samples):
        """Make Tokens of an iterable of (rows, Tensor (B, P, C)) that covers all rows."""
        values = None
        for rows, tokens in batches:
            if values is None:
                values = np.empty((n_samples, *tokens.shape[1:]), dtype=np.float32)
            values[rows] = tokens.numpy()
        return cls(values)

    def __len__(self):
        return len(self.values)

    @property
    def shape(self):
        """(n_samples, n_tokens, n_channels)."""
        return self.values.shape

    def batch(self, rows, generator=None):
        """Return rows as a Tensor (B, P, C); tokens are never augmented."""
        return torch.from_numpy(self.values[rows])


class EncodedImages:
    """Images after the backbone of a fitted estimator; made by its ``encode``.

    Every method that predicts or scores takes them in place of the images, also those of other
    estimators with the same backbone, weights, preprocessing and `regions`. Rows can be selected
    as in an array.

    Attributes
    ----------
    shape : (n_samples, n_tokens, n_channels)
    key : tuple
        Estimators with equal keys can use each other's encoded images.
    row_names : dict
        The index of the images and the parts of their paths, if they have these; to compare the
        order of their rows with that of labels.

    Examples
    --------
    >>> from sklearn_ctran import CTranClassifier
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(20, random_state=0)
    >>> model = CTranClassifier("small", image_size=None, augment=None, max_epochs=1)
    >>> images = model.fit(scenes.images, scenes.Y).encode(scenes.images)
    >>> images
    EncodedImages(20 images, 10 x 128)
    >>> model.predict_proba(images[:3], known_labels={9: 1}).shape
    (3, 10)
    """

    def __init__(
        self,
        tokens: Any,
        key: tuple[Any, ...],
        rows: np.ndarray | None = None,
        row_names: dict[str, Any] | None = None,
    ) -> None:
        self._tokens = tokens
        self.key = key
        self._rows = np.arange(len(tokens)) if rows is None else rows
        self.row_names = take_names(row_names or {})

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_samples, n_tokens, n_channels)."""
        return (len(self), *self._tokens.shape[1:])

    def __getitem__(self, rows: Any) -> "EncodedImages":
        """Select images by a slice, or an array of positions or booleans."""
        rows = np.atleast_1d(np.arange(len(self))[rows])
        names = take_names(self.row_names, rows)
        return EncodedImages(self._tokens, self.key, self._rows[rows], names)

    def batch(self, rows: np.ndarray, generator: Any = None) -> Tensor:
        """Return rows as a Tensor (B, P, C)."""
        return self._tokens.batch(self._rows[rows])

    def __repr__(self):
        return f"EncodedImages({len(self)} images, {' x '.join(map(str, self.shape[1:]))})"


class ImageBatches:
    """Images that are decoded and resized batch by batch."""

    def __init__(self, images, preprocess):
        self.images = images
        self.preprocess = preprocess

    def __len__(self):
        return len(self.images)

    def batch(self, rows, generator=None):
        """Return rows as a Tensor (B, K, H, W), uint8, augmented if there is a generator."""
        return self.images.batch(rows, self.preprocess, generator)


class PooledTokens:
    """Tokens that are pooled whenever they are read."""

    def __init__(self, tokens, pool):
        self._tokens = tokens
        self._pool = pool
        self.shape = (len(tokens), *self.batch(np.arange(1)).shape[1:])

    def __len__(self):
        return len(self._tokens)

    def batch(self, rows, generator=None):
        """Return rows as a Tensor (B, P', C)."""
        return self._pool(self._tokens.batch(rows))


def pooled(tokens, pool):
    """Tokens after ``pool(Tensor (B, P, C)) -> Tensor (B, P', C)``.

    They are pooled now, batch by batch; whenever they are read if all would take much memory.
    """
    later = PooledTokens(tokens, pool)
    return later if 4 * math.prod(later.shape) > _MOST_BYTES else collected(later)


def collected(tokens, rows=None):
    """All tokens, or those of some rows, in memory."""
    rows = np.arange(len(tokens)) if rows is None else rows
    chunks = _chunks(np.arange(len(rows)))
    return Tokens.collect(((chunk, tokens.batch(rows[chunk])) for chunk in chunks), len(rows))


def mean_and_scale(tokens, rows, weights):
    """Weighted mean and standard deviation (n_channels,), float64, over all tokens of some images.

    `weights` (n_rows,), float64, above 0, are those of the images in `rows`. The scale of a
    constant channel is 1.
    """
    # Chunk by chunk, around each chunk's own mean (Chan, Golub, LeVeque 1983): a second copy of
    # the tokens may not fit in memory, and the difference of two large sums of squares is noisy.
    # Tokens are first summed within each image; this is the only slow part.
    total, mean, squares = 0.0, 0.0, 0.0
    for chunk, weight in zip(_chunks(rows), _chunks(weights), strict=True):
        values = tokens.batch(chunk)
        weight = torch.from_numpy(weight) / values.shape[1]
        chunk_total = weight.sum() * values.shape[1]
        chunk_mean = weight @ values.sum(dim=1).double() / chunk_total
        deviations = (values - chunk_mean.float()).square_()
        chunk_squares = weight @ deviations.sum(dim=1).double()
        delta = chunk_mean - mean
        share = chunk_total / (total + chunk_total)
        squares = squares + chunk_squares + delta**2 * (total * share)
        mean = mean + delta * share
        total = total + chunk_total
    scale = (squares / total).sqrt()
    scale[scale <= 1e-7 * mean.abs()] = 1.0
    return mean, scale


def _chunks(rows):
    return np.array_split(rows, math.ceil(len(rows) / _CHUNK))
