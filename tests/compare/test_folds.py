"""Folds of compare: cv and split."""

import re

import numpy as np
import pytest
from sklearn.model_selection import KFold

from sklearn_ctran._compare.arguments import read_samples
from sklearn_ctran._compare.folds import read_folds
from sklearn_ctran.model_selection import MultilabelStratifiedKFold

ROWS = np.arange(6)
Y = np.array([[0, 1], [1, 0]] * 3)


def folds(cv=None, split=None, seeds=(0,), y=Y):
    return read_folds(cv, split, list(seeds), read_samples(np.eye(len(y)), y, None))


def rows(folds):
    return [(fold.train.tolist(), fold.test.tolist()) for fold in folds]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"cv": 2, "split": (ROWS[:4], ROWS[4:])}, "cv and split are both given"),
        ({"cv": True}, "got True"),
        ({"cv": []}, "cv has no folds"),
        ({"cv": [(ROWS, ROWS)]}, "cv: 6 row.*first is 0"),
        ({"split": (ROWS[:4], ROWS[3:])}, "split: 1 row.*the first is 3"),
        ({"split": (ROWS[:4], [6])}, "test rows: there is no row 6, only 0 to 5"),
        ({"split": ([-1], ROWS)}, "training rows: there is no row -1"),
        ({"split": ([], ROWS)}, "training rows must be a 1-D array"),
        ({"split": (ROWS[:3] + 0.0, ROWS[3:])}, "of float64"),
        ({"split": ([True, False], ROWS)}, "of 6 booleans; got shape .2,. of bool"),
        ({"split": ROWS}, r"pairs of rows, \(train, test\)"),
    ],
)
def test_wrong_folds_are_named(change, message):
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        folds(**change)


def test_a_number_of_folds_is_shuffled_anew_with_each_seed():
    y = np.tile(Y, (5, 1))
    got = folds(3, seeds=[4, 5], y=y)
    assert [(fold.seed, fold.number) for fold in got] == [(s, n) for s in (4, 5) for n in range(3)]
    for seed, some in ((4, got[:3]), (5, got[3:])):
        splitter = MultilabelStratifiedKFold(3, shuffle=True, random_state=seed)
        expected = [(a.tolist(), b.tolist()) for a, b in splitter.split(np.eye(30), y)]
        assert rows(some) == expected
    assert rows(got[:3]) != rows(got[3:])
    assert len(folds(y=y)) == 5


def test_other_folds_are_the_same_for_each_seed():
    pairs = [(ROWS[:3], ROWS[3:]), (ROWS[3:], ROWS[:3])]
    expected = [([3, 4, 5], [0, 1, 2]), ([0, 1, 2], [3, 4, 5])]
    assert rows(folds(KFold(2), seeds=[0, 1])) == expected * 2
    assert rows(folds(iter(pairs[::-1]), seeds=[0, 1])) == expected * 2
    assert rows(folds(split=pairs[1], seeds=[0, 1])) == expected[:1] * 2


def test_a_split_may_be_two_masks():
    mask = np.isin(ROWS, [1, 4])
    assert rows(folds(split=[~mask, mask])) == [([0, 2, 3, 5], [1, 4])]


def test_a_splitter_gets_labels_with_gaps():
    y = Y.astype(float)
    y[0, 0] = np.nan
    assert len(folds(KFold(2), y=y)) == 2
