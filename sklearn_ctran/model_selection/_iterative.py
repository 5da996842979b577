"""Iterative stratification [1]_.

Labels are taken in turn, the rarest first, and each positive sample of a label goes to the fold
that lacks most of them. Here all samples of a label are assigned at once: each lowers by one what
its fold lacks, so the order in which folds get samples follows from a sort.

.. [1] K. Sechidis, G. Tsoumakas, I. Vlahavas: On the Stratification of Multi-Label Data. ECML PKDD
   2011.
"""

import numpy as np
from scipy import sparse
from sklearn.utils.validation import _num_samples

from sklearn_ctran._labels.targets import check_annotations, encode_targets
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


class StratifiedLabels:
    """Labels as sparse columns that mark rows.

    Attributes
    ----------
    n_samples : int
    names : ndarray of shape (n_labels,)
    positives : csr_matrix of shape (n_samples, n_labels), int64
        1 where positive.
    indicators : csr_matrix of shape (n_samples, n_columns), int64
        The columns to stratify: `positives`, then one for each label with missing entries.
    """

    def __init__(self, y):
        parts = _mark_stored(y) if sparse.issparse(y) and y.ndim == 2 else _mark(y)
        self.names, self.positives, others = parts
        self.n_samples = _num_samples(y)
        self.indicators = sparse.hstack([self.positives, others], format="csr")


def _mark(y):
    """Names, positives, and for labels with missing entries the rarer of negative and missing."""
    targets = encode_targets(y)
    states = targets.states
    missing, negative = ((states == value).sum(axis=0) for value in (UNKNOWN, NEGATIVE))
    some = np.flatnonzero(missing)
    rarer = np.where(missing < negative, UNKNOWN, NEGATIVE)[some]
    others = sparse.csr_matrix(states[:, some] == rarer, dtype=np.int64)
    return targets.names, sparse.csr_matrix(states == POSITIVE, dtype=np.int64), others


def _mark_stored(y):
    """Names, positives and missing entries of a sparse matrix, without making it dense.

    Raises ValueError if a stored value is not a state, or as `encode_targets` where labels lack
    annotations.
    """
    entries = sparse.csr_matrix(y).tocoo()
    values = entries.data.astype(np.float64)
    is_missing = np.isnan(values) | (values == UNKNOWN)
    wrong = ~is_missing & (values != NEGATIVE) & (values != POSITIVE)
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            "y must hold 0 and 1, and -1 or NaN where not annotated; row "
            f"{entries.row[i]}, label {entries.col[i]} holds {values[i]:g}."
        )
    positives, missing = (
        sparse.csr_matrix(
            (np.ones(mask.sum(), dtype=np.int64), (entries.row[mask], entries.col[mask])), y.shape
        )
        for mask in (values == POSITIVE, is_missing)
    )
    n_missing, n_positive = (
        np.bincount(table.indices, minlength=y.shape[1]) for table in (missing, positives)
    )
    names = np.arange(y.shape[1])
    check_annotations(n_missing, y.shape[0] - n_missing - n_positive, n_positive, names, "y")
    return names, positives, missing[:, np.flatnonzero(n_missing)]


def stratify(indicators, sizes, rng):
    """Assign rows to folds so that each column's marks are spread in proportion to fold sizes.

    `indicators` (n_samples, n_columns) are 0 and 1; `sizes` (n_folds,) are exact and sum to
    n_samples. With `rng` None, rows are taken in their order, and the first fold wins ties. Returns
    each row's fold, (n_samples,), int64.
    """
    n_samples = indicators.shape[0]
    order = np.arange(n_samples) if rng is None else rng.permutation(n_samples)
    indicators = indicators[order]
    columns = indicators.tocsc()
    remaining = np.bincount(indicators.indices, minlength=indicators.shape[1])
    # n_samples times the marks that each fold lacks: integers, so that ties are exact.
    wanted = sizes[:, None] * remaining
    room = sizes.copy()
    fold = np.full(n_samples, -1)
    while remaining.any():
        column = int(np.where(remaining, remaining, n_samples + 1).argmin())
        rows = columns.indices[columns.indptr[column] : columns.indptr[column + 1]]
        rows = np.sort(rows[fold[rows] < 0])
        fold[rows] = _deal(wanted[:, column], room, len(rows), n_samples, rng)
        dealt = sum_by_fold(indicators[rows], fold[rows], len(sizes)).tocoo()
        wanted[dealt.row, dealt.col] -= n_samples * dealt.data
        np.subtract.at(remaining, dealt.col, dealt.data)
        room -= np.bincount(fold[rows], minlength=len(sizes))
    rows = np.flatnonzero(fold < 0)
    fold[rows] = _deal(np.zeros_like(room), room, len(rows), n_samples, rng)
    result = np.empty_like(fold)
    result[order] = fold
    return result


def stratify_groups(columns, n_folds, rng):
    """Assign groups to folds so that the counts of each column are spread evenly.

    `columns` (n_groups, n_columns), sparse, are each group's counts. The groups with the largest
    shares of columns come first. Each goes to the fold that has least of what it has: that makes
    the sum of squared shares grow least. Returns each group's fold, (n_groups,), int64.
    """
    totals = np.maximum(np.asarray(columns.sum(axis=0)).ravel(), 1)
    shares = sparse.csr_matrix(columns @ sparse.diags(1 / totals))
    n_groups = shares.shape[0]
    order = np.arange(n_groups) if rng is None else rng.permutation(n_groups)
    size = np.asarray(shares.power(2).sum(axis=1)).ravel()
    held, fold = np.zeros((n_folds, shares.shape[1])), np.empty(n_groups, dtype=np.int64)
    for group in order[np.argsort(-size[order], kind="stable")]:
        inside = slice(shares.indptr[group], shares.indptr[group + 1])
        labels, own = shares.indices[inside], shares.data[inside]
        fold[group] = (held[:, labels] @ own).argmin()
        held[fold[group], labels] += own
    return fold


def _deal(wanted, room, n_rows, n_samples, rng):
    """Folds of the next rows: each goes to the fold with room that lacks most marks by then.

    Ties go to the fold with most room, then to a random one, or the first without `rng`.
    """
    depth = np.minimum(room, n_rows)
    fold = np.repeat(np.arange(len(room)), depth)
    before = np.arange(len(fold)) - np.repeat(depth.cumsum() - depth, depth)
    tie = fold if rng is None else rng.permutation(len(fold))
    keys = tie, before - room[fold], n_samples * before - wanted[fold]
    return fold[np.lexsort(keys)[:n_rows]]


def sum_by_fold(table, fold, n_folds):
    """Sum the rows of a sparse table by fold: csr_matrix of shape (n_folds, n_columns)."""
    inside = np.flatnonzero(fold < n_folds)
    member = sparse.csr_matrix(
        (np.ones(len(inside), dtype=np.int64), (fold[inside], inside)), (n_folds, len(fold))
    )
    return member @ table
