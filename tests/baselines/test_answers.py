"""What all baselines answer, with and without known labels."""

import numpy as np
import pandas as pd
import pytest
from rivals import ALL, all_baselines, brief, brief_baselines
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_score
from sklearn.utils import get_tags

from sklearn_ctran.baselines import CSRA, SSGRL, StandardMLP, TextSimilarity
from sklearn_ctran.metrics import mean_average_precision


@pytest.fixture(scope="module", params=ALL, ids=lambda each: type(each).__name__)
def fitted(request, told_table):
    """A baseline that knows `told_table`; tests do not change it."""
    return clone(request.param).fit(*told_table)


def test_known_labels_come_back(fitted, told_table):
    X, Y = told_table
    model = fitted
    known = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.5, Y, -1)
    proba = model.predict_proba(X, known_labels=known)
    assert proba.shape == Y.shape
    np.testing.assert_array_equal(proba[known >= 0], known[known >= 0])
    assert ((proba >= 0) & (proba <= 1)).all()
    np.testing.assert_array_equal(model.predict(X, known_labels=known), proba > 0.5)
    logits = model.decision_function(X, known_labels=known)
    assert logits.dtype == np.float32
    np.testing.assert_array_equal(logits > 0, proba > 0.5)
    everything = model.predict(X, known_labels=Y)
    np.testing.assert_array_equal(everything, Y)
    np.testing.assert_array_equal(model.classes_, [[0, 1]] * 3)


def test_the_tag_tells_whether_known_labels_make_a_difference(fitted, told_table):
    X, Y = told_table
    model = fitted
    unknown = model.predict_proba(X)
    known = model.predict_proba(X, known_labels={0: Y[:, 0]})
    differs = not np.array_equal(unknown[:, 1:], known[:, 1:])
    assert get_tags(model).uses_known_labels == differs
    if differs:  # and for the better
        truth = Y[:, 2]
        errors = [np.abs(proba[:, 2] - truth).mean() for proba in (unknown, known)]
        assert errors[1] < 0.9 * errors[0]


@brief_baselines
def test_data_frames_names_and_dictionaries(baseline, told_table):
    X, Y = told_table
    frame, labels = pd.DataFrame(X, columns=list("abcd")), pd.DataFrame(Y, columns=list("xyz"))
    model = clone(baseline).fit(frame, labels)
    assert list(model.label_names_) == list("xyz")
    assert list(model.feature_names_in_) == list("abcd")
    plain = clone(baseline).fit(X, Y)
    told = np.full(Y.shape, -1)
    told[:, 1] = Y[:, 1]
    expected = plain.predict_proba(X, known_labels=told)
    for known in ({"y": Y[:, 1]}, labels[["y"]]):
        np.testing.assert_allclose(model.predict_proba(frame, known_labels=known), expected)
    with pytest.raises(ValueError, match="'q', which is not one of its labels"):
        model.predict_proba(frame, known_labels={"q": 1})


@all_baselines
def test_extra_labels_are_learned_and_may_be_told(baseline, told_table):
    X, Y = told_table
    extra = {"echo": Y[:, 0]}  # tells label 0, and with it label 2
    model = clone(baseline).fit(X, Y, extra_labels=extra)
    assert list(model.extra_label_names_) == ["echo"]
    assert model.predict_proba(X).shape == Y.shape
    assert model.score(X, Y) > 0.6
    proba = model.predict_extra_proba(X)
    assert proba.shape == (len(X), 1)
    if type(model) is StandardMLP:  # which learns nothing else
        assert len(np.unique(proba)) == 1
        assert abs(proba.mean() - Y[:, 0].mean()) < 0.02
    else:
        assert ((proba[:, 0] > 0.5) == Y[:, 0]).mean() > 0.7
    told = model.predict_proba(X, extra_labels=extra)
    assert (model.predict_extra_proba(X, extra_labels=extra)[:, 0] == Y[:, 0]).all()
    if get_tags(model).uses_known_labels:
        assert ((told[:, 0] > 0.5) == Y[:, 0]).mean() > 0.9
    with pytest.raises(ValueError, match="fitted without extra labels"):
        brief(type(baseline)).fit(X, Y).predict_proba(X, extra_labels=extra)
    with pytest.raises(ValueError, match="0 is a label of y and of extra_labels"):
        clone(baseline).fit(X, Y, extra_labels={0: Y[:, 0]})


