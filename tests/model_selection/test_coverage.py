"""Swaps that give each label a positive in each part."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_ctran.model_selection._coverage import cover


def table(*rows):
    return sparse.csr_matrix(np.array(rows, dtype=np.int64))


def test_folds_stay_where_nothing_lacks():
    marks = table([1, 0], [1, 0], [0, 1], [0, 1])
    fold = np.array([0, 1, 1, 0])
    assert cover(fold, marks, marks, 2) is fold


def test_a_swap_keeps_sizes_and_what_others_have():
    """Row 0 or 1 has to go to fold 1. Row 2 and row 3 are all that fold 1 has of their labels."""
    marks = table([1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 1])
    fold = np.array([0, 0, 1, 1, 1, 0])
    changed = cover(fold, marks, marks, 2)
    assert changed.tolist() == [1, 0, 1, 1, 0, 0]
    assert fold.tolist() == [0, 0, 1, 1, 1, 0]


def test_of_equal_swaps_the_one_that_keeps_shares():
    """The last column is frequent, so no fold lacks it: row 3 has what row 0 takes away."""
    columns = table([1, 1], [1, 0], [0, 0], [0, 1], [0, 1], [0, 1])
    fold = np.array([0, 0, 1, 1, 1, 0])
    assert cover(fold, columns[:, [0]], columns, 2).tolist()[:2] in ([1, 0], [0, 1])
    kept = cover(fold, columns[:, [0]], columns, 2)
    assert columns[kept == 0].toarray().sum(axis=0).tolist() == [1, 2]


def test_rows_outside_of_the_parts_are_taken():
    marks = table([1], [1], [0], [0])
    changed = cover(np.array([0, 2, 1, 0]), marks, marks, 2)
    assert changed.tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("may_move", [False, True])
def test_what_needs_more_than_one_swap(may_move):
    """A chain of labels with two positives each: rows alternate between two folds."""
    marks = sparse.csr_matrix(np.eye(9, 8, dtype=np.int64) + np.eye(9, 8, k=-1, dtype=np.int64))
    order = np.random.RandomState(0).permutation(9)
    fold = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    changed = cover(fold, marks[order], marks[order], 2, may_move)
    assert len(set(changed[order.argsort()][::2])) == len(set(changed[order.argsort()][1::2])) == 1
    assert may_move or changed.sum() == 4


def test_moves_change_sizes():
    marks = table([1, 1], [1, 1])
    fold = np.array([0, 0])
    assert cover(fold, marks, marks, 2).tolist() == [0, 0]
    assert cover(fold, marks, marks, 2, may_move=True).sum() == 1
    # The last column marks every row, so that no fold becomes empty.
    marks = table([1, 0, 1], [1, 0, 1], [0, 1, 1])
    assert cover(np.array([0, 0, 1]), marks, marks, 2, may_move=True).sum() in (1, 2)
