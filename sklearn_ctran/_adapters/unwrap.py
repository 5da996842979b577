"""What is inside of pipelines, searches and FrozenEstimator, and how to reach it."""

import inspect
from collections.abc import Mapping

import numpy as np
from sklearn import get_config
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


def fit_arguments(estimator, extra_labels=None, sample_weight=None):
    """What to call extra labels and weights so that they reach what a wrapper fits.

    Parameters
    ----------
    estimator : estimator
    extra_labels : array-like, DataFrame, dict of columns or None
        Of the samples that it is fitted on.
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    arguments : dict
        Of ``estimator.fit``, without what is None. A search splits tables by rows, but no dict of
        columns: it gets a table.

    Raises
    ------
    TypeError
        If its `fit`, or that of what it wraps, does not take them.
    ImportError
        If a table needs names, hence pandas, and it is not installed.
    """
    told = {"extra_labels": extra_labels, "sample_weight": sample_weight}
    told = {name: value for name, value in told.items() if value is not None}
    target, prefix, is_split = fit_target(estimator)
    for name in told:
        if not fits_with(target, name):
            raise TypeError(
                f"{name} is given, but {type(target).__name__}.fit does not take it: leave it out, "
                "or wrap an estimator that does."
            )
    if is_split and isinstance(extra_labels, Mapping):
        told["extra_labels"] = _as_table(extra_labels)
    if get_config()["enable_metadata_routing"]:  # Pipelines are told where to by their steps.
        prefix = ""
    return {prefix + name: value for name, value in told.items()}


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
        Whether a search gets them first, which splits them by rows.
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


def fits_with(estimator, name):
    """Whether `fit` takes something or passes it on, as ``fit(X, y, **params)`` of wrappers does.

    A wrapper that cannot be told extra labels when it predicts has no use for them.

    Parameters
    ----------
    estimator : estimator
        A :func:`fit_target`.
    name : {"extra_labels", "sample_weight"}

    Returns
    -------
    bool
    """
    takes = _takes(estimator.fit, name)
    if name == "extra_labels" and name not in inspect.signature(estimator.fit).parameters:
        takes = takes and _takes(estimator.predict_proba, name)
    return takes


def _takes(method, name):
    parameters = inspect.signature(method).parameters
    is_open = any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters.values())
    return is_open or name in parameters


def _as_table(extra_labels):
    """Columns as a table that scikit-learn's searches can split, under their names."""
    names = list(extra_labels)
    columns = np.column_stack(list(extra_labels.values()))
    if names == [f"extra{i}" for i in range(len(names))]:  # What columns of an array are called.
        return columns
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "A search splits extra_labels by rows as an array, or with pandas, which is not "
            "installed, as a DataFrame. Pass an array, or pip install 'sklearn-ctran[pandas]'."
        ) from error
    return pd.DataFrame(columns, columns=names)


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
