"""Suspicious and missing labels, of distributions that are known exactly."""

import itertools
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ctran import CTranClassifier
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran.inspection import complete_labels, find_label_errors


class Joint(BaseEstimator):
    """Counts how often each label set occurs, a little more than that; never looks at an image."""

    asked = []

    def fit(self, X, y, extra_labels=None):
        assert len(X) == len(y)
        targets = encode_targets(y)
        extra, self.extra_label_names_ = encode_extra_labels(extra_labels)
        self.label_names_ = targets.names
        seen = targets.states if extra is None else np.hstack([targets.states, extra])
        self.sets_ = np.array(list(itertools.product([0, 1], repeat=seen.shape[1])))
        self.weights_ = 0.1 + (seen[:, None] == self.sets_).all(axis=2).sum(axis=0)
        return self

    def predict_proba(self, X, known_labels=None, extra_labels=None):
        known = known_labels if extra_labels is None else np.hstack([known_labels, extra_labels])
        assert len(X) == len(known)
        self.asked.append(known)
        weights = self.weights_ * ((known[:, None] == self.sets_) | (known[:, None] < 0)).all(2)
        proba = weights @ self.sets_ / weights.sum(axis=1, keepdims=True)
        return proba[:, : len(self.label_names_)].astype(np.float32)


class Memory(BaseEstimator):
    """Knows the labels of the rows it was fitted on, and nothing of others."""

    def fit(self, X, y):
        self.label_names_ = np.arange(y.shape[1])
        self.memory_ = {int(x): labels for x, labels in zip(X, y, strict=True)}
        return self

    def predict_proba(self, X, known_labels=None):
        unseen = np.full(len(self.label_names_), 0.25, np.float32)
        proba = np.array([self.memory_.get(int(x), unseen) for x in X], np.float32)
        return np.where(known_labels < 0, proba, known_labels)


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    monkeypatch.setattr(Joint, "asked", [])
    return Joint.asked


def make_copies(n=60, wrong=17):
    """Images that say nothing; label "b" copies "a", wrong in one row; "c" is a coin."""
    rng = np.random.RandomState(0)
    a, c = rng.randint(2, size=(2, n))
    y = np.stack([a, a, c], axis=1)
    y[wrong, 1] = 1 - y[wrong, 1]
    return np.zeros((n, 2)), pd.DataFrame(y, columns=["a", "b", "c"])


def find(y, X=None, estimator=None, **params):
    X = np.zeros((y.shape[0], 1)) if X is None else X
    params = {"hidden_fraction": None, "random_state": 0, **params}
    return find_label_errors(Joint() if estimator is None else estimator, X, y, **params)


def test_what_contradicts_its_copy_comes_first():
    X, y = make_copies()
    errors = find(y, X)
    np.testing.assert_array_equal(errors.rows[:2], [17, 17])
    assert set(errors.labels[:2]) == {"a", "b"}
    np.testing.assert_array_equal(errors.given_label[:2], y.loc[17, errors.labels[:2]])
    assert (errors.label_quality[:2] < 0.05).all()
    assert set(errors.labels[2:]) == {"c"}


@pytest.mark.parametrize("random_state", [0, 1])
def test_probabilities_are_those_of_a_model_of_the_other_rows_told_the_other_labels(random_state):
    X, y = make_copies()
    errors = find(y, X, cv=4, random_state=random_state)
    # The int is the seed of a RandomState, whose first use is the folds.
    folds = KFold(4, shuffle=True, random_state=np.random.RandomState(random_state)).split(X)
    expected = np.empty(y.shape)
    for train, test in folds:
        model = Joint().fit(X[train], y.iloc[train])
        for label in range(3):
            known = y.to_numpy()[test]
            known[:, label] = -1
            expected[test, label] = model.predict_proba(X[test], known)[:, label]
    np.testing.assert_allclose(errors.probabilities, expected, rtol=1e-6)
    assert errors.probabilities.dtype == np.float32


