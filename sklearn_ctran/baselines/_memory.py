"""The memory of training rows by itself, or beside any estimator."""

from dataclasses import replace
from numbers import Integral
from typing import Literal

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._adapters.probabilities import label_probabilities, takes_known_labels
from sklearn_ctran._adapters.unwrap import fit_arguments, unwrap
from sklearn_ctran._memory.memory import MEMORY_SHARE, LabelMemory, check_n_rows
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran._utils.typing import ArrayLike, Estimator, KnownLabels, RandomState
from sklearn_ctran.baselines._base import Baseline

#: Greater features have no variance that is a number, in float32 as in sums of squares.
_LARGEST = 1e38


class MemoryClassifier(Baseline):
    """The training rows that are like a sample and agree with its known labels.

    This is the memory of :class:`sklearn_ctran.CTranClassifier`, for features. Each training row
    has a weight, the greater the more its features are like the sample's, the better it agrees
    with the known labels, and the more of its labels a kernel ridge regression expects. The
    weighted mean of the rows' label sets is a probability of each label. The logit is a weighted
    sum of that of this probability and that of the regression. All strengths are learned from the
    training rows, of which each is predicted by the others. The guide to
    the memory has the formula.

    With an `estimator`, the logits are two thirds those of the memory and a third those of the
    estimator.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Has ``predict_proba(X, known_labels=..., extra_labels=...)`` as all of this package; or a
        pipeline or search of one. None: the memory alone.
    memory : int or "auto", default="auto"
        The most rows to remember; of more, as many are drawn at random. "auto": 20,000, less with
        more than 3,355 labels.
    random_state : int, RandomState instance or None, default=None
        Seeds the choice of rows, and of the labels that are hidden while strengths are learned.
        `estimator` has a seed of its own.

    Attributes
    ----------
    estimator_ : estimator
        Fitted; only if there is an `estimator`.
    memory_ : LabelMemory
        ``len(memory_)`` rows; ``memory_.rows`` are their numbers in the training data (equal rows
        count once).
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

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MemoryClassifier
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MemoryClassifier(random_state=0).fit(X, Y)
    >>> model.predict_proba(X, known_labels={0: 1}).shape
    (100, 5)
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "memory": [WholeNumber(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        memory: int | Literal["auto"] = "auto",
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.memory = memory
        self.random_state = random_state

    def nearest(
        self,
        X: ArrayLike,
        n_rows: int = 5,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The training rows that decide most on each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        n_rows : int, default=5
            How many; at most ``len(memory_)``.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`. Rows that agree with them have more weight.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_rows), int64
            Numbers of rows in the `X` of `fit`, the one with the most weight first.
        weights : ndarray of shape (n_samples, n_rows), float64
            Their weights in the memory's mean of label sets, in [0, 1]. All rows' sum to 1.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If `n_rows` is greater than the memory, or an argument cannot be used.
        """
        check_is_fitted(self)
        check_n_rows(self.memory_, n_rows)
        data, states = self._read(X, known_labels, extra_labels)
        with plain_torch():
            return self.memory_.nearest(data.astype(np.float64), states, n_rows)

    def _fit(self, X, y, extra_labels, sample_weight):
        self._check_estimator()
        super()._fit(X, y, extra_labels, sample_weight)
        if sample_weight is not None:  # Rows of weight 0 were left out.
            counted = np.flatnonzero(np.asarray(sample_weight) > 0)
            self.memory_ = replace(self.memory_, rows=counted[self.memory_.rows])
        if self.estimator is None:
            return
        given = fit_arguments(self.estimator, extra_labels, sample_weight)
        self.estimator_ = clone(self.estimator).fit(self._read_X(X), y, **given)

    def _check_estimator(self):
        name = getattr(self.estimator, "__name__", type(self.estimator).__name__)
        if isinstance(self.estimator, type):
            raise TypeError(f"estimator must be an instance: {name}().")
        if self.estimator is not None and not takes_known_labels(unwrap(self.estimator)[0]):
            raise TypeError(
                "estimator must have predict_proba(X, known_labels=...), but that of "
                f"{name} takes no known labels: wrap it, as BinaryRelevance({name}())."
            )

    def _read_X(self, X, reset=False):
        X = super()._read_X(X, reset=reset)
        if (np.abs(X) > _LARGEST).any():
            row, column = np.argwhere(np.abs(X) > _LARGEST)[0]
            raise ValueError(
                f"X, row {row}: feature {column} has a value of {X[row, column]:g}, too large to "
                "compute with. Is it a missing value's code? Else scale the features, as by "
                "StandardScaler."
            )
        return X

    def _fit_labels(self, X, states, sample_weight):
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        weights = np.ones(len(X)) if sample_weight is None else sample_weight
        with plain_torch():
            memory = LabelMemory.learn(
                X.astype(np.float64),
                states,
                weights,
                size=self.memory,
                n_classes=self.task_.n_classes,
                seed=seed,
            )
        # In float32 the answers would depend, in the last digit, on how many rows are asked about.
        self.memory_ = memory.double()

    def _label_probabilities(self, X, states):
        with plain_torch():
            logits = self.memory_.logits(X.astype(np.float64), states)
        if self.estimator is not None:
            estimated = self._estimated(X, states)
            logits = MEMORY_SHARE * logits + (1 - MEMORY_SHARE) * estimated
        proba = expit(logits)
        if self.task_.exclusive:
            classes = slice(self.task_.n_classes)
            proba[:, classes] = softmax(logits[:, classes], axis=1)
        return self.task_.scale_classes(proba, states)

    def _estimated(self, X, states):
        """Logits of the estimator, of extra labels too; of classes, log-probabilities."""
        n = self.task_.n_labels
        extra = {"extra_labels": states[:, n:]} if self.task_.n_extra else {}
        proba = label_probabilities(self.estimator_, X, n, states[:, :n], **extra)
        if self.task_.n_extra:
            inner, X = unwrap(self.estimator_, X)
            extra_proba = inner.predict_extra_proba(X, states[:, :n], states[:, n:])
            proba = np.hstack([proba, extra_proba])
        proba = np.clip(proba.astype(np.float64), 1e-7, 1 - 1e-7)
        logits = np.log(proba) - np.log1p(-proba)
        logits[:, : self.task_.n_classes] = np.log(proba[:, : self.task_.n_classes])
        return logits
