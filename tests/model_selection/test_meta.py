"""What TunedThresholds and MultilabelCalibrator share: estimators, missing labels and folds.

Tests of _out_of_fold.py too.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran.model_selection import (
    MultilabelCalibrator,
    MultilabelStratifiedKFold,
    TunedThresholds,
)


def proba_of(model, X):
    """P(label = 1), from a list of arrays."""
    return np.column_stack([columns[:, 1] for columns in model.predict_proba(X)])


@pytest.mark.parametrize(
    "estimator",
    [
        OneVsRestClassifier(LogisticRegression()),
        MultiOutputClassifier(LogisticRegression()),
        RandomForestClassifier(20, random_state=0),
        make_pipeline(StandardScaler(), make_pipeline(KNeighborsClassifier())),
        GridSearchCV(
            MultiOutputClassifier(GaussianNB()), {"estimator__var_smoothing": [1e-9, 1e-3]}, cv=2
        ),
        "C-Tran",
    ],
)
def test_any_multilabel_estimator(table, meta, estimator, small):
    X, Y = table
    estimator = small if estimator == "C-Tran" else estimator
    before = repr(estimator)
    model = meta(estimator, cv=2, random_state=0).fit(X, Y)
    assert model.predict_proba(X).shape == model.decision_function(X).shape == Y.shape
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X) > 0)
    assert model.score(X, Y) > 0.5
    assert repr(estimator) == before
    assert not hasattr(estimator, "classes_")
    again = meta(clone(estimator), cv=2, random_state=0, n_jobs=2).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_single_label(table, meta, by_label, small):
    X, Y = table
    for estimator in (OneVsRestClassifier(GaussianNB()), by_label, small):
        model = meta(estimator, cv=2).fit(X, Y[:, :1])
        assert model.predict_proba(X).shape == model.predict(X).shape == (240, 1)
        np.testing.assert_array_equal(model.predict(X), model.decision_function(X) > 0)
        assert model.score(X, Y[:, :1]) > 0.7


def test_labels_in_any_form(table, meta, by_label):
    X, Y = table
    expected = meta(by_label, cv=2, random_state=0).fit(X, Y).predict_proba(X)
    frame = pd.DataFrame(Y, columns=["a", "b", "c"])
    model = meta(by_label, cv=2, random_state=0).fit(pd.DataFrame(X).add_prefix("x"), frame)
    assert model.label_names_.tolist() == ["a", "b", "c"]
    assert model.feature_names_in_.tolist() == [f"x{i}" for i in range(5)]
    by_label = OneVsRestClassifier(GaussianNB())
    of_sparse = meta(by_label, cv=2, random_state=0).fit(X, sparse.csr_matrix(Y))
    for proba in (
        model.predict_proba(pd.DataFrame(X).add_prefix("x")),
        meta(by_label, cv=2, random_state=0).fit(X, Y.tolist()).predict_proba(X),
        of_sparse.predict_proba(X),
    ):
        np.testing.assert_allclose(proba, expected, rtol=1e-6)


def test_missing_entries_are_left_out(given, entries, meta):
    proba, truth = entries
    missing = np.random.RandomState(1).random_sample(truth.shape) < [0.0, 0.5, 0.9]
    for value in (np.nan, -1):
        Y = np.where(missing, value, truth)
        model = meta(given, cv="prefit").fit(proba, Y)
        for label in range(3):
            rows = ~missing[:, label]
            alone = meta(given, cv="prefit").fit(proba[rows][:, [label]], truth[rows][:, [label]])
            np.testing.assert_allclose(
                model.predict_proba(proba)[:, label], alone.predict_proba(proba[:, [label]])[:, 0]
            )
            np.testing.assert_array_equal(
                model.predict(proba)[:, label], alone.predict(proba[:, [label]])[:, 0]
            )


def test_missing_entries_of_an_estimator_that_learns_from_them(table, meta, by_label, small):
    X, Y = table
    Y = np.where(np.random.RandomState(0).random_sample(Y.shape) < 0.3, np.nan, Y)
    model, filled = (
        meta(small, cv=2, random_state=0).fit(X, labels) for labels in (Y, np.nan_to_num(Y))
    )
    # Taken for negative, missing entries would lower the probabilities.
    proba = [each.estimator_.predict_proba(X).mean(axis=0) for each in (model, filled)]
    assert (proba[0] > 1.2 * proba[1]).all()
    assert model.score(X, Y) > 0.6
    with pytest.raises(ValueError, match="NaN"):
        meta(by_label, cv=2).fit(X, Y)
    with pytest.raises(ValueError, match="fitted with the classes .-1, 0, 1. of label 0"):
        meta(RandomForestClassifier(3), cv=2).fit(X, np.nan_to_num(Y, nan=-1).astype(int))


def test_labels_without_anything_to_learn_from(given, entries, meta):
    proba, truth = entries
    truth[:, 0], truth[:, 1] = 0, 1
    Y = pd.DataFrame(truth, columns=["none", "all", "some"])
    with pytest.warns(UserWarning, match="'none', 'all' have no positive, or no negative") as told:
        model = meta(given, cv="prefit").fit(proba, Y)
    assert told[0].filename == __file__
    np.testing.assert_allclose(model.predict_proba(proba)[:, :2], proba[:, :2])
    np.testing.assert_array_equal(model.predict(proba)[:, :2], proba[:, :2] > 0.5)
    Y["none"] = np.nan
    with pytest.raises(ValueError, match="No sample is annotated for label.s. 'none'"):
        meta(given, cv="prefit").fit(proba, Y)


def test_folds_that_cannot_learn_a_label_are_left_out_for_it(given, table, meta):
    """What they would say of it, 0, would pull every threshold and probability down."""
    X, Y = table
    Y[:, 2] = np.arange(240) < 100
    folds = [*KFold(2).split(X)]  # The first one is trained without a positive.
    estimator = OneVsRestClassifier(GaussianNB())
    with (
        pytest.warns(UserWarning, match="2 have no positive, or no negative, among the training"),
        pytest.warns(UserWarning, match="Label not 2 is present in all"),
        pytest.warns(UserWarning, match="have no positive, or no negative, to learn from out of"),
    ):
        model = meta(estimator, cv=folds).fit(X, Y)
    if meta is TunedThresholds:
        assert model.thresholds_[2] == 0.5
    inner = model.estimator_.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X)[:, 2], inner[:, 2].clip(1e-7, 1 - 1e-7))


def test_prefit(table, meta):
    X, Y = table
    estimator = make_pipeline(StandardScaler(), MultiOutputClassifier(GaussianNB()))
    with pytest.raises(NotFittedError):
        meta(estimator, cv="prefit").fit(X, Y)
    estimator.fit(X[:120], Y[:120])
    expected = proba_of(estimator, X)
    model = meta(estimator, cv="prefit").fit(X[120:], Y[120:])
    assert model.estimator_ is estimator
    np.testing.assert_array_equal(proba_of(estimator, X), expected)
    frozen = meta(FrozenEstimator(estimator), cv=2, random_state=0).fit(X[120:], Y[120:])
    np.testing.assert_allclose(frozen.predict_proba(X), model.predict_proba(X), rtol=1e-6)


def test_prefit_on_other_labels(table, meta, by_label, small):
    X, Y = table
    named = pd.DataFrame(Y, columns=["a", "b", "c"])
    fitted = clone(small).fit(X, named)
    assert meta(fitted, cv="prefit").fit(X, Y).label_names_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="y lacks 'a' and has, beside the labels, 'd'"):
        meta(fitted, cv="prefit").fit(X, named.set_axis(["d", "b", "c"], axis=1))
    with pytest.raises(ValueError, match="y has 2 labels, but the estimator was fitted on 3"):
        meta(fitted, cv="prefit").fit(X, Y[:, :2])
    with pytest.raises(ValueError, match="returns 3 columns for 2 labels"):
        meta(clone(by_label).fit(X, Y), cv="prefit").fit(X, Y[:, :2])


def test_columns_in_another_order(table, meta, small):
    """They are matched by name with the labels of an estimator that is not fitted again."""
    X, Y = table
    named = pd.DataFrame(Y, columns=["a", "b", "c"])
    fitted = clone(small).fit(X, named)
    for estimator, cv in ((fitted, "prefit"), (FrozenEstimator(fitted), 2)):
        expected, model = (
            meta(estimator, cv=cv, random_state=0).fit(X, named[columns])
            for columns in (["a", "b", "c"], ["c", "a", "b"])
        )
        np.testing.assert_array_equal(model.label_names_, ["a", "b", "c"])
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))
        np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_prefit_on_other_classes(table):
    X, Y = table
    y = Y[:, :2].sum(axis=1)
    fitted = GaussianNB().fit(X, y)
    with pytest.raises(ValueError, match="GaussianNB was fitted on class 2, which y does not have"):
        MultilabelCalibrator(fitted, cv="prefit").fit(X[y < 2], y[y < 2])


def test_rows_must_be_held_out_once(table, meta, by_label):
    X, Y = table
    for cv in (ShuffleSplit(3), [*KFold(3).split(X)][:2]):
        with pytest.raises(ValueError, match=r"holds row \d+ out \d times: use MultilabelStrat"):
            meta(by_label, cv=cv).fit(X, Y)


def test_a_failed_fit_leaves_the_estimator_as_it_was(table, meta, by_label):
    X, Y = table
    model = meta(by_label, cv=2).fit(X, Y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="y must hold 0 and 1"):
        model.fit(X, Y + 1)
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X[1:], Y)
    assert vars(model) == before


def test_inside_searches(table, meta, by_label):
    X, Y = table
    search = GridSearchCV(
        meta(by_label, cv=2),
        {"estimator__estimator__var_smoothing": [1e-9, 10.0]},
        cv=MultilabelStratifiedKFold(2),
        n_jobs=2,
    ).fit(X, Y)
    assert search.best_params_ == {"estimator__estimator__var_smoothing": 1e-9}
    scores = cross_validate(meta(by_label, cv=2), X, Y, cv=2, scoring="f1_macro")["test_score"]
    assert (scores > 0.5).all()


def test_progress_says_which_fold_is_fitted(table, meta, by_label, capsys):
    meta(by_label, cv=3, verbose=1).fit(*table)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and lines[0].startswith("out of fold:   0% 0/3") and "fold 0" in lines[0]
    assert "3/3" in lines[-1]
    meta(by_label, cv=3).fit(*table).predict(table[0])
    assert capsys.readouterr() == ("", "")
