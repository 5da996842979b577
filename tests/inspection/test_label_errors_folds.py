"""How find_label_errors makes its predictions: folds, hidden labels, extra labels, arguments."""

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.parallel import Parallel

from sklearn_ctran.inspection import find_label_errors


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


def test_no_row_is_predicted_by_a_model_that_saw_it(find):
    y = np.random.RandomState(0).randint(2, size=(20, 3))
    errors = find(y, np.arange(20), Memory())
    np.testing.assert_array_equal(errors.probabilities, np.full((20, 3), 0.25))
    # Two copies of each row, and all of the first are wrong: the model saw the others.
    X, twice = np.tile(np.arange(20), 2), np.concatenate([1 - y, y])
    errors = find(twice, X, Memory(), cv=[(np.arange(20, 40), np.arange(20))] + _rest())
    np.testing.assert_array_equal(errors.probabilities[:20], y)


def _rest():
    return [(np.arange(20), np.arange(20, 40))]


def test_the_estimator_is_cloned(find, make_copies, Joint):
    model = Joint()
    find(make_copies()[1], estimator=model)
    assert not hasattr(model, "weights_")


def test_folds_of_a_number_are_shuffled_and_of_a_splitter_its_own(find, make_copies):
    y = make_copies()[1]
    own = find(y, cv=KFold(5)).probabilities
    assert not np.array_equal(find(y, cv=5).probabilities, own)
    np.testing.assert_array_equal(find(y, cv=list(KFold(5).split(y))).probabilities, own)
    np.testing.assert_array_equal(find(y, cv=5).probabilities, find(y).probabilities)
    groups = GroupKFold(3).split(y, groups=np.arange(60) // 10)
    assert not np.array_equal(find(y, cv=groups).probabilities, own)


def test_each_fold_is_fitted_once(asked, find, make_copies):
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
def test_folds_must_be_a_partition(cv, row, times, find, make_copies):
    with pytest.raises(ValueError, match=f"holds row {row} out {times} times: use KFold"):
        find(make_copies()[1], cv=cv)


@pytest.mark.parametrize(
    "wrap", [lambda model: model, lambda model: make_pipeline(FunctionTransformer(), model)]
)
def test_extra_labels_are_known_and_not_ranked(wrap, asked, find, make_copies, Joint):
    X, y = make_copies()
    told = y["c"].rename("weather")
    for extra in (told.to_frame(), {"weather": told}, told.to_numpy()[:, None]):
        errors = find(y, X, wrap(Joint()), extra_labels=extra)
        # What the extra label copies is not a coin any more.
        np.testing.assert_array_equal(errors.rows, [17, 17])
        assert errors.probabilities.shape == y.shape
        assert (np.delete(errors.label_quality_scores[:, 2], 17) > 0.9).all()
    assert all((known[:, 3] >= 0).all() for known in asked)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda search, model: search(model),
        lambda search, model: search(make_pipeline(FunctionTransformer(), model)),
        lambda search, model: make_pipeline(FunctionTransformer(), search(model)),
    ],
)
def test_extra_labels_of_searches(wrap, find, make_copies, Joint):
    X, y = make_copies()
    extra = y[["c"]].rename(columns={"c": "weather"})
    expected = find(y, X, Joint(), extra_labels=extra).probabilities

    def search(estimator):
        return GridSearchCV(estimator, {}, cv=KFold(2), scoring=lambda *args: 0.0)

    columns = {"weather": extra["weather"].to_numpy()}
    for told in (extra, columns, extra.to_numpy(), sparse.csr_matrix(extra)):
        errors = find(y, X, wrap(search, Joint()), extra_labels=told)
        np.testing.assert_array_equal(errors.probabilities, expected)


def test_extra_labels_of_a_pipeline_are_routed(find, make_copies, Joint):
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
def test_hidden_labels(hidden_fraction, n_questions, n_hidden, asked, find):
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


def test_a_quarter_of_the_labels_is_hidden_by_default(asked, Joint):
    y = np.random.RandomState(0).randint(2, size=(40, 8))
    find_label_errors(Joint(), np.zeros((40, 1)), y, cv=2)
    assert {int(n) for known in asked for n in (known < 0).sum(axis=1)} == {2}


def test_repeats_are_averaged(asked, find):
    y = np.random.RandomState(0).randint(2, size=(40, 8))
    rng = np.random.RandomState(3)
    one, two, both = (
        find(y, cv=KFold(2), hidden_fraction=0.5, n_repeats=n, random_state=seed).probabilities
        for n, seed in [(1, rng), (1, rng), (2, 3)]
    )
    assert len(asked) == 2 * 2 * 4
    assert not np.array_equal(one, two)
    np.testing.assert_allclose(both, (one + two) / 2, rtol=1e-6)


def test_random_state_determines_the_result(find, make_copies):
    X, y = make_copies()
    one, again, other = (
        find(y, X, hidden_fraction=0.5, cv=KFold(3), random_state=seed).probabilities
        for seed in (1, np.random.RandomState(1), 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_folds_in_parallel(monkeypatch, find, make_copies):
    asked = []

    def one_by_one(jobs, n_jobs):
        asked.append(n_jobs)
        return Parallel()(jobs)

    monkeypatch.setattr("sklearn_ctran.inspection._label_errors.one_by_one", one_by_one)
    find(make_copies()[1], n_jobs=7)
    assert asked == [7]


@pytest.mark.parametrize("hidden_fraction", [0, -0.5, 1.5, "all", np.nan])
def test_bad_hidden_fraction(hidden_fraction, find, make_copies):
    with pytest.raises(ValueError, match="hidden_fraction must be above 0 and at most 1, or None"):
        find(make_copies()[1], hidden_fraction=hidden_fraction)


@pytest.mark.parametrize("n_repeats", [0, 1.5, None])
def test_bad_n_repeats(n_repeats, find, make_copies):
    with pytest.raises(ValueError, match="n_repeats must be an integer above 0, got"):
        find(make_copies()[1], n_repeats=n_repeats)


def test_classes_are_refused(find):
    with pytest.raises(ValueError, match="one class a sample.*cross_val_predict"):
        find(np.array(["owl", "tit", "owl", "tit"]), cv=2)


@pytest.mark.parametrize("n_images, n_extra", [(59, 60), (60, 59)])
def test_lengths_must_agree(n_images, n_extra, find, make_copies):
    extra = np.tile([[0], [1]], (30, 1))[:n_extra]
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        find(make_copies()[1], np.zeros((n_images, 2)), extra_labels=extra)


def test_progress_says_which_fold_is_fitted(Joint, capsys):
    X, Y = np.arange(12), np.random.RandomState(0).randint(2, size=(12, 3))
    find_label_errors(Joint(), X, Y, cv=3, verbose=1)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and "0/3" in lines[0] and "fold 0" in lines[0] and "3/3" in lines[-1]
    find_label_errors(Joint(), X, Y, cv=3)
    assert capsys.readouterr() == ("", "")
