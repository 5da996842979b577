"""Samples: rows of images, labels, extra labels and weights together."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from sklearn_ctran._adapters.samples import Samples, fit, folds_of, held_out_once
from sklearn_ctran._labels.targets import encode_targets
from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.model_selection import MultilabelStratifiedGroupKFold, MultilabelStratifiedKFold

Y = np.array([[0, 1], [1, 1], [1, 0], [0, 0]])


class Listener(BaseEstimator):
    """Remembers what it was fitted with."""

    def fit(self, X, y, extra_labels=None, sample_weight=None):
        self.got = X, y, extra_labels, sample_weight
        return self

    def predict_proba(self, X, extra_labels=None):
        raise AssertionError("not asked")


def samples(X=None, y=Y, **params):
    return Samples(["a", "b", "c", "d"] if X is None else X, y, encode_targets(y), **params)


@pytest.mark.parametrize(
    "form", [list, np.array, lambda y: pd.DataFrame(y, columns=["p", "q"]), sparse.csr_array]
)
def test_some_rows(form):
    weight, extra = np.array([1.0, 2, 3, 4]), {"rain": np.array([0, 1, -1, 1])}
    y = Y.tolist() if form is list else form(Y)
    some = samples(y=y, extra_labels=extra, sample_weight=weight).take(np.array([3, 1]))
    assert some.X == ["d", "b"]
    dense = some.y.toarray() if sparse.issparse(some.y) else np.asarray(some.y)
    np.testing.assert_array_equal(dense, Y[[3, 1]])
    np.testing.assert_array_equal(some.targets.states, Y[[3, 1]])
    assert some.extra_labels["rain"].tolist() == [1, 1]
    assert some.sample_weight.tolist() == [4, 2]


def test_rows_without_extra_labels_and_weights():
    some = samples(X=np.eye(4)).take(np.array([2]))
    np.testing.assert_array_equal(some.X, [[0, 0, 1, 0]])
    assert some.extra_labels is None and some.sample_weight is None


def test_an_estimator_is_told_what_there_is():
    weight, extra = np.ones(4), {"rain": np.array([0, 1, -1, 1])}
    model = Listener()
    assert fit(model, samples()) is model
    assert model.got == (["a", "b", "c", "d"], Y, None, None)
    fit(make_pipeline(model), samples(extra_labels=extra, sample_weight=weight))
    assert model.got[2] is extra and model.got[3] is weight


def test_an_estimator_that_does_not_take_them_is_refused():
    model = MultiOutputClassifier(LogisticRegression())
    with pytest.raises(TypeError, match="extra_labels is given, but MultiOutputClassifier.fit"):
        fit(model, samples(X=np.eye(4), extra_labels={"rain": np.array([0, 1, 0, 1])}))
    weighted = samples(X=np.eye(4), sample_weight=np.array([1.0, 2, 3, 4]))
    expected = LogisticRegression().fit(np.eye(4), Y[:, 0], weighted.sample_weight)
    np.testing.assert_array_equal(fit(model, weighted).estimators_[0].coef_, expected.coef_)


def test_folds_hold_each_row_out_once():
    X, y = np.zeros((6, 1)), np.zeros((6, 2))
    folds = held_out_once(KFold(3), X, y, "KFold")
    assert [test.tolist() for _, test in folds] == [[0, 1], [2, 3], [4, 5]]
    twice = [(train, np.array([0, 1])) for train, _ in folds]
    with pytest.raises(ValueError, match=r"row 0 out 3 times: use KFold or another splitter"):
        held_out_once(twice, X, y, "KFold")
    with pytest.raises(ValueError, match="row 4 out 0 times"):
        held_out_once(folds[:2], X, y, "KFold")


GAPS = np.where(np.eye(40, 2) == 1, np.nan, np.arange(80).reshape(40, 2) // 2 % 2)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize("y", [GAPS, np.nan_to_num(GAPS), pd.DataFrame(GAPS)])
def test_a_splitter_that_cannot_split_a_table_names_one_that_can(y):
    advice = "cannot split y: (Input y contains NaN|Supported target).*MultilabelStratifiedKFold"
    with pytest.raises(ValueError, match=advice):
        folds_of(StratifiedKFold(2), np.zeros((40, 1)), y)
    assert len(folds_of(MultilabelStratifiedKFold(2), np.zeros((40, 1)), y)) == 2
    for cv in (GroupKFold(2), MultilabelStratifiedGroupKFold(2)):
        with pytest.raises(
            ValueError, match=r"groups.*None.*cv=list\(splitter.split\(X, y, gr"
        ) as raised:
            folds_of(cv, np.zeros((40, 1)), y)
        assert "For tables of labels" not in str(raised.value)
    with pytest.raises(ValueError, match="^Cannot have number of splits") as raised:
        folds_of(KFold(50), np.zeros((40, 1)), np.arange(40) % 2)
    assert "Multilabel" not in str(raised.value)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_a_search_that_cannot_split_a_table_names_a_splitter():
    X = np.random.RandomState(0).randn(40, 2)
    inner = make_pipeline(GridSearchCV(BinaryRelevance(), {}, cv=2))
    of_gaps = Samples(X, GAPS, encode_targets(GAPS))
    with pytest.raises(
        ValueError, match=r"(?s)The folds of Pipeline\(.*NaN.*MultilabelStratifiedKFold"
    ):
        fit(inner, of_gaps)
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN") as raised:
        fit(BinaryRelevance(), of_gaps)
    assert "Multilabel" not in str(raised.value)
