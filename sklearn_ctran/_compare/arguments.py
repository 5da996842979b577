"""Reads and checks the arguments of ``compare``."""

from collections.abc import Iterable, Mapping
from numbers import Real

import numpy as np
from sklearn.utils import indexable
from sklearn.utils.validation import _num_samples

from sklearn_ctran._adapters.samples import Samples
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran.metrics._known import check_known_fraction, check_seed

_FORM = "pass a dict of names to estimators, such as {'binary relevance': BinaryRelevance()}"


def read_estimators(estimators):
    """Read names and estimators as a dict."""
    if isinstance(estimators, Mapping):
        estimators = estimators.items()
    elif isinstance(estimators, str) or not isinstance(estimators, Iterable):
        raise TypeError(f"estimators is {estimators!r}: {_FORM}.")
    methods = {}
    for pair in estimators:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"estimators holds {pair!r}, which is no (name, estimator): {_FORM}.")
        name, estimator = pair
        _check_method(name, estimator)
        if name in methods:
            raise ValueError(f"Two estimators are called {name!r}: names must differ.")
        methods[name] = estimator
    if not methods:
        raise ValueError(f"estimators is empty: {_FORM}.")
    return methods


def _check_method(name, estimator):
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f"Names of estimators must be texts, got {name!r}: {_FORM}.")
    if isinstance(estimator, type):
        raise TypeError(f"{name!r} is a class: pass an instance, {estimator.__name__}().")
    if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        raise TypeError(f"{name!r} is no estimator with fit and get_params: {estimator!r}.")


def read_samples(X, y, extra_labels):
    """Read images and labels as :class:`Samples`."""
    check_rows(X=X, y=y, extra_labels=extra_labels)
    targets = encode_targets(y)
    extra, names = encode_extra_labels(extra_labels)
    n_samples = len(targets.states)
    for name, rows in (("X", X), ("extra_labels", extra)):
        if rows is not None and _num_samples(rows) != n_samples:
            raise ValueError(
                f"{name} has {_num_samples(rows)} rows, but y has {n_samples}: they must hold "
                "the same samples in the same order."
            )
    X, y = indexable(X, y if hasattr(y, "shape") else np.asarray(y))
    if extra is not None:
        extra = dict(zip(names.tolist(), extra.T, strict=True))
    return Samples(X, y, targets, extra)


def read_seeds(random_state):
    """Read one seed or several as a list of int; raise ValueError if they cannot be used."""
    seeds = [random_state] if np.ndim(random_state) == 0 else list(random_state)
    if not seeds:
        raise ValueError("random_state is an empty list: give at least one seed.")
    for seed in seeds:
        check_seed(seed)
    return unique([int(seed) for seed in seeds], "random_state")


def read_known_fractions(fractions, exclusive):
    """Read the shares of known labels as a list; `exclusive` is whether `y` is 1-D."""
    if fractions is None:
        return [0.0] if exclusive else [0.0, 0.25, 0.5, 0.75]
    fractions = _as_list(fractions)
    for fraction in fractions:
        check_known_fraction(fraction, "Each of known_fractions")
        if exclusive and fraction:
            raise ValueError(
                f"known_fractions holds {fraction!r}, but y has one class per sample, which cannot "
                "be known in part. Leave known_fractions out; extra labels can be known, with "
                "extra_labels= and extra_known_fractions=."
            )
    return unique([float(fraction) for fraction in fractions], "known_fractions")


def read_extra_fractions(fractions, extra_labels):
    """Read the shares of known extra labels, or [None] if there are no extra labels."""
    if extra_labels is None:
        if fractions is not None:
            raise ValueError("extra_known_fractions is given, but no extra_labels.")
        return [None]
    fractions = [0.0, 0.5, 1.0] if fractions is None else _as_list(fractions)
    for fraction in fractions:
        if not isinstance(fraction, Real) or not 0 <= fraction <= 1:
            raise ValueError(f"extra_known_fractions must all be in [0, 1], got {fraction!r}.")
    return unique([float(fraction) for fraction in fractions], "extra_known_fractions")


def _as_list(fractions):
    return [fractions] if isinstance(fractions, (Real, str)) else list(fractions)


def unique(values, name):
    """Return the values; raise ValueError if there is none, or one twice."""
    if not values:
        raise ValueError(f"{name} is empty.")
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{name} holds {value!r} twice.")
    return values
