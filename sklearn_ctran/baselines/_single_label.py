"""One classifier for one label, whose column may have gaps or one state only."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from sklearn_ctran.modules.label_states import UNKNOWN


class SingleLabelClassifier(ClassifierMixin, BaseEstimator):
    """Fits a classifier on the samples that are annotated for the label.

    A label that always had one state gets this state with probability 1.
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y, sample_weight=None):
        """Fit on rows whose state `y` is 0 or 1, not -1."""
        y = y.astype(np.int64)
        annotated = y != UNKNOWN
        seen = np.unique(y[annotated])
        self.classes_ = np.array([0, 1])
        self.constant_ = float(seen[0]) if len(seen) == 1 else None
        if self.constant_ is None:
            weight = {} if sample_weight is None else {"sample_weight": sample_weight[annotated]}
            self.estimator_ = clone(self.estimator).fit(X[annotated], y[annotated], **weight)
        return self

    def predict_proba(self, X):
        """Probabilities (n_samples, 2)."""
        if self.constant_ is not None:
            return np.tile([1.0 - self.constant_, self.constant_], (len(X), 1))
        return self.estimator_.predict_proba(X)

    def predict(self, X):
        """States (n_samples,)."""
        if self.constant_ is not None:
            return np.full(len(X), self.constant_)
        return self.estimator_.predict(X)
