"""Samples with their labels, and fitting any estimator on them."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from sklearn_ctran._adapters.unwrap import fit_arguments, fit_target
from sklearn_ctran._labels.targets import Targets

_ADVICE = (
    "For tables of labels, also with missing entries, pass "
    "cv=sklearn_ctran.model_selection.MultilabelStratifiedKFold(), or KFold(5, shuffle=True)."
)

_OF_GROUPS = "Here, pass the folds: cv=list(splitter.split(X, y, groups))."


@dataclass(frozen=True)
class Samples:
    """Images, labels and all else that an estimator is fitted on.

    Attributes
    ----------
    X, y : array-like of length n_samples
        As the estimator gets them.
    targets : Targets
        Of `y`.
    extra_labels : dict of str to ndarray of shape (n_samples,), or None
        Columns of states.
    sample_weight : ndarray of shape (n_samples,), float64, or None
        Above 0.
    """

    X: object
    y: object
    targets: Targets
    extra_labels: dict | None = None
    sample_weight: np.ndarray | None = None

    def take(self, rows):
        """Some rows, ndarray of int."""
        extra, weight = self.extra_labels, self.sample_weight
        return Samples(
            _safe_indexing(self.X, rows),
            _safe_indexing(self.y, rows),
            replace(self.targets, states=self.targets.states[rows]),
            None if extra is None else {name: column[rows] for name, column in extra.items()},
            None if weight is None else weight[rows],
        )


def fit(estimator, samples):
    """Fit an estimator, with extra labels and weights if there are any; return it.

    Raises TypeError if there are extra labels or weights, but its `fit` does not take them, and
    ImportError if a search has to split named extra labels and pandas is not installed. What
    scikit-learn says of a search that cannot split a table with missing entries is completed.
    """
    arguments = fit_arguments(estimator, samples.extra_labels, samples.sample_weight)
    try:
        return estimator.fit(samples.X, samples.y, **arguments)
    except ValueError as error:
        is_search = fit_target(estimator)[2]
        if not (is_search and "Input y contains NaN" in str(error)):
            raise
        raise ValueError(f"The folds of {estimator!r} cannot be made: {error} {_ADVICE}") from error


def folds_of(cv, X, y):
    """Pairs of training and test rows, a list, of a splitter or iterable.

    Raises ValueError if the splitter cannot split `y`; names one that splits tables of labels.
    """
    try:
        return list(check_cv(cv).split(X, y))
    except ValueError as error:
        if np.ndim(y) != 2:
            raise
        advice = (
            _OF_GROUPS if "'groups'" in str(error) or "groups is None" in str(error) else _ADVICE
        )
        raise ValueError(f"cv={cv!r} cannot split y: {error} {advice}") from error


def held_out_once(cv, X, y, advice):
    """Pairs of training and test rows of a splitter or iterable; each row is in one test part.

    Raises ValueError if a row is not held out, or more than once; `advice` names a splitter.
    """
    folds = folds_of(cv, X, y)
    times = np.bincount(np.concatenate([test for _, test in folds]), minlength=_num_samples(X))
    if (times != 1).any():
        row = int((times != 1).argmax())
        raise ValueError(
            f"cv must hold each row out exactly once, but holds row {row} out {times[row]} times: "
            f"use {advice} or another splitter whose test folds are a partition."
        )
    return folds
