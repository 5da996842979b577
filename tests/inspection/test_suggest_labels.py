"""Suggested labels, of an estimator whose distribution is known exactly.

Tests of _annotation.py and _gains.py.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.special import entr

from sklearn_ctran.inspection import suggest_labels

IMAGES = np.arange(6)


@pytest.fixture
def model(exact_model):
    return exact_model(n_images=6, n_targets=4, n_extra=1)


def entropy(proba):
    return entr(proba) + entr(1 - proba)


def exact_gains(model, known=None):
    """Expected drops of the other targets' entropy by definition, (n_images, n_all_labels)."""
    n_images, n_labels = 6, 5
    known = np.full((n_images, n_labels), -1) if known is None else known
    gains = np.full((n_images, n_labels), -np.inf)
    for image in range(n_images):
        for label in np.flatnonzero(known[image] < 0):
            rest = [i for i in range(4) if i != label]
            p = model._marginals([image], known[[image], :4], known[[image], 4:])[0]
            after = 0
            for value, weight in ((1, p[label]), (0, 1 - p[label])):
                told = known[[image]].copy()
                told[0, label] = value
                answered = model._marginals([image], told[:, :4], told[:, 4:])[0]
                after += weight * entropy(answered[rest]).sum()
            gains[image, label] = entropy(p[rest]).sum() - after
    return gains


def test_the_most_informative_labels_are_suggested(model):
    gains = exact_gains(model)
    found = suggest_labels(model, IMAGES, n=3)
    order = np.argsort(-gains, axis=1)[:, :3]
    np.testing.assert_array_equal(found.positions, order)
    np.testing.assert_allclose(found.gains, np.take_along_axis(gains, order, axis=1), atol=1e-5)
    names = np.array([0, 1, 2, 3, "extra0"], dtype=object)
    np.testing.assert_array_equal(found.labels, names[order])
    assert model.n_encoded == 6


def test_what_is_known_is_not_asked(model):
    known = {1: [1, -1, 0, -1, 1, -1]}
    extra = {"extra0": [1, 1, -1, -1, -1, 0]}
    states = np.full((6, 5), -1)
    states[:, 1], states[:, 4] = known[1], extra["extra0"]
    found = suggest_labels(model, IMAGES, known, extra_labels=extra)
    np.testing.assert_array_equal(found.positions[:, 0], exact_gains(model, states).argmax(axis=1))


def test_nothing_left_to_ask(model):
    found = suggest_labels(model, IMAGES, {0: 1, 1: 0}, n=3, askable=[0, 2])
    assert found.labels[:, 0].tolist() == [2] * 6
    assert set(found.labels[:, 1:].ravel()) == {None}
    assert (found.positions[:, 1:] == -1).all()
    assert np.isnan(found.gains[:, 1:]).all()


def test_askable_labels_by_name_and_by_mask(model):
    gains = exact_gains(model)
    by_name = suggest_labels(model, IMAGES, askable=[1, "extra0"])
    expected = np.where(gains[:, 1] > gains[:, 4], 1, 4)
    np.testing.assert_array_equal(by_name.positions[:, 0], expected)
    mask = np.array([False, True, False, False, True])
    by_mask = suggest_labels(model, IMAGES, askable=mask)
    np.testing.assert_array_equal(by_mask.positions, by_name.positions)
    each = np.eye(5, dtype=bool)[[0, 1, 2, 3, 4, 0]]
    found = suggest_labels(model, IMAGES, askable=each)
    assert found.positions[:, 0].tolist() == [0, 1, 2, 3, 4, 0]


@pytest.mark.parametrize("cost", [{0: 100, "extra0": 0.01}, np.array([100, 1, 1, 1, 0.01])])
def test_costs_divide_gains(model, cost):
    found = suggest_labels(model, IMAGES, cost=cost, n=5)
    expected = exact_gains(model) / [100, 1, 1, 1, 0.01]
    np.testing.assert_array_equal(found.positions[:, 0], expected.argmax(axis=1))
    np.testing.assert_allclose(found.gains[:, 0], expected.max(axis=1), atol=1e-3)
    assert (found.labels[:, -1] == 0).all()


def test_candidates_are_the_most_uncertain_labels(model):
    p = model._marginals(IMAGES, None, None)
    found = suggest_labels(model, IMAGES, n_candidates=1)
    np.testing.assert_array_equal(found.positions[:, 0], entropy(p).argmax(axis=1))
    few = model.n_asked
    suggest_labels(model, IMAGES, n_candidates=None)
    assert model.n_asked - few > few


