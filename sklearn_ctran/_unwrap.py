"""What is inside of scikit-learn's wrappers: pipelines, searches, FrozenEstimator."""

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline


def unwrap(estimator, X=None):
    """The estimator that pipelines, searches and FrozenEstimator end in, and its input.

    Asked itself, it can be told known labels without metadata routing.

    Parameters
    ----------
    estimator : estimator
        Fitted or not; fitted, if `X` is given.
    X : array-like of length n_samples, default=None

    Returns
    -------
    estimator : estimator
        Of a fitted search the best one, refitted.
    X : array-like of length n_samples, or None
        Transformed by the steps before it.
    """
    while True:
        if isinstance(estimator, Pipeline) and X is not None and len(estimator) > 1:
            X = estimator[:-1].transform(X)
        inner = _inside(estimator)
        if inner is None:
            return estimator, X
        estimator = inner


def fit_target(estimator):
    """Where arguments of ``fit`` end up, without metadata routing.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    estimator : estimator
        That is fitted with them; a FrozenEstimator, which is not fitted again, is not opened.
    prefix : str
        What comes before their names: of steps of pipelines.
    is_split : bool
        Whether a search gets them first, which splits tables by rows, but no dict of columns.
    """
    prefix, is_split = "", False
    while not isinstance(estimator, FrozenEstimator):
        inner = _inside(estimator)
        if inner is None:
            break
        if isinstance(estimator, Pipeline):
            prefix += f"{estimator.steps[-1][0]}__"
        else:
            is_split = True
        estimator = inner
    return estimator, prefix, is_split


def _inside(estimator):
    """What a wrapper holds, fitted if that is to be had; None if it is no wrapper."""
    # First, for it passes on the attributes of what it holds.
    if isinstance(estimator, FrozenEstimator):
        return estimator.estimator
    if isinstance(estimator, Pipeline):
        return estimator[-1]
    if hasattr(estimator, "best_estimator_"):
        return estimator.best_estimator_
    # What all searches have, and TunedThresholdClassifierCV has not, which also has `refit`.
    return estimator.estimator if hasattr(estimator, "error_score") else None