def test_entries_are_those_the_model_disagrees_with_in_ascending_quality():
    X, y = make_copies()
    errors = find(y, X)
    quality = np.where(y == 1, errors.probabilities, 1 - errors.probabilities)
    np.testing.assert_array_equal(errors.label_quality_scores, quality)
    disagrees = (errors.probabilities > 0.5) != y.to_numpy()
    assert 2 < len(errors) == disagrees.sum() < y.size
    columns = y.columns.get_indexer(errors.labels)
    assert len(set(zip(errors.rows, columns, strict=True))) == len(errors)
    assert disagrees[errors.rows, columns].all()
    np.testing.assert_array_equal(errors.label_quality, quality[errors.rows, columns])
    order = np.lexsort((columns, errors.rows, errors.label_quality))
    np.testing.assert_array_equal(order, np.arange(len(errors)))
    assert (np.diff(errors.label_quality) == 0).any()
    np.testing.assert_array_equal(errors.given_label, y.to_numpy()[errors.rows, columns])
    np.testing.assert_array_equal(errors.predicted_label, 1 - errors.given_label)
    np.testing.assert_array_equal(errors.label_names, ["a", "b", "c"])


def test_table():
    errors = find(make_copies()[1])
    table = errors.to_frame()
    assert list(table) == [
        *("row", "label", "label_quality", "given_label", "predicted_label", "breaks_rules")
    ]
    assert len(table) == len(errors)
    for column, values in zip(
        table,
        [
            *(errors.rows, errors.labels, errors.label_quality, errors.given_label),
            *(errors.predicted_label, errors.breaks_rules),
        ],
        strict=True,
    ):
        np.testing.assert_array_equal(table[column], values)
    assert not errors.breaks_rules.any()


def test_table_without_pandas(monkeypatch):
    errors = find(make_copies()[1])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"sklearn-ctran\[pandas\]"):
        errors.to_frame()


def test_text_says_how_many():
    y = make_copies()[1].astype(float)
    y.loc[0, "a"] = np.nan
    errors = find(y)
    assert repr(errors) == f"<LabelErrors: {len(errors)} of 179 given labels are suspicious>"


def test_nothing_suspicious():
    y = np.tile([[1, 1], [0, 0]], (20, 1))
    errors = find(y)
    assert len(errors) == 0
    assert len(errors.to_frame()) == 0


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        lambda y: y.to_numpy(dtype=float),
        sparse.csr_matrix,
        sparse.coo_array,
        lambda y: pd.DataFrame(y.to_numpy(), index=y.index[::-1]),
    ],
)
def test_labels_of_every_form_are_the_same(convert):
    X, y = make_copies()
    errors = find(convert(y), X)
    np.testing.assert_array_equal(errors.probabilities, find(y, X).probabilities)
    assert set(errors.labels[:2].tolist()) == {0, 1}


def test_lists_of_rows():
    X, y = make_copies()
    errors = find_label_errors(
        Joint(), X, y.to_numpy().tolist(), hidden_fraction=None, random_state=0
    )
    np.testing.assert_array_equal(errors.probabilities, find(y, X).probabilities)


@pytest.mark.parametrize(
    "X",
    [
        [f"{i}.jpg" for i in range(60)],
        np.arange(60),
        pd.DataFrame({"x": np.arange(60)}, index=np.arange(60)[::-1]),
    ],
)
def test_images_of_every_form_are_split(X):
    y = make_copies()[1]
    np.testing.assert_array_equal(find(y, X).rows, find(y).rows)


