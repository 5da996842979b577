"""Probabilities of any scikit-learn estimator, told what is known if it can be told."""

import functools
import inspect

import numpy as np

from sklearn_ctran._labels import check_columns
from sklearn_ctran._unwrap import unwrap


def label_probabilities(estimator, X, n_labels, known_labels=None, names=None, **told):
    """Ask an estimator for the probability of each label.

    Parameters
    ----------
    estimator : estimator
        Fitted; what it ends in (:func:`unwrap`) is asked.
    X : array-like of length n_samples
    n_labels : int
    known_labels : ndarray of shape (n_samples, n_labels), default=None
        1, 0, and -1 where nothing is told. An estimator whose ``predict_proba`` has no such
        parameter is not told.
    names : ndarray of shape (n_labels,), default=None
        Names of the columns that are expected, compared with `label_names_` of the estimator.
    **told : object
        Further arguments of ``predict_proba``.

    Returns
    -------
    proba : array-like of shape (n_samples, n_labels)
        P(label = 1).

    Raises
    ------
    ValueError
        If the estimator has other labels, or predicts other classes than 0 and 1.
    """
    estimator, X = unwrap(estimator, X)
    own_names = getattr(estimator, "label_names_", None)
    if names is not None and own_names is not None:
        check_columns(names, own_names)
    if known_labels is not None and takes_known_labels(estimator):
        told["known_labels"] = known_labels
    proba = estimator.predict_proba(X, **told)
    if isinstance(proba, list):
        columns = zip(proba, estimator.classes_, range(len(proba)), strict=True)
        return np.column_stack([_of_class_one(*column) for column in columns])
    if n_labels == 1 and proba.shape[1] == 2:
        return _of_class_one(proba, estimator.classes_, 0)[:, None]
    return proba


def with_own_threshold(metric, estimator):
    """A metric that decides as the estimator's `predict` does.

    Parameters
    ----------
    metric : callable
    estimator : estimator
        Fitted and unwrapped.

    Returns
    -------
    metric : callable
        With ``threshold=`` what the estimator has as `thresholds_` (TunedThresholds), if the metric
        takes a threshold and has been given none.
    """
    thresholds = getattr(estimator, "thresholds_", None)
    if thresholds is None or np.isnan(thresholds).any() or _is_given(metric, "threshold"):
        return metric
    if "threshold" not in inspect.signature(metric).parameters:
        return metric
    return functools.partial(metric, threshold=thresholds)


def _is_given(metric, name):
    while isinstance(metric, functools.partial):
        if name in metric.keywords:
            return True
        metric = metric.func
    return False


def takes_known_labels(estimator):
    """Whether what is known can be told to ``predict_proba`` of an unwrapped estimator."""
    return "known_labels" in inspect.signature(estimator.predict_proba).parameters


def _of_class_one(proba, classes, label):
    """P(label = 1) from the probabilities (n_samples, n_classes) of one label's classes."""
    classes = np.asarray(classes)
    if not np.isin(classes, [0, 1]).all():
        raise ValueError(
            f"The estimator was fitted with the classes {classes.tolist()} of label {label}; only "
            "0 and 1 can be scored. If -1 means missing there, the estimator took it for a class."
        )
    # A label that was 0, or 1, in all training rows has one class.
    return proba[:, classes == 1].sum(axis=1)
