"""What the baselines share: tables in, a column of states per label, probabilities out."""

import copy

import numpy as np
from scipy.special import logit
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

from sklearn_ctran._images.kinds import _kind_of
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran._labels.weights import check_annotated, check_sample_weight
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.modules.label_states import NEGATIVE, UNKNOWN


class Baseline(LabelPredictions, BaseEstimator):
    """Base of estimators that predict the probabilities of labels from a table of features.

    A subclass has ``_fit_labels(X, states, sample_weight)`` and
    ``_label_probabilities(X, states)``; states and probabilities have one column for each label,
    targets first, then extra labels. For a 1-D `y` the targets are the classes.
    """

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, extra_labels=None, sample_weight=None):
        """Learn from features and labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, dense and finite. For images, put ``ImageTokens(pool="mean")`` before this in
            a pipeline.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
            1 where the label applies, 0 where not, -1 or NaN where nobody annotated it. One
            dimension: one class a sample.
        extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
            Of shape (n_samples, n_extra_labels), in the same forms as `y`; a dict maps names to
            columns. Labels that may be told when predicting, but are never part of the
            predictions.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, at least 0: 2 counts as the sample twice, 0 leaves it out. Give
            them a mean of about 1: regularisation, and what else goes by the number of samples,
            goes by their sum. Of a sum of 1, say, `fit` warns.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If an argument cannot be used; the message names the row or label. The estimator is
            then as it was before the call.
        """
        before = copy.copy(vars(self))
        try:
            self._fit(X, y, extra_labels, sample_weight)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _fit(self, X, y, extra_labels, sample_weight):
        targets = encode_targets(y)
        extra, extra_names = encode_extra_labels(extra_labels)
        check_consistent_length(targets.states, extra)
        X = self._read_X(X, reset=True)
        check_consistent_length(X, targets.states)
        self.classes_ = targets.classes
        self.label_names_ = targets.names
        self.n_labels_ = len(targets.names)
        self.extra_label_names_ = extra_names
        self.label_groups_ = {}
        self._exclusive = targets.exclusive
        names = as_names(targets.names.tolist() + extra_names.tolist())
        if len(set(names.tolist())) < len(names):
            both = next(name for name in extra_names.tolist() if name in targets.names.tolist())
            raise ValueError(f"{both!r} is a label of y and of extra_labels: names must differ.")
        # Of a 1-D y exactly one class is positive.
        self._rules = read_rules(names, classes=self.n_labels_ if self._exclusive else 0)
        states = targets.states
        if extra is not None:
            states = np.concatenate([states, extra], axis=1)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
            check_annotated(states, sample_weight, names)
            counts = sample_weight > 0
            X, states, sample_weight = X[counts], states[counts], sample_weight[counts]
        self._fit_labels(X, states, sample_weight)

    def _read_X(self, X, reset):
        kind, X = _kind_of(X, takes_tokens=True)
        if kind != "features":
            is_images = kind == "images"
            how = "put ImageTokens(pool='mean') before it in a pipeline"
            raise ValueError(
                f"X holds {kind}, but {type(self).__name__} takes features, (n_samples, "
                f"n_features): {how if is_images else 'pool them, as by X.mean(axis=1)'}."
            )
        return validate_data(self, X, reset=reset)

    def _scale_classes(self, proba, states):
        """Probabilities of all labels; for a 1-D `y` those of the classes :func:`scaled`."""
        if self._exclusive:
            classes = slice(self.n_labels_)
            proba[:, classes] = scaled(proba[:, classes], states[:, classes])
        return proba

    def _answer(self, X, known_labels, extra_labels):
        check_is_fitted(self)
        X = self._read_X(X, reset=False)
        states = self._states(len(X), known_labels, extra_labels)
        proba = self._label_probabilities(X, states)
        proba = np.where(states == UNKNOWN, proba, states).astype(np.float64)
        logits = logit(proba)
        if self._exclusive:
            with np.errstate(divide="ignore"):
                logits[:, : self.n_labels_] = np.log(proba[:, : self.n_labels_])
        return proba, logits, states

    def _logits(self, X, known_labels, extra_labels):
        return self._answer(X, known_labels, extra_labels)[1:]


def scaled(proba, states):
    """Probabilities of classes, 0 for those known to be absent, that sum to 1.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
    states : ndarray of shape (n_samples, n_classes), int8
        Not all of a row are 0.

    Returns
    -------
    proba : ndarray of shape (n_samples, n_classes), float64
        Equal for all classes that may be, where all of these had 0.
    """
    possible = states != NEGATIVE
    proba = np.where(possible, proba, 0.0)
    proba = np.where(proba.any(axis=1, keepdims=True), proba, possible)
    return proba / proba.sum(axis=1, keepdims=True)


def check_wrapped(estimator, sample_weight):
    """The estimator to wrap, logistic regression for None, if it can do what is needed.

    Parameters
    ----------
    estimator : classifier or None
    sample_weight : ndarray or None

    Returns
    -------
    estimator : classifier

    Raises
    ------
    TypeError, ValueError
        If it is a class, or has no ``predict_proba`` or cannot be fitted with `sample_weight`.
    """
    if estimator is None:
        return LogisticRegression(max_iter=1000)
    name = type(estimator).__name__
    if isinstance(estimator, type):
        raise TypeError(f"estimator must be an instance: {estimator.__name__}().")
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict_proba")):
        raise TypeError(
            f"estimator must have fit and predict_proba, but {name} has not both; "
            f"CalibratedClassifierCV({name}()) may serve."
        )
    if sample_weight is not None and not has_fit_parameter(estimator, "sample_weight"):
        raise ValueError(f"sample_weight is given, but {name}.fit does not take it.")
    return estimator