@pytest.mark.parametrize("missing", [np.nan, -1])
def test_missing_labels_are_neither_told_nor_ranked(missing, asked):
    X, y = make_copies()
    y = y.astype(float)
    y.iloc[17, 0] = missing
    errors = find(y, X, cv=2)
    assert np.isnan(errors.label_quality_scores[17, 0])
    assert np.isnan(errors.label_quality_scores).sum() == 1
    assert not ((errors.rows == 17) & (errors.labels == "a")).any()
    # Row 17 lacks "a" in every question, and without it nothing speaks against "b".
    assert sum((known == -1).sum() for known in asked) == y.size + 2
    assert 0.2 < errors.label_quality_scores[17, 1] < 0.8
    assert (errors.probabilities[17, 0] > 0.9) == (y.iloc[17, 1] == 1)


def test_no_row_is_predicted_by_a_model_that_saw_it():
    y = np.random.RandomState(0).randint(2, size=(20, 3))
    errors = find(y, np.arange(20), Memory())
    np.testing.assert_array_equal(errors.probabilities, np.full((20, 3), 0.25))
    # Two copies of each row, and all of the first are wrong: the model saw the others.
    X, twice = np.tile(np.arange(20), 2), np.concatenate([1 - y, y])
    errors = find(twice, X, Memory(), cv=[(np.arange(20, 40), np.arange(20))] + _rest())
    np.testing.assert_array_equal(errors.probabilities[:20], y)


def _rest():
    return [(np.arange(20), np.arange(20, 40))]


def test_the_estimator_is_cloned():
    model = Joint()
    find(make_copies()[1], estimator=model)
    assert not hasattr(model, "weights_")


def test_folds_of_a_number_are_shuffled_and_of_a_splitter_its_own():
    y = make_copies()[1]
    own = find(y, cv=KFold(5)).probabilities
    assert not np.array_equal(find(y, cv=5).probabilities, own)
    np.testing.assert_array_equal(find(y, cv=list(KFold(5).split(y))).probabilities, own)
    np.testing.assert_array_equal(find(y, cv=5).probabilities, find(y).probabilities)
    groups = GroupKFold(3).split(y, groups=np.arange(60) // 10)
    assert not np.array_equal(find(y, cv=groups).probabilities, own)


def test_each_fold_is_fitted_once(asked):
    find(make_copies()[1], cv=3)
    assert len(asked) == 3 * 3


@pytest.mark.parametrize(
    "cv, row, times",
    [
        (ShuffleSplit(1, test_size=0.5, random_state=0), r"\d+", 0),
        ([(np.arange(30), np.arange(30, 60)), (np.arange(30), np.arange(30, 60))], 0, 0),
        ([(np.arange(30), np.arange(60)), (np.arange(30, 60), np.arange(30))], 0, 2),
    ],
)
def test_folds_must_be_a_partition(cv, row, times):
    with pytest.raises(ValueError, match=f"holds row {row} out {times} times: use KFold"):
        find(make_copies()[1], cv=cv)


@pytest.mark.parametrize("estimator", [Joint(), make_pipeline(FunctionTransformer(), Joint())])
def test_extra_labels_are_told_and_not_ranked(estimator, asked):
    X, y = make_copies()
    told = y["c"].rename("weather")
    for extra in (told.to_frame(), {"weather": told}, told.to_numpy()[:, None]):
        errors = find(y, X, estimator, extra_labels=extra)
        # What the extra label copies is not a coin any more.
        np.testing.assert_array_equal(errors.rows, [17, 17])
        assert errors.probabilities.shape == y.shape
        assert (np.delete(errors.label_quality_scores[:, 2], 17) > 0.9).all()
    assert all((known[:, 3] >= 0).all() for known in asked)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda search: search(Joint()),
        lambda search: search(make_pipeline(FunctionTransformer(), Joint())),
        lambda search: make_pipeline(FunctionTransformer(), search(Joint())),
    ],
)
def test_extra_labels_of_searches(wrap):
    X, y = make_copies()
    extra = y[["c"]].rename(columns={"c": "weather"})
    expected = find(y, X, Joint(), extra_labels=extra).probabilities

    def search(estimator):
        return GridSearchCV(estimator, {}, cv=KFold(2), scoring=lambda *args: 0.0)

    columns = {"weather": extra["weather"].to_numpy()}
    for told in (extra, columns, extra.to_numpy(), sparse.csr_matrix(extra)):
        errors = find(y, X, wrap(search), extra_labels=told)
        np.testing.assert_array_equal(errors.probabilities, expected)


