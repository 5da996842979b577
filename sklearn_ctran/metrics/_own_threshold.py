"""Scoring an estimator at the thresholds that its `predict` uses."""

import functools
import inspect

import numpy as np


def with_own_threshold(metric, estimator):
    """Fix a metric's `threshold` at the thresholds of the estimator, if it has any.

    The metric gets ``threshold=estimator.thresholds_`` (``TunedThresholds``) if it takes a
    threshold and has not been given one. The estimator is fitted and unwrapped.
    """
    thresholds = getattr(estimator, "thresholds_", None)
    if thresholds is None or np.isnan(thresholds).any() or _is_given(metric, "threshold"):
        return metric
    if "threshold" not in inspect.signature(metric).parameters:
        return metric
    return functools.partial(metric, threshold=thresholds)


def own_thresholds(estimator):
    """Thresholds of an estimator's decisions: 0.5 without ``thresholds_``, and where they are NaN.

    The estimator is fitted and unwrapped.
    """
    thresholds = getattr(estimator, "thresholds_", 0.5)
    return np.where(np.isnan(thresholds), 0.5, thresholds)


def _is_given(metric, name):
    while isinstance(metric, functools.partial):
        if name in metric.keywords:
            return True
        metric = metric.func
    return False
