"""Labels added to a fitted model: their texts, and what a few examples say beside them."""

from dataclasses import dataclass

import numpy as np

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE

#: The background's variance in each direction has so much of the mean variance added.
_SHRINKAGE = 3.0
#: The logits of examples have this deviation at most, and half of it with so many positives.
_STRENGTH, _FEW = 2.0, 5.0
#: Remembered rows count as so many examples of what a label is not.
_BACKGROUND = 20.0


@dataclass(frozen=True)
class AddedLabels:
    """Labels that were added after the fit.

    Attributes
    ----------
    names : ndarray of shape (n_added,)
    embeddings : ndarray of shape (n_added, n_dimensions), float32
    slopes : ndarray of shape (n_added, n_directions), float32
        Added to a label's logits for each unit of a direction of the memory; 0 without examples.
    offsets : ndarray of shape (n_added,), float32
    text_share : ndarray of shape (n_added,), float32
        How much the text counts beside the examples; 1 without examples.
    """

    names: np.ndarray
    embeddings: np.ndarray
    slopes: np.ndarray
    offsets: np.ndarray
    text_share: np.ndarray

    def __len__(self):
        return len(self.names)

    def by_name(self):
        """Name -> embedding."""
        return dict(zip(self.names.tolist(), self.embeddings, strict=True))

    def and_(self, others):
        """These labels, then others."""
        pairs = zip(vars(self).values(), vars(others).values(), strict=True)
        return AddedLabels(*(np.concatenate(pair) for pair in pairs))

    def logits(self, vectors):
        """What the examples add to logits, (n_samples, n_added), of vectors of the memory."""
        return vectors @ self.slopes.T + self.offsets


def learn_from_examples(remembered, vectors, states):
    """Slopes (n_labels, n_directions), offsets and text shares (n_labels,), by a few examples.

    A linear discriminant (Fisher, 1936) whose covariance is that of all remembered rows, because a
    few examples have none: `remembered` (n_rows, n_directions). `vectors` (n_samples, n_directions)
    are the examples', `states` (n_samples, n_labels) their labels. Logits of the examples are
    scaled by their deviation over the remembered rows. The more positive examples, the more they
    count and the less the text does. Labels without one have the slopes 0 and the text share 1.
    """
    remembered, vectors = remembered.astype(np.float64), vectors.astype(np.float64)
    mean = remembered.mean(axis=0)
    covariance = np.cov(remembered, rowvar=False, bias=True).reshape(2 * remembered.shape[1:])
    level = _SHRINKAGE * np.trace(covariance) / max(1, len(covariance))
    covariance += (level + 1e-9) * np.eye(len(covariance))
    is_positive, is_negative = (
        (states == POSITIVE).astype(float),
        (states == NEGATIVE).astype(float),
    )
    n_positive, n_negative = is_positive.sum(axis=0)[:, None], is_negative.sum(axis=0)[:, None]
    centres = is_positive.T @ vectors / np.maximum(n_positive, 1)
    background = _BACKGROUND * mean + is_negative.T @ vectors
    background /= _BACKGROUND + n_negative
    slopes = np.linalg.solve(covariance, (centres - background).T).T
    deviation = (remembered @ slopes.T).std(axis=0)[:, None]
    text_share = _FEW / (n_positive + _FEW)
    slopes *= _STRENGTH * (1 - text_share) / np.maximum(deviation, 1e-9)
    learned = slopes, -slopes @ mean, text_share[:, 0]
    return tuple(each.astype(np.float32) for each in learned)
