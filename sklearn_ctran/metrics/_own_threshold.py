"""Probabilities of any scikit-learn estimator, told what is known if it can be told."""

import functools
import inspect

import numpy as np


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