def test_extra_labels_of_a_pipeline_are_routed():
    """With scikit-learn's metadata routing a pipeline takes no names of steps."""
    X, y = make_copies()
    extra = y[["c"]].rename(columns={"c": "weather"})
    with sklearn.config_context(enable_metadata_routing=True):
        model = Joint().set_fit_request(extra_labels=True)
        pipeline = make_pipeline(FunctionTransformer(), model)
        routed = find(y, X, pipeline, extra_labels=extra)
    expected = find(y, X, Joint(), extra_labels=extra)
    np.testing.assert_array_equal(routed.probabilities, expected.probabilities)
    np.testing.assert_array_equal(routed.rows, [17, 17])


@pytest.mark.parametrize(
    "hidden_fraction, n_questions, n_hidden",
    [(None, 8, 1), (0.01, 8, 1), (0.25, 4, 2), (0.5, 2, 4), (0.75, 2, 4), (1, 1, 8)],
)
def test_hidden_labels(hidden_fraction, n_questions, n_hidden, asked):
    y = np.random.RandomState(0).randint(2, size=(40, 8))
    find(y, cv=[(np.arange(20), np.arange(20, 40)), _back()], hidden_fraction=hidden_fraction)
    assert len(asked) == 2 * n_questions
    first = np.array(asked[:n_questions])
    assert ((first < 0).sum(axis=2) == n_hidden).all()
    # Each label of a row is hidden once, and rows hide different ones together.
    assert ((first < 0).sum(axis=0) == 1).all()
    assert (np.where(first < 0, y[20:], first) == y[20:]).all()
    if 1 < n_questions < 8:
        assert len({tuple(hidden) for hidden in (first[0] < 0).tolist()}) > 10


def _back():
    return np.arange(20, 40), np.arange(20)


def test_a_quarter_of_the_labels_is_hidden_by_default(asked):
    y = np.random.RandomState(0).randint(2, size=(40, 8))
    find_label_errors(Joint(), np.zeros((40, 1)), y, cv=2)
    assert {int(n) for known in asked for n in (known < 0).sum(axis=1)} == {2}


def test_repeats_are_averaged(asked):
    y = np.random.RandomState(0).randint(2, size=(40, 8))
    rng = np.random.RandomState(3)
    one, two, both = (
        find(y, cv=KFold(2), hidden_fraction=0.5, n_repeats=n, random_state=seed).probabilities
        for n, seed in [(1, rng), (1, rng), (2, 3)]
    )
    assert len(asked) == 2 * 2 * 4
    assert not np.array_equal(one, two)
    np.testing.assert_allclose(both, (one + two) / 2, rtol=1e-6)


