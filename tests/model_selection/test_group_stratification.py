"""Stratified splits that keep groups whole."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier

from sklearn_ctran.model_selection import MultilabelStratifiedGroupKFold


@pytest.fixture
def photos():
    """Labels of 600 photos, and the place of each: 80 places, with labels of their own."""
    rng = np.random.RandomState(0)
    places = (80 * rng.random_sample(600) ** 2).astype(int)
    of_places = rng.random_sample((80, 12))[places]
    Y = 0.6 * of_places + 0.4 * rng.random_sample((600, 12)) < np.linspace(0.1, 0.6, 12)
    return Y.astype(int), places


def deviation(Y, folds):
    return np.mean([np.abs(Y[test].mean(axis=0) - Y.mean(axis=0)) for _, test in folds])


@pytest.mark.parametrize("n_splits", [2, 5, 20])
@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.filterwarnings("ignore:.*no positive in some test fold")
def test_groups_are_whole_and_folds_a_partition(photos, n_splits, seed):
    Y, places = photos
    cv = MultilabelStratifiedGroupKFold(n_splits, shuffle=seed is not None, random_state=seed)
    tests = []
    for train, test in cv.split(Y, Y, places):
        assert len(test) and not set(places[train]) & set(places[test])
        np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), range(600))
        tests.append(test)
    np.testing.assert_array_equal(np.sort(np.concatenate(tests)), range(600))
    assert cv.get_n_splits(Y, Y, places) == len(tests) == n_splits


def test_shares_and_sizes_are_closer_than_without_labels(photos):
    Y, places = photos
    ours = list(MultilabelStratifiedGroupKFold(5).split(Y, Y, places))
    blind = list(GroupKFold(5, shuffle=True, random_state=0).split(Y, Y, places))
    assert deviation(Y, ours) < 0.8 * deviation(Y, blind)
    assert np.ptp([len(test) for _, test in ours]) < np.ptp([len(test) for _, test in blind]) / 2


def test_classes_are_as_close_as_in_scikit_learn(photos):
    Y, places = photos
    y = np.array(["a", "b", "c"])[Y[:, [2, 6, 10]].argmax(axis=1)]
    table = pd.get_dummies(y).to_numpy()
    ours = MultilabelStratifiedGroupKFold(5).split(y, y, places)
    assert deviation(table, ours) < 1.2 * deviation(
        table, StratifiedGroupKFold(5).split(y, y, places)
    )


def test_groups_of_one_are_samples():
    """Four positives of each label go to four folds."""
    Y = np.kron(np.eye(3, dtype=int), np.ones((4, 1), dtype=int))
    for _, test in MultilabelStratifiedGroupKFold(4).split(Y, Y, np.arange(12)):
        np.testing.assert_array_equal(Y[test].sum(axis=0), [1, 1, 1])


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings("ignore:.*no positive in some test fold")
def test_rare_labels_are_in_as_many_folds_as_groups_allow(seed, missing):
    rng = np.random.RandomState(seed)
    groups = rng.permutation(np.arange(150) // 3)
    # Label l is in l + 2 groups, in one photo of each or more.
    rank = rng.random_sample((50, 8)).argsort(axis=0).argsort(axis=0)[groups]
    first = np.zeros(150, dtype=bool)
    first[np.unique(groups, return_index=True)[1]] = True
    is_positive = (rank < np.arange(2, 10)) & (first | (rng.random_sample(150) < 0.5))[:, None]
    hidden = ~is_positive & (rng.random_sample(is_positive.shape) < missing)
    Y = np.where(hidden, -1, is_positive)
    for y in (Y, sparse.csr_matrix(Y)):
        cv = MultilabelStratifiedGroupKFold(4, shuffle=True, random_state=seed)
        has = np.array([is_positive[test].any(axis=0) for _, test in cv.split(Y, y, groups)])
        np.testing.assert_array_equal(has.sum(axis=0), [2, 3, 4, 4, 4, 4, 4, 4])


def test_what_groups_do_not_allow_is_a_warning():
    Y = pd.DataFrame({"cat": [1, 1, 0, 0], "dog": [1, 0, 1, 0]})
    with pytest.warns(UserWarning, match=r"Label\(s\) 'cat' have no positive in some test fold"):
        list(MultilabelStratifiedGroupKFold(2).split(Y, Y, ["a", "a", "b", "b"]))


def test_seeds_and_forms_of_groups(photos):
    Y, places = photos

    def folds(groups, **params):
        cv = MultilabelStratifiedGroupKFold(5, **params)
        return [test.tolist() for _, test in cv.split(Y, Y, groups)]

    plain = folds(places)
    names = np.array([f"place {place:02}" for place in places])
    for groups in (places.tolist(), pd.Series(places), names, names.astype(object)):
        assert folds(groups) == plain
    seeded = folds(places, shuffle=True, random_state=0)
    assert seeded == folds(places, shuffle=True, random_state=0)


def test_inside_scikit_learn(photos):
    Y, places = photos
    X = Y + 0.3 * np.random.RandomState(0).randn(*Y.shape)
    model = OneVsRestClassifier(LogisticRegression())
    cv = MultilabelStratifiedGroupKFold(3)
    search = GridSearchCV(model, {"estimator__C": [0.1, 1]}, cv=cv, scoring="f1_macro")
    scores = search.fit(X, Y, groups=places).cv_results_["mean_test_score"]
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_validate(
            search.best_estimator_, X, Y, cv=cv, scoring="f1_macro", params={"groups": places}
        )
    assert routed["test_score"].mean() == pytest.approx(scores.max())


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "groups is None: pass the group of each sample"),
        (["a", "a", "b", "b"], r"fewer groups \(2\) than folds \(n_splits=3\): lower n_splits"),
        ([0.0, 1.0, 2.0, np.nan], "Row 3 of groups has no value"),
        (np.ma.masked_equal([0, 1, 2, 3], 2), "Row 2 of groups has no value"),
        ([0, 1, 2], "inconsistent numbers of samples"),
        ([[0], [1], [2], [3]], r"groups must have one value for each sample.*\(4, 1\)"),
        ([None, "a", "b", "c"], "Row 0 of groups has no value"),
        (np.array(["a", 1, "b", 2], dtype=object), "groups must be all numbers or all texts"),
    ],
)
def test_bad_groups(groups, message):
    Y = np.eye(4, 2, dtype=int)
    with pytest.raises(ValueError, match=message):
        list(MultilabelStratifiedGroupKFold(3).split(Y, Y, groups))


def test_bad_labels(photos):
    Y, places = photos
    with pytest.raises(ValueError, match="row 0, label 0 holds 7"):
        list(MultilabelStratifiedGroupKFold(3).split(Y, 7 + Y, places))


def test_groups_in_another_order_are_an_error():
    Y = pd.DataFrame(np.eye(4, 2, dtype=int), index=list("abcd"))
    groups = pd.Series([0, 1, 2, 3], index=list("dcba"))
    with pytest.raises(ValueError, match="y and groups have the same rows in different orders"):
        MultilabelStratifiedGroupKFold(2).split(np.zeros(4), Y, groups)
