"""TokenNeighbours: what the training images that are most alike have, the nearest counting most."""

from numbers import Real

import numpy as np
from sklearn.preprocessing import normalize
from sklearn.utils._param_validation import Interval

from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran.baselines._ml_knn import MLkNN


class TokenNeighbours(MLkNN):
    """Each label by Bayes' rule from the nearest training images, weighted by their likeness.

    As :class:`MLkNN` [1]_, but for image tokens: likeness is the cosine of mean tokens, whose
    channels are standardised, and the nearest of the neighbours count most [2]_. The number of
    neighbours with a label becomes `n_neighbors` times their share of the weight. Known labels do
    not change the predictions of other labels (tag ``uses_known_labels=False``).

    Parameters
    ----------
    n_neighbors : int, default=30
        Number of neighbours. A label that is annotated in no more samples than that counts all but
        one of them.
    smoothing : float, default=1.0
        Added to each count of samples, in [1e-9, 1e9].
    sharpness : float, default=10.0
        How fast weights fall, in [0, 100]: a neighbour of the cosine c has the weight
        ``exp(sharpness * (c - 1))``. 0: all count alike.

    Attributes
    ----------
    neighbors_, prior_, likelihood_, n_neighbors_, classes_, n_labels_, label_names_, \
            extra_label_names_, n_features_in_, feature_names_in_
        As of :class:`MLkNN`. Features are the channels of a token.

    Notes
    -----
    `X` may hold tokens (n_samples, n_tokens, n_channels), or features (n_samples, n_channels),
    which are mean tokens already. For images, put :class:`sklearn_ctran.ImageTokens` before this in
    a pipeline. Gaps in `y` and weights are treated as by :class:`MLkNN`.

    References
    ----------
    .. [1] M.-L. Zhang, Z.-H. Zhou: ML-KNN: A Lazy Learning Approach to Multi-Label Learning.
       Pattern Recognition 40(7), 2007.
    .. [2] S. A. Dudani: The Distance-Weighted k-Nearest-Neighbor Rule. IEEE Transactions on
       Systems, Man, and Cybernetics 6(4), 1976.

    Examples
    --------
    >>> from sklearn_ctran import ImageTokens
    >>> from sklearn_ctran.baselines import TokenNeighbours
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> from sklearn.pipeline import make_pipeline
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> tokens = ImageTokens("small", image_size=None, random_state=0)
    >>> model = make_pipeline(tokens, TokenNeighbours(5)).fit(scenes.images, scenes.Y)
    >>> model.predict_proba(scenes.images[:3]).shape
    (3, 10)
    """

    _parameter_constraints = {
        **MLkNN._parameter_constraints,
        "sharpness": [Interval(Real, 0, 100, closed="both")],
    }

    def __init__(
        self, n_neighbors: int = 30, *, smoothing: float = 1.0, sharpness: float = 10.0
    ) -> None:
        super().__init__(n_neighbors, smoothing=smoothing)
        self.sharpness = sharpness

    def _read_X(self, X, reset=False):
        kind, X = kind_of(X, takes_tokens=True)
        if kind == "tokens":
            X = np.asarray(X).mean(axis=1, dtype=np.float64)
        return super()._read_X(X, reset)

    def _fit_labels(self, X, states, sample_weight):
        X = X.astype(np.float64)
        self._mean = np.average(X, axis=0, weights=sample_weight)
        with np.errstate(over="ignore"):
            scale = np.sqrt(np.average((X - self._mean) ** 2, axis=0, weights=sample_weight))
        if not np.isfinite(scale).all():
            raise ValueError("X holds numbers so large that their squares overflow: scale it.")
        # A channel that hardly varies by more than rounding says nothing.
        is_constant = scale <= 1e-12 * np.abs(self._mean)
        self._scale = np.where(is_constant | (scale == 0), 1.0, scale)
        super()._fit_labels(self._directions(X), states, sample_weight)

    def _label_probabilities(self, X, states):
        return super()._label_probabilities(self._directions(X), states)

    def _directions(self, X):
        """Standardised features, at length 1."""
        return normalize((X - self._mean) / self._scale)

    def _closeness(self, distances):
        return np.exp(-self.sharpness * distances**2 / 2)
