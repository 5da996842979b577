"""Base of the baselines on tables of features, and functions that they share."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import (
    check_consistent_length,
    has_fit_parameter,
    validate_data,
)

from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran._labels.weights import check_learnable, check_sample_weight
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._task import read_labels
from sklearn_ctran._utils.checks import check_not_masked
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.sklearn_compat import fit_context
from sklearn_ctran._utils.transactions import all_or_nothing
from sklearn_ctran._utils.typing import ExtraLabels, Images, Labels, Self
from sklearn_ctran.modules.label_states import UNKNOWN


class Baseline(LabelPredictions, BaseEstimator):
    """Base of estimators that predict the probabilities of labels from a table of features.

    A subclass defines ``_fit_labels(X, states, sample_weight)`` and
    ``_label_probabilities(X, states)``. States and probabilities have one column for each label,
    targets first, then extra labels. For a 1-D `y` the targets are the classes.
    """

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self: Self,
        X: Images,
        y: Labels,
        extra_labels: ExtraLabels = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
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
            columns. Labels that may be known in prediction, but are never predicted by
            ``predict`` and ``predict_proba``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, 0 or above: 2 counts as the sample twice, 0 leaves it out.
            Give them a mean of about 1: regularisation takes their sum for the number of samples.
            `fit` warns if they sum to about 1.

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
        with all_or_nothing(self):
            self._fit(X, y, extra_labels, sample_weight)
        return self

    def _fit(self, X, y, extra_labels, sample_weight):
        check_rows(X=X, y=y, extra_labels=extra_labels, sample_weight=sample_weight)
        task, states = read_labels(y, extra_labels)
        X = self._read_X(X, reset=True)
        check_consistent_length(X, states)
        self.task_ = task
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
            counts = sample_weight > 0
            X, states, sample_weight = X[counts], states[counts], sample_weight[counts]
        check_learnable(states, sample_weight, task)
        self._fit_labels(X, states, sample_weight)

    def _read_X(self, X, reset=False):
        kind, X = kind_of(X, takes_tokens=True)
        if kind != "features":
            remedy = {
                "images": "put ImageTokens(pool='mean') before it in a pipeline",
                "tokens": "pool them, as by X.mean(axis=1)",
            }
            raise ValueError(
                f"X holds {kind}, but {type(self).__name__} takes features, (n_samples, "
                f"n_features): {remedy[kind]}."
            )
        check_not_masked(X, "X")
        return validate_data(self, X, reset=reset)

    def _fit_labels(self, X, states, sample_weight):
        raise NotImplementedError

    def _label_probabilities(self, X, states):
        raise NotImplementedError

    def _logits(self, data, states):
        return self._answer(data, states)[1]

    def _answer(self, data, states):
        proba = self._label_probabilities(data, states)
        proba = np.where(states == UNKNOWN, proba, states).astype(np.float64)
        logits = logit(proba)
        if self.task_.exclusive:
            classes = slice(self.task_.n_classes)
            with np.errstate(divide="ignore"):
                logits[:, classes] = np.log(proba[:, classes])
        return proba, logits


def check_wrapped(estimator, sample_weight):
    """The classifier to wrap, checked; logistic regression for None.

    Raises TypeError or ValueError if it is a class, or has no ``predict_proba`` or cannot be fitted
    with `sample_weight`.
    """
    if estimator is None:
        return LogisticRegression(max_iter=1000)
    name = type(estimator).__name__
    if isinstance(estimator, type):
        raise TypeError(f"estimator must be an instance: {estimator.__name__}().")
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict_proba")):
        raise TypeError(
            f"estimator must have fit and predict_proba, but {name} lacks one of them; "
            f"CalibratedClassifierCV({name}()) may help."
        )
    if sample_weight is not None and not has_fit_parameter(estimator, "sample_weight"):
        raise ValueError(f"sample_weight is given, but {name}.fit does not take it.")
    return estimator
