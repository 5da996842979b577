"""Stratified splits.

Tests of _iterative.py too.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier

from sklearn_ctran.model_selection import (
    MultilabelStratifiedKFold,
    MultilabelStratifiedShuffleSplit,
    multilabel_train_test_split,
)
from sklearn_ctran.model_selection._iterative import StratifiedLabels, _deal


@pytest.fixture
def labels():
    """Of 403 samples, frequent and rare labels that go together in part."""
    rng = np.random.RandomState(0)
    base = rng.random_sample((403, 1))
    return (0.5 * base + rng.random_sample((403, 12)) < np.linspace(0.3, 0.7, 12)).astype(int)


def deviation(Y, folds):
    """Mean distance of the share of positives in a test fold and in all rows, of each label."""
    return np.mean([np.abs(Y[test].mean(axis=0) - Y.mean(axis=0)) for _, test in folds])


@pytest.mark.parametrize("n_splits", [2, 5, 10, 100, 403])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.filterwarnings("ignore:.*no positive in some test fold")
def test_folds_are_a_partition_of_exact_sizes(labels, n_splits, shuffle):
    folds = list(MultilabelStratifiedKFold(n_splits, shuffle=shuffle).split(labels, labels))
    expected = [len(test) for _, test in KFold(n_splits).split(labels)]
    assert [len(test) for _, test in folds] == expected
    np.testing.assert_array_equal(np.sort(np.concatenate([t for _, t in folds])), range(403))
    for train, test in folds:
        np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), range(403))


@pytest.mark.parametrize("shuffle", [False, True])
def test_shares_are_much_closer_than_those_of_shuffled_folds(labels, shuffle):
    seed = 0 if shuffle else None
    cv = MultilabelStratifiedKFold(5, shuffle=shuffle, random_state=seed)
    shuffled = KFold(5, shuffle=True, random_state=0)
    ours = deviation(labels, cv.split(labels, labels))
    assert ours < deviation(labels, shuffled.split(labels)) / 4


def test_a_single_label_is_spread_as_evenly_as_can_be():
    y = (np.arange(103) < 22).astype(int)[:, None]
    for n_splits in (2, 3, 7):
        folds = MultilabelStratifiedKFold(n_splits).split(y, y)
        counts = [int(y[test].sum()) for _, test in folds]
        assert max(counts) - min(counts) <= 1


def test_rarest_labels_come_first():
    """The frequent label's positives could go anywhere, but two of the rare one's to each fold."""
    Y = np.zeros((100, 2), dtype=int)
    Y[:60, 0] = 1
    Y[:10, 1] = 1
    for _, test in MultilabelStratifiedKFold(5, shuffle=True, random_state=1).split(Y, Y):
        np.testing.assert_array_equal(Y[test].sum(axis=0), [12, 2])


def test_earlier_labels_are_made_up_for():
    """Which is what distinguishes iterative stratification from one label after the other."""
    Y = np.zeros((40, 2), dtype=int)
    Y[:4, 0] = 1  # Two to each fold ...
    Y[:2, 1] = 1  # ... of which two have the other label,
    Y[4:12, 1] = 1  # as have eight more.
    for seed in range(20):
        cv = MultilabelStratifiedKFold(2, shuffle=True, random_state=seed)
        for _, test in cv.split(Y, Y):
            np.testing.assert_array_equal(Y[test].sum(axis=0), [2, 5])


def test_seeds(labels):
    def folds(**params):
        return [t.tolist() for _, t in MultilabelStratifiedKFold(5, **params).split(labels, labels)]

    assert folds() == folds()
    assert folds(shuffle=True, random_state=0) == folds(shuffle=True, random_state=0)
    assert folds(shuffle=True, random_state=0) != folds(shuffle=True, random_state=1)
    assert folds(shuffle=True, random_state=0) != folds()


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix])
@pytest.mark.parametrize("dtype", [bool, int, float])
def test_sparse_labels_split_like_dense_ones(labels, make, dtype, monkeypatch):
    cv = MultilabelStratifiedKFold(5, shuffle=True, random_state=0)
    dense = [test for _, test in cv.split(labels, labels)]
    table = make(labels.astype(dtype))
    for kind in (sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix, sparse.csr_array):
        for name in ("toarray", "todense"):
            plain = getattr(kind, name)

            def of_few_rows(self, plain=plain):
                assert self.shape[0] < 403, "y was made dense"
                return plain(self)

            monkeypatch.setattr(kind, name, of_few_rows)
    for ours, theirs in zip(cv.split(labels, table), dense, strict=True):
        np.testing.assert_array_equal(ours[1], theirs)


def test_frames_lists_and_classes(labels):
    cv = MultilabelStratifiedKFold(5)
    expected = [test.tolist() for _, test in cv.split(labels, labels)]
    for y in (pd.DataFrame(labels).add_prefix("label"), labels.tolist(), labels.astype(bool)):
        assert [test.tolist() for _, test in cv.split(labels, y)] == expected
    classes = np.array(["a", "b", "c"])[np.arange(403) % 10 // 4]
    counts = [
        [np.unique(classes[test], return_counts=True)[1] for _, test in splitter.split(labels, y)]
        for splitter, y in ((cv, classes), (StratifiedKFold(5), classes))
    ]
    np.testing.assert_allclose(*counts, atol=1)


@pytest.mark.parametrize("missing", [np.nan, -1])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_missing_entries_are_neither_positive_nor_negative(labels, missing, share, is_sparse):
    rng = np.random.RandomState(0)
    Y = np.where(rng.random_sample(labels.shape) < share, np.nan, labels)
    told = np.where(np.isnan(Y), missing, Y)
    told = sparse.csr_matrix(told) if is_sparse else told
    cv = MultilabelStratifiedKFold(3, shuffle=True, random_state=0)

    def deviations(folds):
        return np.mean(
            [
                np.abs(marked[test].mean(axis=0) - marked.mean(axis=0)).mean()
                for _, test in folds
                for marked in (Y == 0, Y == 1)
            ]
        )

    shuffled = KFold(3, shuffle=True, random_state=0).split(Y)
    assert deviations(cv.split(Y, told)) < deviations(shuffled) / 1.8


@pytest.mark.parametrize("is_sparse", [False, True])
def test_labels_with_missing_entries_have_a_column_more(is_sparse):
    nan = np.nan
    y = np.array([[1, 1, nan], [0, 1, nan], [0, 0, 0], [nan, 0, 1]])
    labels = StratifiedLabels(sparse.csr_matrix(y) if is_sparse else y)
    np.testing.assert_array_equal(labels.positives.toarray(), y == 1)
    # Of the last label, the negatives are rarer than the missing entries; sparse ones not stored.
    last = np.isnan(y[:, 2]) if is_sparse else y[:, 2] == 0
    expected = np.column_stack([y == 1, np.isnan(y[:, 0]), last])
    np.testing.assert_array_equal(labels.indicators.toarray(), expected)
    assert labels.n_samples == 4 and labels.names.tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize(
    ("wanted", "room", "n_rows", "expected"),
    [
        ([10, 0], [3, 3], 1, [0]),  # the fold that lacks most
        ([20, 5], [1, 3], 3, [0, 1, 1]),  # and has room
        ([0, 0], [1, 3], 1, [1]),  # of equal ones the one with most room
        ([25, 5], [5, 4], 4, [0, 0, 1, 0]),  # after two rows both lack 5, and 1 has more room
    ],
)
def test_folds_of_the_next_rows(seed, wanted, room, n_rows, expected):
    rng = None if seed is None else np.random.RandomState(seed)
    assert _deal(np.array(wanted), np.array(room), n_rows, 10, rng).tolist() == expected


def test_few_annotated_negatives_are_spread():
    """Of labels that are mostly missing, a fold without a negative could not be scored."""
    Y = np.full((300, 2), np.nan)
    Y[:6, 0], Y[6:100, 0] = 0, 1
    Y[:, 1] = np.arange(300) % 2
    for _, test in MultilabelStratifiedKFold(3, shuffle=True, random_state=0).split(Y, Y):
        assert (Y[test, 0] == 0).sum() == 2


def test_shuffle_split(labels):
    cv = MultilabelStratifiedShuffleSplit(4, test_size=50, train_size=0.5, random_state=0)
    assert cv.get_n_splits() == 4
    splits = list(cv.split(labels, labels))
    assert len(splits) == 4
    for train, test in splits:
        assert (len(train), len(test)) == (201, 50)
        assert not set(train) & set(test)
        assert deviation(labels, [(train, test)]) < 0.02
        assert deviation(labels, [(test, train)]) < 0.01
    assert splits[0][1].tolist() != splits[1][1].tolist()
    again = list(cv.split(labels, labels))
    assert [test.tolist() for _, test in again] == [test.tolist() for _, test in splits]
    other = MultilabelStratifiedShuffleSplit(4, test_size=50, train_size=0.5, random_state=1)
    assert next(other.split(labels, labels))[1].tolist() != splits[0][1].tolist()
    train, test = next(MultilabelStratifiedShuffleSplit(1).split(labels, labels))
    assert [len(train), len(test)] == [len(p) for p in next(ShuffleSplit(1).split(labels))]


def test_train_test_split(labels):
    X, names = pd.DataFrame({"x": np.arange(403.0)}), [f"photo{i}" for i in range(403)]
    y = sparse.coo_matrix(labels)
    parts = multilabel_train_test_split(X, y, names, test_size=0.2, random_state=0)
    X_train, X_test, y_train, y_test, names_train, names_test = parts
    rows = X_test["x"].astype(int)
    assert (len(X_train), len(X_test)) == (322, 81)
    np.testing.assert_array_equal(y_test.toarray(), labels[rows])
    assert names_test == [names[i] for i in rows]
    assert len(names_train) == y_train.shape[0] == 322
    assert deviation(labels, [(None, rows)]) < 0.01
    again = multilabel_train_test_split(X, y, test_size=0.2, random_state=0)
    np.testing.assert_array_equal(again[1], X_test)
    assert len(multilabel_train_test_split(X, y, train_size=100)[0]) == 100
    assert len(multilabel_train_test_split(X, y)[1]) == 101


def test_inside_scikit_learn(labels):
    X = labels + 0.3 * np.random.RandomState(0).randn(*labels.shape)
    model = OneVsRestClassifier(LogisticRegression())
    folds = MultilabelStratifiedKFold(3)
    search = GridSearchCV(model, {"estimator__C": [0.1, 1]}, cv=folds, scoring="f1_macro")
    assert search.fit(X, labels).n_splits_ == 3
    for cv in (folds, MultilabelStratifiedShuffleSplit(3, test_size=0.3)):
        scores = cross_validate(model, X, labels, cv=cv, scoring="f1_macro")["test_score"]
        assert len(scores) == 3
        assert (scores > 0.5).all()


def test_labels_without_a_positive_in_some_part(labels):
    labels[:, 3] = np.arange(403) < 1
    labels[:, 5] = 0
    y = pd.DataFrame(labels).add_prefix("w")
    message = r"'w3', 'w5' have no positive in some test fold.*fewer or larger parts"
    with pytest.warns(UserWarning, match=message):
        list(MultilabelStratifiedKFold(3).split(y, y))
    message = r"Label\(s\) 3, 5 have no positive in some training or test part"
    with pytest.warns(UserWarning, match=message):
        cv = MultilabelStratifiedShuffleSplit(1, test_size=0.1, random_state=0)
        next(cv.split(labels, labels))
    labels[:, 3] = np.arange(403) < 2
    with pytest.warns(UserWarning, match=r"Label\(s\) 5 have no positive"):
        multilabel_train_test_split(labels, labels, test_size=0.5, random_state=0)


def rare_labels(seed, missing):
    """Of 120 samples, 12 labels that have 2 to 13 positives each."""
    rng = np.random.RandomState(seed)
    ranks = rng.random_sample((120, 12)).argsort(axis=0).argsort(axis=0)
    Y = (ranks < np.arange(2, 14)).astype(float)
    return np.where((Y == 0) & (rng.random_sample(Y.shape) < missing), np.nan, Y)


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_rare_labels_have_a_positive_wherever_they_can(seed, missing):
    """Without the last step, each of these tables fails in one of the splits."""
    Y = rare_labels(seed, missing)
    n_positive = (Y == 1).sum(axis=0)
    for n_folds in (2, 5, 13):
        cv = MultilabelStratifiedKFold(n_folds, shuffle=True, random_state=seed)
        with warnings.catch_warnings():  # of the labels with fewer positives than folds
            warnings.simplefilter("ignore" if n_folds > 2 else "error")
            counts = np.array([(Y[test] == 1).sum(axis=0) for _, test in cv.split(Y, Y)])
        np.testing.assert_array_equal(
            (counts > 0).sum(axis=0), np.minimum(n_positive, n_folds), err_msg=str(n_folds)
        )
    for sizes in ({"test_size": 0.2}, {"test_size": 0.1}, {"test_size": 0.2, "train_size": 0.3}):
        cv = MultilabelStratifiedShuffleSplit(2, random_state=seed, **sizes)
        for parts in cv.split(Y, sparse.csr_matrix(Y)):
            for part in parts:
                assert (Y[part] == 1).any(axis=0).all()
    _, _, *parts = multilabel_train_test_split(Y, Y, test_size=0.1, random_state=seed)
    assert len(parts[1]) == 12 and all((part == 1).any(axis=0).all() for part in parts)


def test_labels_that_cannot_all_be_on_both_sides():
    """Of three rows, each two of which share a label, two lie in one of two folds."""
    Y = np.zeros((8, 3), dtype=int)
    for label, rows in enumerate([[0, 1], [1, 2], [0, 2]]):
        Y[rows, label] = 1
    with pytest.warns(UserWarning, match=r"Label\(s\) \d have no positive in some test fold"):
        folds = list(MultilabelStratifiedKFold(2, shuffle=True, random_state=0).split(Y, Y))
    assert sum((Y[test].sum(axis=0) == 0).sum() for _, test in folds) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultilabelStratifiedKFold(1), "n_splits must be an integer of at least 2, got 1"),
        (lambda: MultilabelStratifiedKFold(2.0), "n_splits must be an integer"),
        (lambda: MultilabelStratifiedKFold(True), "n_splits must be an integer"),
        (lambda: MultilabelStratifiedKFold(shuffle="yes"), "shuffle must be True or False"),
        (lambda: MultilabelStratifiedKFold(random_state=0), "no effect without shuffling"),
        (lambda: MultilabelStratifiedShuffleSplit(0), "n_splits must be an integer above 0"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def stored(row, column, value):
    """A sparse table of 10 samples and 3 labels with one entry that is not 0."""
    return sparse.csr_matrix(([value], ([row], [column])), (10, 3))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (stored(4, 1, 2), "row 4, label 1 holds 2"),
        (stored(4, 1, np.inf), "row 4, label 1 holds inf"),
        (np.eye(10)[:, :3] * 3, "row 0, label 0 holds 3"),
        (np.where(np.arange(3) == 1, np.nan, np.eye(10)[:, :3]), "No sample is annotated.* 1 of y"),
        (sparse.csr_matrix(np.tile([1, -1, 0], (10, 1))), "No sample is annotated.* 1 of y"),
        (np.eye(12)[:, :3], "inconsistent numbers of samples"),
        (None, "target y is None"),
    ],
)
def test_bad_labels(y, message):
    for cv in (MultilabelStratifiedKFold(2), MultilabelStratifiedShuffleSplit(2)):
        with pytest.raises(ValueError, match=message):
            list(cv.split(np.zeros(10), y))


@pytest.mark.parametrize("absent", [-1, np.nan])
def test_sparse_labels_without_an_annotated_negative(absent):
    """As of dense ones: 1 and -1 alone are refused. What is not stored is 0."""
    table = np.where(np.arange(40)[:, None] % [3, 4] == 0, 1.0, absent)
    message = "y has no 0 at all, only 1 and -1.*read_codes"
    for y in (table, sparse.csr_matrix(table), sparse.coo_array(table)):
        with pytest.raises(ValueError, match=message):
            list(MultilabelStratifiedKFold(2).split(y, y))
    # Of the second label, all entries are stored.
    half = sparse.csr_matrix(np.where(np.arange(2) == 0, table == 1, table))
    for y in (half, half.toarray()):
        message = r"no annotated negative and mostly missing entries, for label\(s\) 1: "
        with pytest.raises(ValueError, match=message):
            list(MultilabelStratifiedKFold(2).split(y, y))
    with pytest.warns(UserWarning, match="most of the others are 1"):
        codes = np.where(np.arange(40)[:, None] < 2, 0, table)
        list(MultilabelStratifiedKFold(2).split(codes, sparse.csr_matrix(codes)))


def test_nothing_to_split(labels):
    for X, arrays, message in (
        (None, [], "X is None, which cannot be split"),
        (labels, [labels, None], r"arrays\[1\] is None, which cannot be split: leave it out"),
    ):
        with pytest.raises(ValueError, match=message):
            multilabel_train_test_split(X, labels, *arrays)
    with pytest.raises(ValueError, match="target y is None"):
        multilabel_train_test_split(labels, None)


def test_bad_sizes_and_groups(labels):
    with pytest.raises(ValueError, match=r"fewer samples \(3\) than folds \(n_splits=4\)"):
        list(MultilabelStratifiedKFold(4).split(np.zeros(3), labels[:3]))
    with pytest.raises(ValueError, match="test_size=500 should be"):
        list(MultilabelStratifiedShuffleSplit(test_size=500).split(labels, labels))
    for cv in (MultilabelStratifiedKFold(4), MultilabelStratifiedShuffleSplit()):
        with pytest.raises(ValueError, match="groups are not supported.*GroupKFold"):
            cv.split(labels, labels, groups=np.arange(403))


def test_rows_in_another_order():
    y = pd.DataFrame(np.eye(4, 2, dtype=int), index=list("abcd"))
    X = pd.DataFrame({"feature": range(4)}, index=list("dcba"))
    for cv in (MultilabelStratifiedKFold(2), MultilabelStratifiedShuffleSplit()):
        with pytest.raises(ValueError, match="X and y have the same rows in different orders"):
            cv.split(X, y)
    message = r"X and arrays\[1\] have the same rows in different orders"
    with pytest.raises(ValueError, match=message):
        multilabel_train_test_split(y, y, np.zeros(4), X)


def test_repr():
    assert repr(MultilabelStratifiedKFold(3)) == (
        "MultilabelStratifiedKFold(n_splits=3, random_state=None, shuffle=False)"
    )
