"""Probabilities of each label from any fitted estimator, given what is known."""

import inspect

import numpy as np

from sklearn_ctran._adapters.unwrap import unwrap


def label_probabilities(estimator, X, n_labels, known_labels=None, **given):
    """P(label = 1), of shape (n_samples, n_labels), from the innermost estimator (:func:`unwrap`).

    `known_labels` are states, left out if ``predict_proba`` has no such parameter. Other arguments
    are passed to ``predict_proba``. Raises ValueError if the estimator predicts other classes than
    0 and 1.
    """
    estimator, X = unwrap(estimator, X)
    if known_labels is not None and takes_known_labels(estimator):
        given["known_labels"] = known_labels
    proba = estimator.predict_proba(X, **given)
    if isinstance(proba, list):
        columns = zip(proba, estimator.classes_, range(len(proba)), strict=True)
        return np.column_stack([_of_class_one(*column) for column in columns])
    if n_labels == 1 and proba.shape[1] == 2:
        return _of_class_one(proba, estimator.classes_, 0)[:, None]
    return proba


def takes_known_labels(estimator):
    """Whether ``predict_proba`` of an unwrapped estimator has a parameter `known_labels`."""
    return "known_labels" in inspect.signature(estimator.predict_proba).parameters


def _of_class_one(proba, classes, label):
    """P(label = 1) from the probabilities (n_samples, n_classes) of one label's classes."""
    classes = np.asarray(classes)
    if not np.isin(classes, [0, 1]).all():
        raise ValueError(
            f"The estimator was fitted with the classes {classes.tolist()} of label {label}; only "
            "0 and 1 can be scored. If -1 means missing there, the estimator took it for a class."
        )
    # A label that was the same in all training rows has one class.
    return proba[:, classes == 1].sum(axis=1)


def predict_proba(estimator, X, targets, known_labels=None, extra_labels=None):
    """P(label = 1) as one array (n_samples, n_labels), float, from any fitted estimator.

    The estimator is of this package or of scikit-learn, whose `predict_proba` may return an array,
    or a list with an array for each label; `targets` (Targets or LabelTask) is what it was fitted
    on. `known_labels` are passed on if it takes them, `extra_labels` if they are not None. The
    result is 0 for classes, or positive labels, that the estimator saw no sample of. Raises
    ValueError if its labels or classes are not those of `targets`.
    """
    given = {} if extra_labels is None else {"extra_labels": extra_labels}
    estimator, X = unwrap(estimator, X)
    n_labels = len(targets.names)
    if targets.exclusive:
        if known_labels is not None and takes_known_labels(estimator):
            given["known_labels"] = known_labels
        return _by_class(estimator.predict_proba(X, **given), estimator, targets)
    proba = label_probabilities(estimator, X, n_labels, known_labels, **given)
    if proba.shape[1] != n_labels:
        raise ValueError(
            f"{type(estimator).__name__}.predict_proba returns {proba.shape[1]} columns for "
            f"{n_labels} labels."
        )
    return proba


def _by_class(proba, estimator, targets):
    """A column for each class of `targets`, of which the estimator may have seen only some."""
    classes = estimator.classes_
    strange = np.setdiff1d(classes, targets.classes)
    if len(strange):
        raise ValueError(
            f"{type(estimator).__name__} was fitted on class {strange.tolist()[0]!r}, which y does "
            "not have: with cv='prefit', y must have every class."
        )
    result = np.zeros((len(proba), len(targets.classes)), dtype=proba.dtype)
    result[:, np.searchsorted(targets.classes, classes)] = proba
    return result
