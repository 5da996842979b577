"""What makes two images alike: features on a few directions, scaled to unit length."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.extmath import randomized_svd

#: Directions that are kept. More do not make better neighbours, and cost time and memory.
N_DIRECTIONS = 128
#: Standard deviations from the mean beyond which features are all the same.
FAR = 1e6
#: A vector of less length is of an image that is average in everything.
LEAST_LENGTH = 1e-6
#: A feature whose deviation from the mean is a smaller share of it is constant.
_ROUNDING = {np.float32: 1e-7, np.float64: 1e-13}


@dataclass(frozen=True)
class Likeness:
    """Standardised features on their principal directions, as vectors of unit length.

    The likeness of two images is the dot product of their vectors, a cosine.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,), float32 or float64
        In float64, features of large mean, such as times, keep their digits.
    directions : ndarray of shape (n_features, n_directions), float32, or None
        None keeps all features.
    """

    mean: np.ndarray
    scale: np.ndarray
    directions: np.ndarray | None

    @classmethod
    def learn(cls, features, weights):
        """From features (n_samples, n_features) and weights of the samples above 0."""
        weights, dtype = weights / weights.sum(), features.dtype
        # In float64, because constant features must have a scale of 0 but for rounding errors.
        mean = weights @ features.astype(np.float64)
        scale = np.sqrt(weights @ (features - mean) ** 2)
        scale[scale <= _ROUNDING[dtype.type] * np.abs(mean)] = 1.0
        mean, scale = mean.astype(dtype), scale.astype(dtype)
        scale[scale == 0] = 1.0
        directions = None
        if min(features.shape) > N_DIRECTIONS:
            weighted = (features - mean) / scale * np.sqrt(weights)[:, None].astype(dtype)
            _, _, rows = randomized_svd(weighted, N_DIRECTIONS, random_state=0)
            directions = np.ascontiguousarray(rows.T, dtype=np.float32)
        return cls(mean, scale, directions)

    def __call__(self, features):
        """Vectors (n_samples, n_directions), float32, of features (n_samples, n_features).

        The vector of an image that is average in everything is zero: it is like none.
        """
        # A clip, because the squares of extreme values, or they themselves, are infinite.
        with np.errstate(over="ignore"):
            vectors = np.clip((features - self.mean) / self.scale, -FAR, FAR)
        if self.directions is not None:
            vectors = vectors @ self.directions
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.where(length > LEAST_LENGTH, length, np.inf)).astype(np.float32)
