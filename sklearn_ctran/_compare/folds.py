"""What ``compare`` fits and scores on: folds or a split, for each seed."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv

from sklearn_ctran.model_selection import MultilabelStratifiedKFold


@dataclass(frozen=True)
class Part:
    """What a method is fitted and scored on.

    Attributes
    ----------
    seed, fold : int
    train, test : ndarray of int
        Rows.
    """

    seed: int
    fold: int
    train: np.ndarray
    test: np.ndarray


def read_parts(cv, split, seeds, samples):
    """What to fit and score on, for each seed.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test), or None
    split : (train, test) or None
    seeds : list of int
    samples : Samples

    Returns
    -------
    list of Part

    Raises
    ------
    ValueError
        If both are given, rows do not exist, or a row is in the training and the test part.
    """
    n_samples = len(samples.targets.states)
    if cv is not None and split is not None:
        raise ValueError("cv and split are both given: pass one of them.")
    if isinstance(cv, bool):
        raise ValueError(f"cv must be a number of folds, a splitter or folds, got {cv!r}.")
    cv = 5 if cv is None and split is None else cv
    if isinstance(cv, Integral):
        # Each seed makes folds of its own.
        folds = {
            seed: list(
                MultilabelStratifiedKFold(cv, shuffle=True, random_state=seed).split(
                    samples.X, samples.y
                )
            )
            for seed in seeds
        }
    else:
        what = "split"
        if split is None:
            what, fixed = "cv", list(check_cv(cv).split(samples.X, samples.y))
        else:
            fixed = [split]
        if not fixed:
            raise ValueError("cv has no folds.")
        fixed = [_read_fold(what, fold, n_samples) for fold in fixed]
        folds = dict.fromkeys(seeds, fixed)
    return [Part(seed, number, *fold) for seed in seeds for number, fold in enumerate(folds[seed])]


def _read_fold(what, fold, n_samples):
    if not isinstance(fold, (tuple, list)) or len(fold) != 2:
        raise ValueError(f"{what} must give pairs of rows, (train, test), got {fold!r:.80}.")
    train, test = (
        _read_rows(f"{what}, {name} rows", rows, n_samples)
        for name, rows in zip(("training", "test"), fold, strict=True)
    )
    both = np.intersect1d(train, test)
    if len(both):
        raise ValueError(
            f"{what}: {len(both)} row(s), the first is {both[0]}, are in the training and in the "
            "test part. What a method has seen says nothing about it."
        )
    return train, test


def _read_rows(what, rows, n_samples):
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_samples,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or not len(rows) or rows.dtype.kind not in "iu":
        raise ValueError(
            f"{what}: a 1-D array of row numbers is needed, or of {n_samples} booleans; got shape "
            f"{rows.shape} of {rows.dtype}."
        )
    wrong = rows[(rows < 0) | (rows >= n_samples)]
    if len(wrong):
        raise ValueError(f"{what}: there is no row {wrong[0]}, only 0 to {n_samples - 1}.")
    return rows