@all_baselines
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_exclude_each_other(baseline, told_table, n_classes):
    X, _ = told_table
    y = np.array(["p", "q", "r"])[:n_classes][X[:, :n_classes].argmax(axis=1)]
    extra = {f"is {name}": y == name for name in "pqr"[:n_classes]}
    model = clone(baseline).fit(X, y, extra_labels=extra)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    assert (model.predict(X) == y).mean() > 0.8
    without = model.predict_proba(X, known_labels={"p": 0})
    assert (without[:, 0] == 0).all()
    np.testing.assert_allclose(without.sum(axis=1), 1, rtol=1e-6)
    assert set(model.predict(X, known_labels={"q": 1})) == {"q"}
    assert model.decision_function(X).shape == ((len(X),) if n_classes == 2 else proba.shape)
    if get_tags(model).uses_known_labels:
        told, untold = (
            (each == y).mean() for each in (model.predict(X, None, extra), model.predict(X))
        )
        assert told > untold or told == 1


def test_label_sets_can_be_decoded_drawn_and_scored(fitted, told_table):
    X, Y = told_table
    model = fitted
    uses_known_labels = get_tags(model).uses_known_labels
    for decoding in ("greedy", "beam"):
        found = model.predict(X[:9], {1: Y[:9, 1]}, decoding=decoding)
        np.testing.assert_array_equal(found[:, 1], Y[:9, 1])
        if not uses_known_labels:  # then the most probable set is that of the likeliest labels
            np.testing.assert_array_equal(found, model.predict(X[:9], {1: Y[:9, 1]}))
    drawn = model.sample_labels(X[:4], 200, known_labels={1: 1}, random_state=0)
    assert drawn.shape == (4, 200, 3)
    assert (drawn[..., 1] == 1).all()
    given_first = model.predict_proba(X[:4], {1: 1})
    if not uses_known_labels:
        np.testing.assert_allclose(drawn.mean(axis=1), given_first, atol=0.12)
    scores = model.log_score(X[:5], Y[:5])
    for label in range(3):
        others = np.where(np.arange(3) == label, -1, Y[:5])
        proba = model.predict_proba(X[:5], others)[:, label]
        expected = np.log(np.where(Y[:5, label], proba, 1 - proba).clip(1e-300))
        close = {"rtol": 1e-4, "atol": 1e-6}  # float32 has few digits close to log(1)
        np.testing.assert_allclose(scores[:, label].clip(-600), expected.clip(-600), **close)
    assert model.score(X, Y) == pytest.approx(mean_average_precision(Y, model.predict_proba(X)))
    known = {0: Y[:, 0]}
    of_others = mean_average_precision(Y[:, 1:], model.predict_proba(X, known)[:, 1:])
    assert model.score(X, Y, known_labels=known) == pytest.approx(of_others)


@all_baselines
@pytest.mark.filterwarnings(
    "ignore:Label.s. 3 have no positive",
    "ignore:No entry of label",
    "ignore:LabelPowerset leaves out",
)
@pytest.mark.filterwarnings("ignore:There is no positive")
def test_missing_entries_and_labels_of_one_state(baseline, told_table):
    X, Y = told_table
    Y = np.column_stack([Y, np.zeros(len(Y)), np.ones(len(Y))])
    Y[:8, 1] = np.nan
    Y[5:12, 3] = np.nan
    model = clone(baseline).fit(X, Y)
    proba = model.predict_proba(X)
    if not isinstance(model, TextSimilarity):  # It has one bias for all labels.
        far = 0.2 if isinstance(model, (CSRA, SSGRL)) else 0.02  # in so few steps
        assert (proba[:, 3] < far).all()
        assert (proba[:, 4] > 1 - far).all()
    assert ((proba[:, 1] > 0.5) == Y[:, 1])[8:].mean() > 0.7
    scores = cross_val_score(brief(type(baseline)), X, Y, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()