def test_candidates_are_the_most_uncertain_labels_by_cost(model):
    cost = np.array([1, 1, 1, 1, 1e-3])
    found = suggest_labels(model, IMAGES, n_candidates=1, cost=cost)
    assert set(found.labels[:, 0]) == {"extra0"}


def test_at_least_as_many_candidates_as_suggestions(model):
    found = suggest_labels(model, IMAGES, n=4, n_candidates=1)
    assert (found.positions >= 0).all()
    p = model._marginals(IMAGES, None, None)
    left_out = np.argmin(entropy(p), axis=1)
    assert not (found.positions == left_out[:, None]).any()


def test_more_suggestions_than_labels(model):
    found = suggest_labels(model, IMAGES, n=7)
    assert found.labels.shape == found.positions.shape == found.gains.shape == (6, 7)
    assert (np.sort(found.positions[:, :5], axis=1) == np.arange(5)).all()
    assert (found.positions[:, 5:] == -1).all()
    assert set(found.labels[:, 5:].ravel()) == {None}
    assert np.isnan(found.gains[:, 5:]).all()


def test_certain_labels_are_not_asked(exact_model):
    model = exact_model(n_images=2, n_targets=3)
    # The second label is never there.
    model.joint[:, model.sets[:, 1] == 1] = 0
    found = suggest_labels(model, np.arange(2), n=3)
    assert (np.sort(found.positions, axis=1) == [-1, 0, 2]).all()


def test_a_list_of_booleans_is_a_mask_not_names(model):
    found = suggest_labels(model, IMAGES, n=2, askable=[False, False, True, True, False])
    assert (np.sort(found.positions, axis=1) == [2, 3]).all()


def test_extra_labels_need_not_be_predicted_if_they_are_not_asked(model, monkeypatch):
    monkeypatch.delattr(type(model), "predict_extra_proba")
    found = suggest_labels(model, IMAGES, askable=[0, 1, 2, 3])
    expected = exact_gains(model)[:, :4].argmax(axis=1)
    np.testing.assert_array_equal(found.positions[:, 0], expected)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"n": 0}, "n must be an integer above 0, got 0"),
        ({"n": True}, "n must be an integer above 0, got True"),
        ({"n_candidates": 0}, "n_candidates must be an integer above 0"),
        ({"askable": [True]}, r"askable, a mask, must have shape \(5,\)"),
        ({"cost": {1: np.nan}}, "the cost of 1 is nan"),
        ({"cost": {"extra0": np.inf}}, "the cost of 'extra0' is inf"),
        ({"n_candidates": 1.5}, "n_candidates must be an integer above 0"),
        ({"askable": ["owl"]}, "'owl' is not a label"),
        ({"askable": np.ones(3, dtype=bool)}, r"shape \(5,\) or \(6, 5\), got \(3,\)"),
        ({"cost": {"owl": 1}}, "'owl' is not a label"),
        ({"cost": {1: 0}}, "cost must be above 0 and finite; the cost of 1"),
        ({"cost": np.ones(3)}, "cost must have 5 values"),
        ({"cost": {"extra0": "cheap"}}, r"cost\['extra0'\] must be a number above 0, got 'cheap'"),
        ({"cost": "cheap"}, "cost must be a number above 0, got 'cheap'"),
        ({"cost": [1, None, 1, 1, 1]}, "cost must be a number above 0, got None"),
        ({"cost": 2}, r"cost must have 5 values, one for each label, got shape \(1,\)"),
        ({"askable": "extra0"}, "askable must be a list of names of labels, got 'extra0'"),
        ({"askable": []}, "askable is empty"),
    ],
)
def test_bad_questions(model, params, message):
    with pytest.raises(ValueError, match=message):
        suggest_labels(model, IMAGES, **params)


def test_a_table_has_the_names_of_images_and_labels(model):
    known = pd.DataFrame({1: [1, 0, 1, 0, 1, 0]}, index=list("abcdef"))
    found = suggest_labels(model, IMAGES, known, n=5)
    frame = found.to_frame()
    assert frame.index.name == "image"
    assert frame.index.tolist() == [name for name in "abcdef" for _ in range(4)]  # 4 are left.
    assert frame.loc["c", "label"].tolist() == found.labels[2, :4].tolist()
    np.testing.assert_array_equal(frame.loc["c", "gain"], found.gains[2, :4])


def test_a_table_without_names_has_positions(model):
    frame = suggest_labels(model, IMAGES, n=2).to_frame()
    assert frame.index.tolist() == [row for row in range(6) for _ in range(2)]
