"""Labels that nobody annotated, from what texts say of them: logits of labels out of others'."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from sklearn_ctran._memory.label_counts import learn_room, room_for_another
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Variance of what a label's text does not say of it, where that of what it says is 1.
_OWN = 0.5
#: What an image's own logits count beside remembered rows.
_SHARE = 0.5
#: Rows with high scores count more by this factor than they do in a mean of odds.
_SHARPNESS = 2.0
#: Added to a ratio of odds, so that it has a logarithm.
_NONE = 1e-12
#: Shorter vectors have no direction.
_SHORT = 1e-6


@dataclass(frozen=True)
class LabelText:
    """The texts of a fit's labels, by which the logits of any other label are predicted.

    Three things are evidence of a new label:

    - a kernel ridge regression over labels: what an image adds to the log-odds of each label of
      the fit, times the regression's weights of the new label on it. The kernel is
      (c + c ** 2) / 2 of the cosine c of two labels' vectors, less their mean: labels that are
      alike count more than those that are opposite;
    - the room that the labels of the image leave for another one;
    - where there is a memory, both of these of the remembered rows, whose labels are known.

    Attributes
    ----------
    mean : ndarray of shape (n_dimensions,), float32
    vectors : ndarray of shape (n_labels, n_dimensions), float32
        Less the mean, of unit length.
    log_odds : ndarray of shape (n_labels,), float32
        Of the labels in the training rows.
    log_pos_weight : ndarray of shape (n_labels,), float32
        What the logits of labels have beyond those of their probabilities.
    room : ndarray of shape (n_counts,), float32
        What :func:`learn_room` returned.
    """

    mean: np.ndarray
    vectors: np.ndarray
    log_odds: np.ndarray
    log_pos_weight: np.ndarray
    room: np.ndarray

    @classmethod
    def learn(cls, embeddings, log_odds, log_pos_weight, states, weights):
        """From embeddings (n_labels, n_dimensions), float32, and the training rows' labels.

        `log_odds` and `log_pos_weight` are (n_labels,), the true `states` (n_samples, n_labels),
        the `weights` of the rows (n_samples,). Raises ValueError if all labels have one embedding,
        which tells them not apart.
        """
        mean = embeddings.astype(np.float64).mean(axis=0)
        vectors = _directions(embeddings - mean)
        if not vectors.any():
            raise ValueError(
                "label_embeddings has the same vector for all labels of y: it takes two labels or "
                "more, with different vectors, to predict others."
            )
        log_odds, log_pos_weight = (
            np.asarray(each, dtype=np.float32) for each in (log_odds, log_pos_weight)
        )
        room = learn_room(states, weights)
        return cls(mean.astype(np.float32), vectors, log_odds, log_pos_weight, room)

    @property
    def n_dimensions(self):
        """The length of each label's vector."""
        return len(self.mean)

    @property
    def start(self):
        """The logit of a label of which nothing is known: the median of the fit's labels."""
        return np.median(self.log_odds)

    def logits(self, embeddings, logits, told, states, recalled=None):
        """Logits (n_samples, n_new), float32, of labels with embeddings (n_new, n_dimensions).

        A label that is like none of the fit starts from the median of their log-odds, and the room
        that others leave changes it.

        Parameters
        ----------
        embeddings : ndarray of shape (n_new, n_dimensions)
        logits, told : ndarray of shape (n_samples, n_labels)
            Logits of the fit's labels where no label is known, and given the known ones. Their
            mean counts, and for a known label the former: its state says less than its logit of
            what else is in the image.
        states : ndarray of shape (n_samples, n_labels), int8
            Of the known labels.
        recalled : ndarray of shape (n_samples, n_new) or None
            What :meth:`recalled` returned; None without a memory.
        """
        mean = np.where(states == UNKNOWN, (logits + told) / 2, logits)
        seen = (mean - self.log_odds) @ self._weights(embeddings) + self._room(told, states)
        if recalled is not None:
            seen = _SHARE * seen + recalled
        return np.float32(self.start + seen)

    def recalled(self, embeddings, memory, features, states):
        """Logarithms (n_samples, n_new) of how much more odds a label has in rows like an image.

        The odds of the rows of the LabelMemory are those of the text and of the room, the mean of
        what their true labels and their predicted ones leave. `features` and `states` are those
        of :meth:`LabelMemory.logits`.
        """
        n_labels = len(self.vectors)
        logits = memory.row_logits[:, :n_labels]
        scores = (logits - self.log_odds) @ self._weights(embeddings)
        true_states = memory.retrieval.states[:, :n_labels].numpy()
        for known in (true_states, np.full_like(true_states, UNKNOWN)):
            scores += self._room(logits, known) / 2
        odds = np.exp(_SHARPNESS * (scores - scores.max(axis=0)))
        mean = memory.retrieval.log_weights.double().exp().numpy() @ odds
        return np.log(memory.mean_of_rows(odds, features, states) / mean + _NONE) / _SHARPNESS

    def _room(self, logits, states):
        """The room (n_samples, 1) that labels with these logits, or known states, leave."""
        proba = expit(logits - self.log_pos_weight)
        proba = np.where(states == UNKNOWN, proba, states == POSITIVE)
        return room_for_another(self.room, proba)[:, None]

    def _weights(self, embeddings):
        """The regression's weights (n_labels, n_new) of new labels on those of the fit."""
        # In float64, so that a label's logit hardly depends on which others are asked for.
        vectors = self.vectors.astype(np.float64)
        likeness = vectors @ _directions(embeddings - self.mean).T
        kernel = _kernel(vectors @ vectors.T)
        return np.linalg.solve(kernel + _OWN * np.eye(len(kernel)), _kernel(likeness))


def _kernel(cosines):
    return (cosines + cosines**2) / 2


def _directions(vectors):
    """Vectors scaled to unit length; zero where there is no direction."""
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(length > _SHORT, length, np.inf)).astype(np.float32)
