"""The folds of a comparison: on which rows methods are fitted and scored, for each seed."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from sklearn_ctran._adapters.samples import folds_of
from sklearn_ctran.model_selection import MultilabelStratifiedKFold


@dataclass(frozen=True)
class Fold:
    """The rows on which methods are fitted and scored with a seed."""

    seed: int
    number: int  #: 0 for the first fold of the seed
    train: np.ndarray  #: row numbers
    test: np.ndarray  #: row numbers


def read_folds(cv, split, seeds, samples):
    """Read the folds of all seeds, as a list of Fold; `cv` and `split` are those of `compare`."""
    if cv is not None and split is not None:
        raise ValueError("cv and split are both given: pass one of them.")
    if isinstance(cv, bool):
        raise ValueError(f"cv must be a number of folds, a splitter or folds, got {cv!r}.")
    if split is not None:
        rows = dict.fromkeys(seeds, _read_all("split", [split], samples))
    elif cv is None or isinstance(cv, Integral):
        rows = {seed: _stratified(5 if cv is None else cv, seed, samples) for seed in seeds}
    else:
        given = folds_of(cv, samples.X, samples.y)
        rows = dict.fromkeys(seeds, _read_all("cv", given, samples))
    return [Fold(seed, number, *pair) for seed in seeds for number, pair in enumerate(rows[seed])]


def _stratified(n_folds, seed, samples):
    splitter = MultilabelStratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(samples.X, samples.y))


def _read_all(name, pairs, samples):
    """Check pairs of (train, test); `name` is the argument's."""
    pairs = [_read_pair(name, pair, len(samples.targets.states)) for pair in pairs]
    if not pairs:
        raise ValueError(f"{name} has no folds.")
    return pairs


def _read_pair(name, pair, n_samples):
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"{name} must give pairs of rows, (train, test), got {pair!r:.80}.")
    train = _read_rows(f"{name}, training rows", pair[0], n_samples)
    test = _read_rows(f"{name}, test rows", pair[1], n_samples)
    both = np.intersect1d(train, test)
    if len(both):
        raise ValueError(
            f"{name}: {len(both)} row(s), the first is {both[0]}, are in the training and in the "
            "test part. Methods must be scored on rows that they were not fitted on."
        )
    return train, test


def _read_rows(name, rows, n_samples):
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_samples,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or not len(rows) or rows.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be a 1-D array of row numbers, or of {n_samples} booleans; got shape "
            f"{rows.shape} of {rows.dtype}."
        )
    wrong = rows[(rows < 0) | (rows >= n_samples)]
    if len(wrong):
        raise ValueError(f"{name}: there is no row {wrong[0]}, only 0 to {n_samples - 1}.")
    return rows
