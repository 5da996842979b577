"""The estimator inside pipelines, searches and FrozenEstimator."""

import inspect
from collections.abc import Mapping

import numpy as np
from sklearn import get_config
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline


def unwrap(estimator, X=None):
    """The innermost estimator of a pipeline, search or FrozenEstimator, and its input.

    Calling it directly passes known labels on without metadata routing. If `X` is given, the
    estimator must be fitted, and `X` is transformed by the steps of pipelines before their last
    one. For a fitted search, it is the refitted best one.
    """
    while True:
        if isinstance(estimator, Pipeline) and X is not None and len(estimator) > 1:
            X = estimator[:-1].transform(X)
        inner = _inside(estimator)
        if inner is None:
            return estimator, X
        estimator = inner


def network_in(estimator):
    """The one with a history in an estimator, or in one that it wraps; None if there is none."""
    while estimator is not None:
        estimator, _ = unwrap(estimator)
        if hasattr(estimator, "history_"):
            return estimator
        estimator = getattr(estimator, "estimator_", None)
    return None


def fit_arguments(estimator, extra_labels=None, sample_weight=None):
    """The arguments of ``fit`` by which extra labels and weights reach what a wrapper fits.

    They are keyword arguments of ``estimator.fit``, without those that are None. A dict of columns
    becomes a table for a search, which splits by rows. Raises TypeError if `fit`, of the estimator
    or of what it wraps, does not take them, and ImportError if a table needs names, hence pandas,
    and it is not installed.
    """
    given = {"extra_labels": extra_labels, "sample_weight": sample_weight}
    given = {name: value for name, value in given.items() if value is not None}
    target, prefix, is_split = fit_target(estimator)
    for name in given:
        if not fits_with(target, name):
            raise TypeError(
                f"{name} is given, but {type(target).__name__}.fit does not take it: leave it out, "
                "or wrap an estimator that does."
            )
    if is_split and isinstance(extra_labels, Mapping):
        given["extra_labels"] = _as_table(extra_labels)
    if get_config()["enable_metadata_routing"]:  # The steps of a pipeline request what they need.
        prefix = ""
    return {prefix + name: value for name, value in given.items()}


def fit_target(estimator):
    """The estimator that arguments of ``fit`` end up in without metadata routing.

    Returns the one that is fitted (a FrozenEstimator is not opened, because nothing inside is
    fitted); the pipelines' prefix of the arguments' names, such as ``"step__"``; and whether a
    search gets the arguments first and splits them by rows.
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
    """Whether `fit` takes `name`, "extra_labels" or "sample_weight", or passes it on.

    Wrappers with ``**params`` pass it on. A wrapper counts for extra labels only if its
    ``predict_proba`` takes them too. `estimator` is a :func:`fit_target`.
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
    """Named columns as a table that scikit-learn's searches can split."""
    names = list(extra_labels)
    columns = np.column_stack(list(extra_labels.values()))
    if names == [f"extra{i}" for i in range(len(names))]:  # The names of columns of an array.
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
    """What a wrapper holds, fitted if possible; None if it is no wrapper."""
    # FrozenEstimator comes first: it passes on the attributes of what it holds.
    if isinstance(estimator, FrozenEstimator):
        return estimator.estimator
    if isinstance(estimator, Pipeline):
        return estimator[-1]
    if hasattr(estimator, "best_estimator_"):
        return estimator.best_estimator_
    # All searches have `error_score`; TunedThresholdClassifierCV has `refit`, but not this.
    return estimator.estimator if hasattr(estimator, "error_score") else None
