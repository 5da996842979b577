"""ML-kNN: how many of its neighbours have a label, and what that meant in training."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._base import Baseline
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Rows whose neighbours are searched for and counted at a time, which bounds the memory.
_ROWS_AT_ONCE = 512


class _Votes(NamedTuple):
    """Numbers of positive neighbours, as two whole numbers and the share of the upper one."""

    lower: np.ndarray
    upper: np.ndarray
    share: np.ndarray


class MLkNN(Baseline):
    """Each label by Bayes' rule from the number of nearest neighbours that have it [1]_.

    In training, each sample's `n_neighbors` nearest others are counted: how often does a sample
    with the label have 0, 1, ..., `n_neighbors` neighbours with it, and how often a sample without?
    In prediction these two distributions and the label's share of the samples give the probability
    of the label. A sample is never its own neighbour in training.

    Known labels do not change the predictions of other labels (tag ``uses_known_labels=False``). A
    1-D `y` is read as one label per class, and probabilities are scaled to sum to 1.

    Distances are Euclidean: put a :class:`~sklearn.preprocessing.StandardScaler` before this in a
    pipeline where features have different units.

    Parameters
    ----------
    n_neighbors : int, default=10
        Number of neighbours. A label that is annotated in no more samples than that counts all but
        one of them.
    smoothing : float, default=1.0
        Added to each count of samples, in [1e-9, 1e9]: 1 is Laplace smoothing, and a large number
        makes all probabilities 0.5.

    Attributes
    ----------
    neighbors_ : NearestNeighbors
        Finds the nearest samples; it holds the features of all.
    prior_ : ndarray of shape (n_labels + n_extra_labels,), float64
        The smoothed share of the samples that have the label, targets first, then extra labels.
    likelihood_ : ndarray of shape (2, n_labels + n_extra_labels, n_neighbors + 1), float64
        Of a sample without the label (0) or with it (1), the probability of each number of
        neighbours with the label.
    n_neighbors_ : ndarray of shape (n_labels + n_extra_labels,), int64
        Number of neighbours of each label.
    classes_ : ndarray
        ``[[0, 1]] * n_labels``; for a 1-D `y` the classes, of shape (n_classes,).
    n_labels_ : int
        Number of labels; of classes for a 1-D `y`.
    label_names_ : ndarray of shape (n_labels,)
        The columns of a data frame `y`, else 0, 1, ...; the classes of a 1-D `y`.
    extra_label_names_ : ndarray of shape (n_extra_labels,)
        The columns of a data frame or dict `extra_labels`, else "extra0", "extra1", ...
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Only if `X` was a data frame.

    Notes
    -----
    With gaps in `y`, the neighbours of a label are the nearest samples that are annotated for it.
    A sample of weight 2 counts as two neighbours, and each of these two has the other as one. With
    weights that are no whole numbers, the number of neighbours with the label may lie between two
    whole numbers, and counts for both.

    References
    ----------
    .. [1] M.-L. Zhang, Z.-H. Zhou: ML-KNN: A Lazy Learning Approach to Multi-Label Learning.
       Pattern Recognition 40(7), 2007.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MLkNN
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MLkNN(n_neighbors=5).fit(X, Y)
    >>> model.predict_proba(X, known_labels={0: 1}).shape
    (100, 5)
    """

    _parameter_constraints = {
        "n_neighbors": [WholeNumber(Integral, 1, None, closed="left")],
        "smoothing": [Interval(Real, 1e-9, 1e9, closed="both")],
    }

    def __init__(self, n_neighbors: int = 10, *, smoothing: float = 1.0) -> None:
        self.n_neighbors = n_neighbors
        self.smoothing = smoothing

    def _fit_labels(self, X, states, sample_weight):
        weight = np.ones(len(X)) if sample_weight is None else sample_weight
        annotated = weight @ (states != UNKNOWN)
        self._X, self._states, self._weight = X, states, weight
        # Each sample that is annotated for the label has at least so many others.
        self.n_neighbors_ = np.clip(np.floor(annotated) - 1, 0, self.n_neighbors).astype(np.int64)
        self.neighbors_ = NearestNeighbors().fit(X)
        absent, present = (weight @ (states == state) + self.smoothing for state in (0, 1))
        self.prior_ = present / (absent + present)
        self._prior_logit = np.log(present) - np.log(absent)  # finite even where the prior is 1.0
        counts = self._count(self._votes(X, is_training=True))
        # Numbers above that of a label's neighbours have no probability.
        possible = np.arange(self.n_neighbors + 1) <= self.n_neighbors_[:, None]
        smoothed = np.where(possible, counts + self.smoothing, 0.0)
        self.likelihood_ = smoothed / smoothed.sum(axis=2, keepdims=True)

    def _saved_state(self, storage):
        state = super()._saved_state(storage)
        state.pop("neighbors_", None)
        return state

    def _set_saved_state(self, state):
        super()._set_saved_state(state)
        self.neighbors_ = NearestNeighbors().fit(self._X)

    def _count(self, votes):
        """Weight of the samples (2, n_labels, n_neighbors + 1) by state and number of votes."""
        counts = np.zeros((2, self._states.shape[1], self.n_neighbors + 1))
        rows, labels = np.nonzero(self._states != UNKNOWN)
        state, weight = self._states[rows, labels], self._weight[rows]
        share = votes.share[rows, labels]
        np.add.at(counts, (state, labels, votes.lower[rows, labels]), weight * (1 - share))
        np.add.at(counts, (state, labels, votes.upper[rows, labels]), weight * share)
        return counts

    def _label_probabilities(self, X, states):
        votes = self._votes(X)
        labels = np.arange(len(self.prior_))
        lower, upper = (self.likelihood_[:, labels, each] for each in (votes.lower, votes.upper))
        likelihood = (1 - votes.share) * lower + votes.share * upper
        odds = np.log(likelihood[POSITIVE]) - np.log(likelihood[NEGATIVE])
        return self.task_.scale_classes(expit(odds + self._prior_logit), states)

    def _votes(self, X, is_training=False):
        """Numbers of neighbours (n_samples, n_labels) that have each label."""
        blocks = gen_batches(len(X), _ROWS_AT_ONCE)
        rows = np.arange(len(X)) if is_training else np.full(len(X), -1)
        numbers = np.vstack([self._numbers(X[block], rows[block]) for block in blocks])
        lower = np.floor(numbers).astype(np.int64)
        return _Votes(lower, np.minimum(lower + 1, self.n_neighbors_), numbers - lower)

    def _numbers(self, X, rows):
        """Votes of a block as real numbers; `rows` are its rows in training, or -1."""
        labels, n_found = np.arange(len(self.n_neighbors_)), self.n_neighbors + 1
        candidates, search = np.arange(len(self._X)), self.neighbors_
        numbers = np.empty((len(X), len(labels)))
        while True:
            distances, found = _nearest(search, X, min(n_found, len(candidates)))
            votes = candidates[found], self._closeness(distances), rows, labels
            numbers[:, labels], wanted = self._add_votes(*votes)
            labels = labels[wanted.any(axis=0)]
            if not len(labels) or n_found >= len(candidates):
                return numbers
            # The nearest are not annotated for these labels, or are of small weight.
            candidates = np.flatnonzero((self._states[:, labels] != UNKNOWN).any(axis=1))
            search = NearestNeighbors().fit(self._X[candidates])
            n_found *= 2

    def _closeness(self, distances):
        """What votes at these distances count, an array of their shape; None: all alike."""
        return None

    def _add_votes(self, found, closeness, rows, labels):
        """Votes of neighbours, nearest first, and how many neighbours are still wanted."""
        n_neighbors = self.n_neighbors_[labels].astype(np.float64)
        wanted = np.tile(n_neighbors, (len(found), 1))
        numbers, total = np.zeros(wanted.shape), np.zeros(wanted.shape)
        for position, each in enumerate(found.T):
            # Of a row of weight 2, one is left as its own neighbour.
            weight = np.maximum(self._weight[each] - (each == rows), 0)
            states = self._states[each][:, labels]
            taken = np.minimum(weight[:, None] * (states != UNKNOWN), wanted)
            wanted -= taken
            if closeness is not None:
                taken = taken * closeness[:, position, None]
            numbers += taken * (states == POSITIVE)
            total += taken
            if not wanted.any():
                break
        if closeness is not None:
            share = np.divide(numbers, total, out=np.zeros_like(total), where=total > 0)
            numbers = n_neighbors * np.minimum(share, 1)
        return numbers, wanted

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = False
        return tags


def _nearest(search, X, n_found):
    """Distances and positions (n_samples, n_found) of the nearest samples among those searched."""
    distances, found = search.kneighbors(X, n_found)
    if not np.isfinite(distances).all():
        raise ValueError(
            "X holds numbers so large that distances between rows overflow: scale it, as by a "
            "StandardScaler before MLkNN in a pipeline."
        )
    return distances, found
