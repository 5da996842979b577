"""scikit-learn's multi-label methods with a ``known_labels`` argument."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain


class IndependentLabels(OneVsRestClassifier):
    """One classifier per label. It cannot use known labels, and takes them only to ignore them."""

    def predict_proba(self, X, known_labels=None):
        """Probability of each label, from the features alone."""
        return super().predict_proba(X)


class KnownLabelChain(ClassifierChain):
    """A classifier chain into which known labels are put in place of its own predictions."""

    def predict_proba(self, X, known_labels=None):
        """Probability of each label, given the features and the known labels earlier in the chain.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Features.
        known_labels : ndarray of shape (n_samples, n_labels) or None
            0 or 1 where known, -1 where unknown.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labels)
            Columns in the labels' order, known labels as they were given.
        """
        n_labels = len(self.order_)
        if known_labels is None:
            known_labels = np.full((len(X), n_labels), -1)
        probabilities = np.empty((len(X), n_labels))
        chain_inputs = np.empty((len(X), 0))
        # estimators_[i] belongs to label order_[i], and has seen the labels order_[:i].
        for label, estimator in zip(self.order_, self.estimators_, strict=True):
            predicted = estimator.predict_proba(np.hstack([X, chain_inputs]))[:, 1]
            known = known_labels[:, label]
            probabilities[:, label] = np.where(known >= 0, known, predicted)
            chain_inputs = np.hstack([chain_inputs, probabilities[:, [label]]])
        return probabilities


def make_rivals(C, seed):
    """Logistic regression per label, and a chain of the same in random order."""
    logistic = LogisticRegression(C=C, max_iter=1000)
    return {
        "logistic regression": IndependentLabels(logistic),
        "classifier chain": KnownLabelChain(logistic, order="random", random_state=seed),
    }
