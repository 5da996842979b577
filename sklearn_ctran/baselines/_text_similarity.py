"""TextSimilarity: labels by the cosine of an image's vector and that of a text."""

from numbers import Real
from typing import Literal

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.preprocessing import normalize
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ctran._labels.embeddings import read_label_embeddings
from sklearn_ctran._utils.typing import LabelEmbeddings
from sklearn_ctran.baselines._base import Baseline
from sklearn_ctran.baselines._new_labels import AnswersNewLabels
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Range of the temperature that training may find.
_TEMPERATURES = 1e-3, 1e3


class TextSimilarity(AnswersNewLabels, Baseline):
    """How alike an image and a text about the label are, in a space that both have in common.

    Zero-shot classification by a model of images and texts, such as CLIP [1]_ or SigLIP [2]_, whose
    vectors are given. The logit of a label is ``cosine / temperature + bias``. Vectors of images
    are `X`, those of texts `label_embeddings`. For labels that were not in training,
    ``predict_proba(X, labels=..., label_embeddings=...)`` has an answer too. Known labels do not
    change the predictions of other labels (tag ``uses_known_labels=False``).

    Parameters
    ----------
    label_embeddings : array-like of shape (n_labels, n_features), dict or DataFrame, default=None
        Vectors of the labels' texts, extra labels last: an array in their order, a dict from name
        to vector, or a DataFrame with the names as its index. Their lengths do not count. None: the
        mean direction of the training images that have the label.
    temperature : float or "auto", default="auto"
        What cosines are divided by, above 0; that of CLIP is 0.01. "auto": the likeliest of the
        training labels, in [0.001, 1000].
    bias : float, "auto" or "label", default="auto"
        What is added. "auto": one number, the likeliest of the training labels. "label": one for
        each label, whose differences from the common one have the variance 1 beforehand. With a
        given temperature and bias, nothing but names is learned from `y`.

    Attributes
    ----------
    label_vectors_ : ndarray of shape (n_labels + n_extra_labels, n_features), float64
        The labels' vectors, of length 1.
    temperature_ : float
        The temperature.
    bias_ : ndarray of shape (n_labels + n_extra_labels,), float64
        The bias of each label.
    common_bias_ : float
        The bias of labels that were not in training.
    classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, feature_names_in_
        As of :class:`MLkNN`.

    Notes
    -----
    For a 1-D `y`, probabilities of classes are scaled to sum to 1; CLIP takes their softmax.

    References
    ----------
    .. [1] A. Radford et al.: Learning Transferable Visual Models From Natural Language Supervision.
       ICML 2021.
    .. [2] X. Zhai, B. Mustafa, A. Kolesnikov, L. Beyer: Sigmoid Loss for Language Image
       Pre-Training. ICCV 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ctran.baselines import TextSimilarity
    >>> images = np.array([[1.0, 0.1], [0.1, 1.0], [1.0, 1.0], [-1.0, 0.2]])
    >>> Y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    >>> model = TextSimilarity(np.eye(2), temperature=0.1, bias=-5.0).fit(images, Y)
    >>> model.predict(images).tolist()
    [[1, 0], [0, 1], [1, 1], [0, 0]]
    >>> new = {"left": [-1.0, 0.0]}
    >>> model.predict_proba(images, labels=["left"], label_embeddings=new).round().tolist()
    [[0.0], [0.0], [0.0], [1.0]]
    """

    n_features_in_: int

    _parameter_constraints = {
        "label_embeddings": ["array-like", dict, None],
        "temperature": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "bias": [Real, StrOptions({"auto", "label"})],
    }

    def __init__(
        self,
        label_embeddings: LabelEmbeddings = None,
        *,
        temperature: float | Literal["auto"] = "auto",
        bias: float | Literal["auto", "label"] = "auto",
    ) -> None:
        self.label_embeddings = label_embeddings
        self.temperature = temperature
        self.bias = bias

    @property
    def _n_dimensions(self):
        return None if self.label_embeddings is None else self.n_features_in_

    def _fit_labels(self, X, states, sample_weight):
        weight = np.ones(len(X)) if sample_weight is None else sample_weight
        self.label_vectors_ = self._read_vectors(X, states, weight)
        cosines = self._cosines(X, self.label_vectors_)
        slope, self.common_bias_, own = self._calibrated(cosines, states, weight)
        self.temperature_, self.bias_ = 1 / slope, self.common_bias_ + own

    def _read_vectors(self, X, states, weight):
        if self.label_embeddings is None:
            return normalize((weight[:, None] * (states == POSITIVE)).T @ normalize(X))
        vectors = read_label_embeddings(self.label_embeddings, self.task_.all_names)
        if vectors.shape[1] != X.shape[1]:
            raise ValueError(
                f"label_embeddings have {vectors.shape[1]} dimensions, but X has {X.shape[1]}: "
                "images and texts must be of one space."
            )
        return normalize(vectors.astype(np.float64))

    def _calibrated(self, cosines, states, weight):
        """Slope, common bias and own biases (n_labels,): the likeliest of those that are open."""
        entries = weight[:, None] * (states != UNKNOWN)
        mean = np.average(cosines, weights=entries)
        spread = np.sqrt(np.average((cosines - mean) ** 2, weights=entries)) or 1.0
        scaled, total = (cosines - mean) / spread, entries.sum()
        n_labels, y = cosines.shape[1], states == POSITIVE
        slopes = [1 / each * spread for each in reversed(_TEMPERATURES)]
        if self.temperature != "auto":
            slopes = [spread / self.temperature] * 2
        own = (None, None) if self.bias == "label" else (0.0, 0.0)
        is_given = not isinstance(self.bias, str)

        def loss(values):
            slope, common, differences = values[0], values[1], values[2:]
            if is_given:  # At the cosine 0, not at the mean.
                common = self.bias + slope * mean / spread
            logits = slope * scaled + common + differences
            nll = entries * (np.logaddexp(0, logits) - y * logits)
            d_logits = entries * (expit(logits) - y)
            d_common = d_logits.sum()
            d_slope = (d_logits * scaled).sum() + is_given * d_common * mean / spread
            d_own = d_logits.sum(axis=0) + differences
            gradient = np.concatenate([[d_slope, d_common * (not is_given)], d_own])
            return (nll.sum() + (differences**2).sum() / 2) / total, gradient / total

        start = np.concatenate([[np.clip(1.0, *slopes)], np.zeros(1 + n_labels)])
        bounds = [tuple(slopes), (None, None), *[own] * n_labels]
        options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
        slope = found[0] / spread
        common = float(self.bias) if is_given else found[1] - slope * mean
        return slope, common, found[2:]

    def _label_probabilities(self, X, states):
        logits = self._cosines(X, self.label_vectors_) / self.temperature_ + self.bias_
        return self.task_.scale_classes(expit(logits), states)

    def _new_logits(self, data, vectors):
        cosines = self._cosines(data, normalize(vectors.astype(np.float64)))
        return cosines / self.temperature_ + self.common_bias_

    def _cosines(self, X, vectors):
        return normalize(X.astype(np.float64)) @ vectors.T

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = False
        return tags
