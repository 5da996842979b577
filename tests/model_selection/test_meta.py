"""What TunedThresholds and MultilabelCalibrator share: what they wrap, learn from and are told."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator, clone
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

from sklearn_ctran import CTranClassifier
from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._labels.targets import encode_extra_labels
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.model_selection import (
    MultilabelCalibrator,
    MultilabelStratifiedKFold,
    TunedThresholds,
)

METAS = (TunedThresholds, MultilabelCalibrator)
BY_LABEL = MultiOutputClassifier(GaussianNB())
SMALL = CTranClassifier(None, d_model=8, n_layers=1, n_heads=2, max_epochs=2, random_state=0)
both = pytest.mark.parametrize("meta", METAS)


def proba_of(model, X):
    """P(label = 1), from a list of arrays."""
    return np.column_stack([columns[:, 1] for columns in model.predict_proba(X)])


# ------------------------------------------------------------------ estimators


@pytest.mark.parametrize(
    "estimator",
    [
        OneVsRestClassifier(LogisticRegression()),
        MultiOutputClassifier(LogisticRegression()),
        RandomForestClassifier(20, random_state=0),
        make_pipeline(StandardScaler(), make_pipeline(KNeighborsClassifier())),
        GridSearchCV(BY_LABEL, {"estimator__var_smoothing": [1e-9, 1e-3]}, cv=2),
        SMALL,
    ],
)
@both
def test_any_multilabel_estimator(table, meta, estimator):
    X, Y = table
    before = repr(estimator)
    model = meta(estimator, cv=2, random_state=0).fit(X, Y)
    assert model.predict_proba(X).shape == model.decision_function(X).shape == Y.shape
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X) > 0)
    assert model.score(X, Y) > 0.5
    assert repr(estimator) == before
    assert not hasattr(estimator, "classes_")
    again = meta(clone(estimator), cv=2, random_state=0, n_jobs=2).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@both
def test_a_single_label(table, meta):
    X, Y = table
    for estimator in (OneVsRestClassifier(GaussianNB()), BY_LABEL, SMALL):
        model = meta(estimator, cv=2).fit(X, Y[:, :1])
        assert model.predict_proba(X).shape == model.predict(X).shape == (240, 1)
        assert model.score(X, Y[:, :1]) > 0.7


@both
def test_labels_in_any_form(table, meta):
    X, Y = table
    expected = meta(BY_LABEL, cv=2, random_state=0).fit(X, Y).predict_proba(X)
    frame = pd.DataFrame(Y, columns=["a", "b", "c"])
    model = meta(BY_LABEL, cv=2, random_state=0).fit(pd.DataFrame(X).add_prefix("x"), frame)
    assert model.label_names_.tolist() == ["a", "b", "c"]
    assert model.feature_names_in_.tolist() == [f"x{i}" for i in range(5)]
    by_label = OneVsRestClassifier(GaussianNB())
    of_sparse = meta(by_label, cv=2, random_state=0).fit(X, sparse.csr_matrix(Y))
    for proba in (
        model.predict_proba(pd.DataFrame(X).add_prefix("x")),
        meta(BY_LABEL, cv=2, random_state=0).fit(X, Y.tolist()).predict_proba(X),
        of_sparse.predict_proba(X),
    ):
        np.testing.assert_allclose(proba, expected, rtol=1e-6)


# ----------------------------------------------------------------- what is known


@both
def test_known_labels_reach_an_estimator_that_takes_them(table, meta):
    X, Y = table
    frame = pd.DataFrame(Y, columns=["a", "b", "c"])
    model = meta(SMALL, cv=2, random_state=0).fit(X, frame)
    known = {"a": 1, "b": np.where(np.arange(240) % 2, 0, np.nan)}
    inner = model.estimator_.predict_proba(X, known_labels=known)
    proba = model.predict_proba(X, known_labels=known)
    assert (proba[:, 0] == 1).all()
    assert (proba[1::2, 1] == 0).all()
    np.testing.assert_array_equal(proba[:, 2].argsort(), inner[:, 2].argsort())
    assert np.abs(proba - model.predict_proba(X))[:, 2].max() > 1e-6
    assert (model.predict(X, known)[:, 0] == 1).all()
    assert (model.predict(X, known)[1::2, 1] == 0).all()
    assert (model.decision_function(X, known)[1::2, 1] == -np.finfo(np.float32).max).all()
    assert model.score(X, frame, known_labels=known) > 0


@both
def test_known_labels_are_put_into_the_answer_of_one_that_does_not(table, meta):
    X, Y = table
    model = meta(BY_LABEL, cv=2).fit(X, Y)
    unknown = model.predict_proba(X)
    known = np.where(np.arange(3) == 1, Y, -1)
    proba = model.predict_proba(X, known)
    np.testing.assert_array_equal(proba, np.where(np.arange(3) == 1, Y, unknown))
    np.testing.assert_array_equal(model.predict(X, known)[:, 1], Y[:, 1])
    # So that a search or a comparison is told the same for every estimator.
    score = partial_label_scorer(mean_average_precision, 0.4)
    assert score(model, X, Y) == pytest.approx(score(BY_LABEL.fit(X, Y), X, Y), abs=0.05)


@both
@pytest.mark.filterwarnings("ignore:y is 1-D")
def test_known_classes(table, meta):
    X, Y = table
    y = np.array(["a", "b", "c"])[Y[:, :2].sum(axis=1)]
    for estimator in (SMALL, GaussianNB()):
        model = meta(estimator, cv=2).fit(X, y)
        proba = model.predict_proba(X, known_labels={"a": 0})
        assert (proba[:, 0] == 0).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
        assert set(model.predict(X, {"b": 1})) == {"b"}
    # Of an estimator that cannot be told, the other classes share what is left.
    ratio = np.divide(*model.predict_proba(X)[:, 1:].T)
    np.testing.assert_allclose(proba[:, 1] / proba[:, 2], ratio, rtol=1e-5)


@both
def test_rules_settle_what_follows_from_what_is_known(table, meta):
    X, Y = table
    Y = np.column_stack([Y, Y.max(axis=1)])
    estimator = clone(SMALL).set_params(implies={0: 3}, label_groups={"pair": [1, 2]})
    model = meta(estimator, cv=2).fit(X, Y)
    assert (model.predict_proba(X, {0: 1})[:, 3] == 1).all()
    assert (model.predict(X, {3: 0})[:, 0] == 0).all()
    assert model.label_groups_ == {"pair": (1, 2)}
    assert (model.predict_proba(X, {"pair": 1})[:, 2] == 0).all()
    with pytest.raises(ValueError, match="known_labels"):
        model.predict(X, {0: 1, 3: 0})


@both
def test_extra_labels_are_told_out_of_fold_too(table, meta):
    """A model that reads the answer from an extra label is right out of fold only if told it."""
    X, Y = table
    noise = np.random.RandomState(1).randn(*X.shape).astype(np.float32)

    class Reads(BaseEstimator):
        def fit(self, X, y, extra_labels):
            self.extra_label_names_ = np.array(list(extra_labels))
            return self

        def predict_proba(self, X, extra_labels=None):
            return np.column_stack([0.2 + 0.3 * np.asarray(c) for c in extra_labels.values()])

    told = dict(zip("abc", Y.T, strict=True))
    model = meta(Reads(), cv=3).fit(noise, Y, extra_labels=told)
    np.testing.assert_array_equal(model.predict(noise, extra_labels=told), Y)
    real = meta(SMALL, cv=2).fit(X, Y[:, :2], extra_labels={"c": Y[:, 2]})
    proba = real.predict_proba(X, extra_labels={"c": 1})
    assert np.abs(proba - real.predict_proba(X)).max() > 1e-6
    assert real.predict_extra_proba(X).shape == (240, 1)
    with pytest.raises(ValueError, match="without extra labels"):
        model = meta(BY_LABEL, cv=2).fit(X, Y)
        model.predict_extra_proba(X)
    with pytest.raises(ValueError, match="without extra labels"):
        model.predict(X, extra_labels={"c": 1})
    with pytest.raises(TypeError, match=r"extra_labels is given, but MultiOutputClassifier.fit"):
        meta(BY_LABEL, cv=2).fit(X, Y, extra_labels={"c": Y[:, 2]})


class Remembers(BaseEstimator):
    """Reads labels off the first extra label, whose rows in `fit` must be those of `X`."""

    def __init__(self, share=0.5):
        self.share = share

    def fit(self, X, y, extra_labels=None):
        self.classes_ = [np.arange(2)] * y.shape[1]
        states, self.extra_label_names_ = encode_extra_labels(extra_labels)
        np.testing.assert_array_equal(states[:, 0], np.asarray(X)[:, 0] > 0)
        return self

    def predict_proba(self, X, extra_labels=None):
        first = 0.5 if extra_labels is None else 0.1 + 0.8 * next(iter(extra_labels.values()))
        return np.column_stack([np.broadcast_to(first, len(X))] * 3)

    def score(self, X, y):
        return self.share


@both
@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: GridSearchCV(model, {"share": [0.2, 0.7]}, cv=2),
        lambda model: GridSearchCV(make_pipeline(model), {"remembers__share": [0.2, 0.7]}, cv=2),
        lambda model: make_pipeline(
            make_pipeline(GridSearchCV(model, {"share": [0.2, 0.7]}, cv=2))
        ),
    ],
)
def test_extra_labels_reach_what_a_search_fits(table, meta, wrap):
    """In rows of its own folds, under their names."""
    X, Y = table
    positive = (X[:, 0] > 0).astype(float)
    for extra, names in (
        ({"cold": positive, "dark": Y[:, 1]}, ["cold", "dark"]),
        (pd.DataFrame({"cold": positive, "dark": Y[:, 1]}), ["cold", "dark"]),
        (np.column_stack([positive, Y[:, 1]]), ["extra0", "extra1"]),
        (sparse.csr_matrix(np.column_stack([positive, Y[:, 1]])), ["extra0", "extra1"]),
    ):
        model = meta(wrap(Remembers()), cv=2, random_state=0).fit(X, Y, extra_labels=extra)
        assert model.extra_label_names_.tolist() == names
        assert unwrap(model.estimator_)[0].share == 0.7
        told = dict(zip(names, [positive, Y[:, 1]], strict=True))
        np.testing.assert_array_equal(model.predict(X, extra_labels=told)[:, 0], positive)


def test_extra_labels_reach_c_tran_in_a_search(table):
    X, Y = table
    search = GridSearchCV(SMALL, {"dropout": [0.0]}, cv=2)
    model = TunedThresholds(search, cv=2).fit(X, Y[:, :2], extra_labels={"c": Y[:, 2]})
    assert model.extra_label_names_.tolist() == ["c"]
    proba = model.predict_proba(X, extra_labels={"c": 1})
    assert np.abs(proba - model.predict_proba(X)).max() > 1e-6


@both
def test_extra_labels_that_an_estimator_cannot_be_told(table, meta):
    X, Y = table
    search = GridSearchCV(KNeighborsClassifier(), {}, cv=2)
    for estimator, name in (
        (search, "KNeighborsClassifier"),
        (make_pipeline(search), "KNeighborsClassifier"),
        (MultiOutputClassifier(SMALL), "MultiOutputClassifier"),
    ):
        with pytest.raises(TypeError, match=f"extra_labels is given, but {name}.fit does not"):
            meta(estimator, cv=2).fit(X, Y, extra_labels={"c": Y[:, 2]})


# ------------------------------------------------------------------ missing labels


@both
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


@both
def test_missing_entries_of_an_estimator_that_learns_from_them(table, meta):
    X, Y = table
    Y = np.where(np.random.RandomState(0).random_sample(Y.shape) < 0.3, np.nan, Y)
    assert meta(SMALL, cv=2).fit(X, Y).predict(X).shape == Y.shape
    with pytest.raises(ValueError, match="NaN"):
        meta(BY_LABEL, cv=2).fit(X, Y)
    with pytest.raises(ValueError, match="fitted with the classes .-1, 0, 1. of label 0"):
        meta(RandomForestClassifier(3), cv=2).fit(X, np.nan_to_num(Y, nan=-1).astype(int))


@both
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


@both
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


# --------------------------------------------------------------------------- cv


@both
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


@both
def test_prefit_on_other_labels(table, meta):
    X, Y = table
    named = pd.DataFrame(Y, columns=["a", "b", "c"])
    fitted = clone(SMALL).fit(X, named)
    assert meta(fitted, cv="prefit").fit(X, Y).label_names_.tolist() == ["a", "b", "c"]
    for columns in (["b", "a", "c"], ["d", "b", "c"]):
        message = f"labels in its order: column 0 is '{columns[0]}' where the estimator has 'a'"
        with pytest.raises(ValueError, match=message):
            meta(fitted, cv="prefit").fit(X, named.set_axis(columns, axis=1))
    with pytest.raises(ValueError, match="y has 2 labels, but the estimator was fitted on 3"):
        meta(fitted, cv="prefit").fit(X, Y[:, :2])
    with pytest.raises(ValueError, match="returns 3 columns for 2 labels"):
        meta(clone(BY_LABEL).fit(X, Y), cv="prefit").fit(X, Y[:, :2])


def test_prefit_on_other_classes(table):
    X, Y = table
    y = Y[:, :2].sum(axis=1)
    fitted = GaussianNB().fit(X, y)
    with pytest.raises(ValueError, match="GaussianNB was fitted on class 2, which y does not have"):
        MultilabelCalibrator(fitted, cv="prefit").fit(X[y < 2], y[y < 2])


@both
def test_rows_must_be_held_out_once(table, meta):
    X, Y = table
    for cv in (ShuffleSplit(3), [*KFold(3).split(X)][:2]):
        with pytest.raises(ValueError, match=r"holds row \d+ out \d times: use MultilabelStrat"):
            meta(BY_LABEL, cv=cv).fit(X, Y)


@both
def test_a_failed_fit_leaves_the_estimator_as_it_was(table, meta):
    X, Y = table
    model = meta(BY_LABEL, cv=2).fit(X, Y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="y must hold 0 and 1"):
        model.fit(X, Y + 1)
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X[1:], Y)
    assert vars(model) == before


@both
def test_inside_searches(table, meta):
    X, Y = table
    search = GridSearchCV(
        meta(BY_LABEL, cv=2),
        {"estimator__estimator__var_smoothing": [1e-9, 10.0]},
        cv=MultilabelStratifiedKFold(2),
        n_jobs=2,
    ).fit(X, Y)
    assert search.best_params_ == {"estimator__estimator__var_smoothing": 1e-9}
    scores = cross_validate(meta(BY_LABEL, cv=2), X, Y, cv=2, scoring="f1_macro")["test_score"]
    assert (scores > 0.5).all()


# ------------------------------------------------------------------------ weights


@pytest.mark.parametrize(
    "model",
    [
        TunedThresholds(BY_LABEL),
        TunedThresholds(BY_LABEL, metric="micro_f1"),
        TunedThresholds(BY_LABEL, metric="cost", costs=(1, 3)),
        TunedThresholds(BY_LABEL, metric="precision", floor=0.7),
        TunedThresholds(BY_LABEL, metric="recall", floor=0.6),
        MultilabelCalibrator(BY_LABEL),
        MultilabelCalibrator(BY_LABEL, method="isotonic"),
        MultilabelCalibrator(BY_LABEL, method="temperature"),
        MultilabelCalibrator(BY_LABEL, ensemble=True),
    ],
)
def test_weights_are_repetitions(table, model):
    """Of rows in the same fold; of labels, of which scikit-learn's check has none."""
    X, Y = table[0].astype(np.float64), table[1]
    weight = np.random.RandomState(0).randint(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    folds = [*KFold(3).split(X)]
    of_repeated = [tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds]
    repeated = clone(model).set_params(cv=of_repeated).fit(X[rows], Y[rows])
    weighted = clone(model).set_params(cv=folds).fit(X, Y, sample_weight=weight)
    decision = weighted.decision_function(X)
    np.testing.assert_allclose(decision, repeated.decision_function(X), rtol=1e-6, atol=1e-9)
    plain = model.set_params(cv=folds).fit(X, Y)
    assert np.abs(decision - plain.decision_function(X)).max() > 1e-3


@both
def test_weights_reach_the_last_step_of_pipelines(table, meta):
    X, Y = table
    weight = np.random.RandomState(0).random_sample(240)
    expected = meta(BY_LABEL, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    pipeline = make_pipeline("passthrough", make_pipeline("passthrough", BY_LABEL))
    model = meta(pipeline, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(model.decision_function(X), expected.decision_function(X))


@both
@pytest.mark.parametrize("cv", [2, KFold(3)])
def test_weight_0_is_as_if_left_out(table, meta, cv):
    X, Y = table
    kept = np.arange(240) % 3 > 0
    model = meta(BY_LABEL, cv=cv, random_state=0)
    weighted = clone(model).fit(X, Y, sample_weight=kept)
    model.fit(X[kept], Y[kept])
    np.testing.assert_allclose(weighted.decision_function(X), model.decision_function(X))


@both
def test_weights_of_a_fitted_estimator_count_in_what_is_learned(given, entries, meta):
    proba, truth = entries
    model = meta(given, cv="prefit").fit(proba, truth, sample_weight=truth[:, 0] * 4 + 1)
    plain = meta(given, cv="prefit").fit(proba, truth)
    assert np.abs(model.decision_function(proba) - plain.decision_function(proba)).max() > 0.1


@both
def test_weights_with_metadata_routing(table, meta):
    X, Y = table
    weight = np.random.RandomState(0).random_sample(240)
    expected = meta(BY_LABEL, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        inner = MultiOutputClassifier(GaussianNB().set_fit_request(sample_weight=True))
        pipeline = make_pipeline(inner)
        model = meta(pipeline, cv=2, random_state=0).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X))


@both
def test_weights_reach_c_tran(table, meta):
    X, Y = table
    weight = np.where(np.arange(240) % 3, 0.2, 5.0)
    plain, weighted = (
        meta(SMALL, cv=2, random_state=0).fit(X, Y, sample_weight=each) for each in (None, weight)
    )
    alone = clone(SMALL).fit(X, Y, sample_weight=weight)
    inner = weighted.estimator_.predict_proba(X)
    np.testing.assert_array_equal(inner, alone.predict_proba(X))
    assert not np.allclose(inner, plain.estimator_.predict_proba(X), atol=1e-3)


@both
def test_weights_that_cannot_be_used(table, meta):
    X, Y = table
    weight = np.ones(240)
    pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier())
    for estimator in (KNeighborsClassifier(), pipeline):
        with pytest.raises(TypeError, match=r"sample_weight is given, but \w+\.fit does not take"):
            meta(estimator, cv=2).fit(X, Y, sample_weight=weight)
    with pytest.raises(ValueError, match="does not support sample weights"):
        meta(MultiOutputClassifier(KNeighborsClassifier()), cv=2).fit(X, Y, sample_weight=weight)
    for wrong, message in (
        (-weight, "[Nn]egative"),
        (weight[1:], "shape"),
        (np.where(np.arange(240) == 7, np.nan, weight), "NaN"),
        (0 * weight, "zero|empty"),
    ):
        with pytest.raises(ValueError, match=message):
            meta(BY_LABEL, cv=2).fit(X, Y, sample_weight=wrong)
