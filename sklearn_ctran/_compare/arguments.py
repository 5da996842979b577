"""The arguments of ``compare``, read and checked."""

from collections.abc import Iterable, Mapping
from numbers import Real

import numpy as np
from sklearn.utils import indexable
from sklearn.utils.validation import _num_samples

from sklearn_ctran._adapters.samples import Samples
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran.metrics._known import check_known_fraction, check_seed


def read_estimators(estimators):
    """Names and estimators, as a dict.

    Parameters
    ----------
    estimators : dict or iterable of (str, estimator)

    Returns
    -------
    dict of str to estimator

    Raises
    ------
    ValueError, TypeError
        If there is none, a name is there twice or is no name, or something is no estimator.
    """
    how = "pass a dict of names to estimators, such as {'binary relevance': BinaryRelevance()}"
    if isinstance(estimators, Mapping):
        pairs = list(estimators.items())
    elif isinstance(estimators, Iterable) and not isinstance(estimators, str):
        pairs = list(estimators)
    else:
        raise TypeError(f"estimators is {estimators!r}: {how}.")
    if not pairs:
        raise ValueError(f"estimators is empty: {how}.")
    methods = {}
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"estimators holds {pair!r}, which is no (name, estimator): {how}.")
        name, estimator = pair
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"Names of estimators must be texts, got {name!r}: {how}.")
        if name in methods:
            raise ValueError(f"Two estimators are called {name!r}: names must differ.")
        if isinstance(estimator, type):
            raise TypeError(f"{name!r} is a class: pass an instance, {estimator.__name__}().")
        if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
            raise TypeError(f"{name!r} is no estimator of scikit-learn's kind: {estimator!r}.")
        methods[name] = estimator
    return methods


def read_samples(X, y, extra_labels):
    """Images and labels as :class:`Samples`.

    Parameters
    ----------
    X : array-like
    y : array-like, sparse matrix or DataFrame
    extra_labels : array-like, sparse matrix, DataFrame, dict or None

    Returns
    -------
    Samples

    Raises
    ------
    ValueError
        If labels cannot be read, or numbers of rows differ.
    """
    targets = encode_targets(y)
    extra, names = encode_extra_labels(extra_labels)
    n_samples = len(targets.states)
    for name, rows in (("X", X), ("extra_labels", extra)):
        if rows is not None and _num_samples(rows) != n_samples:
            raise ValueError(
                f"{name} has {_num_samples(rows)} rows, but y has {n_samples}: they must be the "
                "same samples in the same order."
            )
    X, y = indexable(X, y if hasattr(y, "shape") else np.asarray(y))
    if extra is not None:
        extra = dict(zip(names.tolist(), extra.T, strict=True))
    return Samples(X, y, targets, extra)


def read_seeds(random_state):
    """One seed or several, as a list of int; a ValueError if they cannot be used."""
    seeds = [random_state] if np.ndim(random_state) == 0 else list(random_state)
    if not seeds:
        raise ValueError("random_state is an empty list: give at least one seed.")
    for seed in seeds:
        check_seed(seed)
    return unique([int(seed) for seed in seeds], "random_state")


def read_known_fractions(fractions, exclusive):
    """Shares of the known labels to score with.

    Parameters
    ----------
    fractions : float, iterable of float, or None
    exclusive : bool
        Whether `y` is 1-D, of which nothing can be known.

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        If one is not in [0, 1), or not 0 though `y` is 1-D; if there is none, or one twice.
    """
    if fractions is None:
        return [0.0] if exclusive else [0.0, 0.25, 0.5, 0.75]
    fractions = _as_list(fractions)
    for fraction in fractions:
        check_known_fraction(fraction, "known_fractions, each of them,")
        if exclusive and fraction:
            raise ValueError(
                f"known_fractions holds {fraction!r}, but y has one class a sample: a class that "
                "is partly known is known. Leave known_fractions out; extra labels can be known, "
                "with extra_labels= and extra_known_fractions=."
            )
    return unique([float(fraction) for fraction in fractions], "known_fractions")


def read_extra_fractions(fractions, extra_labels):
    """Shares of the extra labels to score with, as :func:`read_known_fractions`; [None] if none."""
    if extra_labels is None:
        if fractions is not None:
            raise ValueError("extra_known_fractions is given, but no extra_labels.")
        return [None]
    fractions = [0.0, 0.5, 1.0] if fractions is None else _as_list(fractions)
    for fraction in fractions:
        if not isinstance(fraction, Real) or not 0 <= fraction <= 1:
            raise ValueError(
                f"extra_known_fractions, each of them, must be in [0, 1], got {fraction!r}."
            )
    return unique([float(fraction) for fraction in fractions], "extra_known_fractions")


def _as_list(fractions):
    return [fractions] if isinstance(fractions, (Real, str)) else list(fractions)


def unique(values, name):
    """The values, or a ValueError if there is none, or one twice; `name` is the argument's."""
    if not values:
        raise ValueError(f"{name} is empty.")
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{name} holds {value!r} twice.")
    return values