def test_random_state_determines_the_result():
    X, y = make_copies()
    one, again, other = (
        find(y, X, hidden_fraction=0.5, cv=KFold(3), random_state=seed).probabilities
        for seed in (1, np.random.RandomState(1), 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_folds_in_parallel(monkeypatch):
    jobs = []

    def parallel(n_jobs):
        jobs.append(n_jobs)
        return lambda calls: [function(*args, **kwargs) for function, args, kwargs in calls]

    monkeypatch.setattr("sklearn_ctran.inspection._label_errors.Parallel", parallel)
    find(make_copies()[1], n_jobs=7)
    assert jobs == [7]


@pytest.mark.parametrize("hidden_fraction", [0, -0.5, 1.5, "all", np.nan])
def test_bad_hidden_fraction(hidden_fraction):
    with pytest.raises(ValueError, match="hidden_fraction must be above 0 and at most 1, or None"):
        find(make_copies()[1], hidden_fraction=hidden_fraction)


@pytest.mark.parametrize("n_repeats", [0, 1.5, None])
def test_bad_n_repeats(n_repeats):
    with pytest.raises(ValueError, match="n_repeats must be an integer above 0, got"):
        find(make_copies()[1], n_repeats=n_repeats)


def test_classes_are_refused():
    with pytest.raises(ValueError, match="one class a sample.*cross_val_predict"):
        find(np.array(["owl", "tit", "owl", "tit"]), cv=2)


@pytest.mark.parametrize("n_images, n_extra", [(59, 60), (60, 59)])
def test_lengths_must_agree(n_images, n_extra):
    extra = np.tile([[0], [1]], (30, 1))[:n_extra]
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        find(make_copies()[1], np.zeros((n_images, 2)), extra_labels=extra)


def test_labels_that_rules_tie_do_not_vouch_for_each_other():
    X, y = make_copies()
    y = pd.DataFrame({"day": y["a"], "night": 1 - y["a"], "sun": y["a"]})
    y.loc[5, "sun"] = 1 - y.loc[5, "sun"]
    model = CTranClassifier(
        None,
        d_model=8,
        n_layers=1,
        n_heads=2,
        max_epochs=1,
        exclusive_groups={("day", "night"): "exactly_one"},
        random_state=0,
    )
    errors = find(y, X, model, cv=2)
    # Told that it is night, the model could only find that it is not day.
    tied = errors.probabilities[:, :2]
    assert ((tied > 0.01) & (tied < 0.99)).all()
    np.testing.assert_allclose(tied.sum(axis=1), 1, rtol=1e-5)


def animals(n=60):
    """Features that tell a cat, and whatever else is an animal; rows 17 and 40 break the rule."""
    X = np.random.RandomState(0).randn(n, 3).astype(np.float32)
    y = pd.DataFrame({"cat": X[:, 0] > 0, "animal": (X[:, 0] > 0) | (X[:, 1] > 0)}).astype(int)
    y["coin"] = (X[:, 2] > 0).astype(int)
    X[17], X[40] = [3, 3, 0], [-3, -3, 0]
    y.loc[17], y.loc[40] = [1, 0, 1], [1, 0, 0]
    return X, y


TINY = {"d_model": 8, "n_layers": 1, "n_heads": 2, "random_state": 0}


@pytest.mark.parametrize("convert", [lambda y: y, np.asarray, sparse.csr_matrix, list])
@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_rows_that_break_the_rules_come_first(convert, wrap):
    X, y = animals()
    implies = {"cat": "animal"} if convert(y) is y else {0: 1}
    model = wrap(CTranClassifier(None, lr=1e-2, max_epochs=40, implies=implies, **TINY))
    table = y.to_numpy().tolist() if convert is list else convert(y)
    errors = find_label_errors(model, X, table, cv=2, random_state=0)
    # Of each row the model finds the label that is wrong, whichever of the two that is.
    assert sorted(errors.rows[errors.breaks_rules]) == [17, 40]
    assert errors.breaks_rules[:2].all() and not errors.breaks_rules[2:].any()
    wrong = dict(zip(errors.rows[:2].tolist(), errors.labels[:2], strict=True))
    assert wrong == {17: errors.label_names[1], 40: errors.label_names[0]}
    assert (np.diff(errors.label_quality[:2]) >= 0).all()
    assert (np.diff(errors.label_quality[2:]) >= 0).all()
    assert not np.isnan(errors.label_quality_scores).any()


def test_rules_between_targets_and_extra_labels():
    X, y = animals()
    y, extra = y[["cat", "coin"]], y[["animal"]].assign(day=1, night=0)
    extra.loc[0, ["day", "night"]] = 0, 1
    model = CTranClassifier(
        None,
        max_epochs=1,
        implies={"cat": "animal"},
        exclusive_groups={("day", "night"): "exactly_one"},
        **TINY,
    )
    errors = find_label_errors(model, X, y, extra_labels=extra, cv=KFold(2), random_state=0)
    assert set(errors.rows[errors.breaks_rules]) <= {17, 40}
    assert set(errors.labels[errors.breaks_rules]) <= {"cat"}
    extra.loc[50, "night"] = 1
    with pytest.raises(ValueError, match="extra_labels, row 50: 'day' and 'night' are both"):
        find_label_errors(model, X, y, extra_labels=extra, cv=KFold(2))


def test_ctran_finds_the_flipped_one_of_two_copies():
    X, y = make_copies(n=200)
    model = CTranClassifier(
        None, d_model=8, n_layers=1, n_heads=2, lr=1e-2, max_epochs=60, random_state=0
    )
    errors = find_label_errors(model, X, y, cv=2, hidden_fraction=None, random_state=0)
    np.testing.assert_array_equal(errors.rows[:2], [17, 17])
    assert set(errors.labels[:2]) == {"a", "b"}
    assert errors.label_quality[0] < 0.1


# ------------------------------------------------------------------ missing labels


def test_missing_labels_are_filled_in_and_given_ones_stay():
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


def test_a_data_frame_stays_one():
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
def test_extra_labels_help_to_complete(wrap):
    X, y = make_copies()
    model = wrap(Joint().fit(X, y, extra_labels=y[["c"]].rename(columns={"c": "weather"})))
    holes = y.astype(float).assign(c=np.nan)
    completed = complete_labels(model, X, holes, extra_labels={"weather": y["c"]})
    np.testing.assert_array_equal(completed["c"] > 0.5, y["c"] == 1)
    assert (np.abs(completed["c"] - 0.5) > 0.4).all()


@pytest.mark.parametrize(
    "columns, message",
    [
        (["b", "a", "c"], "column 0 is 'b' where the estimator has 'a'"),
        (["a", "b"], "column 2 is missing where the estimator has 'c'"),
        (["a", "b", "c", "d"], "column 3 is 'd' where the estimator has no further label"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_columns_must_be_the_labels(columns, message, wrap):
    X, y = make_copies()
    model = wrap(Joint().fit(X, y))
    with pytest.raises(ValueError, match=message):
        complete_labels(model, X, y.assign(d=0)[columns])


def test_missing_classes_are_filled_in():
    X = np.random.RandomState(0).randn(30, 3).astype(np.float32)
    y = pd.Series(np.array(["owl", "tit", "wren"])[np.arange(30) % 3], dtype=object)
    model = CTranClassifier(None, max_epochs=2, **TINY).fit(X, y)
    expected = model.predict_proba(X)
    expected[1:] = y.to_numpy()[1:, None] == model.classes_
    y[0] = None
    completed = complete_labels(model, X, y)
    np.testing.assert_array_equal(completed, expected)
    with pytest.raises(ValueError, match=r"y must have shape .* \(30, 3\), got \(30,\)"):
        complete_labels(CTranClassifier(None, **TINY, max_epochs=1).fit(X, X > 0), X, y)


def test_labels_to_complete_are_called_y():
    X, y = animals()
    fine = y.drop([17, 40])
    model = CTranClassifier(None, max_epochs=1, implies={"cat": "animal"}, **TINY)
    with pytest.raises(ValueError, match="^y, row 17: 'cat' is positive but 'animal'"):
        complete_labels(model.fit(X[fine.index], fine), X, y)


def test_sparse_labels_have_no_missing_ones():
    X, y = make_copies()
    with pytest.raises(TypeError, match="y must be dense"):
        complete_labels(Joint().fit(X, y), X, sparse.csr_matrix(y))


@pytest.mark.parametrize("model", [Joint(), make_pipeline(Joint())])
def test_only_a_fitted_estimator_completes(model):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        complete_labels(model, *make_copies())
