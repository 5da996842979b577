"""Missing labels filled in, by distributions that are known exactly."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_ctran import CTranClassifier
from sklearn_ctran.inspection import complete_labels


def test_missing_labels_are_filled_in_and_given_ones_stay(make_copies, Joint):
    X, y = make_copies()
    model = Joint().fit(X, y)
    holes = y.to_numpy(dtype=float, copy=True)
    holes[[0, 1, 1], [0, 0, 1]] = np.nan, -1, np.nan
    completed = complete_labels(model, X, holes)
    known = np.nan_to_num(holes, nan=-1)
    np.testing.assert_array_equal(completed, model.predict_proba(X, known))
    given = known >= 0
    np.testing.assert_array_equal(completed[given], y.to_numpy()[given])
    assert completed.dtype == np.float32
    # The copy of a missing label gives it away.
    assert (completed[0, 0] > 0.9) == (y.iloc[0, 1] == 1)
    assert ((completed[1, :2] > 0.01) & (completed[1, :2] < 0.99)).all()


def test_a_data_frame_stays_one(make_copies, Joint):
    X, y = make_copies()
    model = Joint().fit(X, y)
    holes = y.astype("Int64").set_index(np.arange(60)[::-1])
    holes.iloc[0, 0] = pd.NA
    completed = complete_labels(model, X, holes)
    pd.testing.assert_index_equal(completed.index, holes.index)
    pd.testing.assert_index_equal(completed.columns, holes.columns)
    known = holes.fillna(-1).to_numpy()
    np.testing.assert_array_equal(completed, model.predict_proba(X, known))


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_extra_labels_help_to_complete(wrap, make_copies, Joint):
    X, y = make_copies()
    model = wrap(Joint().fit(X, y, extra_labels=y[["c"]].rename(columns={"c": "weather"})))
    holes = y.astype(float).assign(c=np.nan)
    completed = complete_labels(model, X, holes, extra_labels={"weather": y["c"]})
    np.testing.assert_array_equal(completed["c"] > 0.5, y["c"] == 1)
    assert (np.abs(completed["c"] - 0.5) > 0.4).all()


@pytest.mark.parametrize(
    "columns, message",
    [
        (["a", "b"], "y lacks 'c'"),
        (["a", "b", "c", "d"], "y has, beside the labels, 'd'"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_columns_must_be_the_labels(columns, message, wrap, make_copies, Joint):
    X, y = make_copies()
    model = wrap(Joint().fit(X, y))
    with pytest.raises(ValueError, match=message):
        complete_labels(model, X, y.assign(d=0)[columns])


def test_columns_may_be_in_any_order(make_copies, Joint):
    X, y = make_copies()
    model = Joint().fit(X, y)
    holes = y.astype(float).assign(c=np.nan)
    expected = complete_labels(model, X, holes)
    shuffled = complete_labels(model, X, holes[["c", "a", "b"]])
    pd.testing.assert_frame_equal(shuffled, expected[["c", "a", "b"]])


def test_missing_classes_are_filled_in(tiny):
    X = np.random.RandomState(0).randn(30, 3).astype(np.float32)
    y = pd.Series(np.array(["owl", "tit", "wren"])[np.arange(30) % 3], dtype=object)
    model = CTranClassifier(None, max_epochs=2, **tiny).fit(X, y)
    expected = model.predict_proba(X)
    expected[1:] = y.to_numpy()[1:, None] == model.classes_
    y[0] = None
    completed = complete_labels(model, X, y)
    np.testing.assert_array_equal(completed, expected)
    with pytest.raises(ValueError, match=r"y must have shape .* \(30, 3\), got \(30,\)"):
        complete_labels(CTranClassifier(None, **tiny, max_epochs=1).fit(X, X > 0), X, y)


def test_labels_to_complete_are_called_y(animals, tiny):
    X, y = animals
    fine = y.drop([17, 40])
    model = CTranClassifier(None, max_epochs=1, implies={"cat": "animal"}, **tiny)
    with pytest.raises(ValueError, match="^y, row 17: 'cat' is positive but 'animal'"):
        complete_labels(model.fit(X[fine.index], fine), X, y)


def test_sparse_labels_have_no_missing_ones(make_copies, Joint):
    X, y = make_copies()
    with pytest.raises(TypeError, match="y must be dense"):
        complete_labels(Joint().fit(X, y), X, sparse.csr_matrix(y))


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_only_a_fitted_estimator_completes(wrap, make_copies, Joint):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        complete_labels(wrap(Joint()), *make_copies())
