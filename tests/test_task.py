"""The task of a fit: labels, known states, probabilities and decisions."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from sklearn_ctran._labels.targets import encode_targets
from sklearn_ctran._task import make_task, read_labels

Y = pd.DataFrame({"cat": [1, 0, 0], "animal": [1, 1, 0], "bus": [0, 0, 1]})
EXTRA = pd.DataFrame({"rain": [0, 1, 1], "night": [1, 1, 0]})
RULES = {"label_groups": {"things": ["cat", "bus"]}, "implies": {"cat": "animal"}}


@pytest.fixture(scope="module")
def task():
    return read_labels(Y, EXTRA, **RULES)[0]


@pytest.fixture(scope="module")
def classes():
    return read_labels(["owl", "tit", "owl"], None)[0]


def test_names_and_numbers_of_labels(task, classes):
    assert task.names.tolist() == ["cat", "animal", "bus"]
    assert task.extra_names.tolist() == ["rain", "night"]
    assert task.all_names.tolist() == ["cat", "animal", "bus", "rain", "night"]
    assert (task.n_labels, task.n_extra, task.n_all_labels, task.n_classes) == (3, 2, 5, 0)
    assert task.groups == {"things": ("cat", "bus")}
    assert task.rules.bound.tolist() == [True, True, False, False, False]
    assert task.classes.tolist() == [[0, 1]] * 3
    assert not task.exclusive
    assert classes.exclusive and classes.classes.tolist() == ["owl", "tit"]
    assert (classes.n_labels, classes.n_extra, classes.n_classes) == (2, 0, 2)
    assert classes.rules.bound.tolist() == [True, True]


def test_classes_alone_are_always_hidden_where_positive(task, classes):
    beside = read_labels(["owl", "tit", "owl"], EXTRA)[0]
    hides = [each.always_hides_positives for each in (task, classes, beside)]
    assert hides == [False, True, False]


def test_true_states_have_what_annotations_imply():
    gaps = Y.astype(float).mask([[False, True, False]] * 3)
    gaps.loc[2, "animal"] = 0
    _, states = read_labels(gaps, EXTRA, **RULES)
    assert states.tolist() == [[1, 1, 0, 0, 1], [0, -1, 0, 1, 1], [0, 0, 1, 1, 0]]
    assert states.dtype == np.int8
    wrong = Y.assign(animal=[0, 1, 0])
    with pytest.raises(ValueError, match="y, row 0: 'cat' is positive but 'animal'"):
        read_labels(wrong, None, **RULES)
    with pytest.raises(ValueError, match="y and extra_labels, row 0"):
        read_labels(wrong, EXTRA, **RULES)
    with pytest.raises(ValueError, match="inconsistent"):
        read_labels(Y, EXTRA[:2])


def test_known_states_with_and_without_what_they_imply(task):
    known, extra = {"cat": [1, -1]}, {"rain": 0}
    given, states = task.given_states(known, extra, 2), task.states(known, extra, 2)
    assert given.tolist() == [[1, -1, -1, 0, -1], [-1, -1, -1, 0, -1]]
    assert states.tolist() == [[1, 1, -1, 0, -1], [-1, -1, -1, 0, -1]]
    wrong = {"cat": [-1, 1], "animal": 0}
    assert task.given_states(wrong, None, 2)[1].tolist() == [1, 0, -1, -1, -1]
    with pytest.raises(ValueError, match="^known_labels, row 1: 'cat' is positive"):
        task.states(wrong, None, 2)
    with pytest.raises(ValueError, match="^known_labels and extra_labels, row 1"):
        task.states(wrong, extra, 2)
    with pytest.raises(ValueError, match="^y names 'hail'"):
        task.given_states({"hail": 1}, None, 2, what=("y", "extra_labels"))


def test_probabilities_and_decisions_of_labels(task):
    logits = np.array([[0.5, -1.0, 2.0, -2.0, 0.0]], dtype=np.float32)
    states = task.states({"bus": 0}, None, 1)
    proba = task.probabilities(logits, states)
    # Of cat and animal, three sets are possible: neither, the animal alone, both.
    weights = np.exp([0.0, -1.0, -0.5])
    expected = [weights[2] / weights.sum(), weights[1:].sum() / weights.sum(), 0]
    np.testing.assert_allclose(proba[0], [*expected, expit(-2), 0.5], rtol=1e-6)
    values = task.decision_values(logits, states)
    np.testing.assert_allclose(expit(values[0, :2]), proba[0, :2], rtol=1e-5)
    assert values.shape == (1, 3) and values.dtype == np.float32
    assert values[0, 2] == np.finfo(np.float32).min
    assert task.decide(proba, logits, states).tolist() == [[0, 0, 0]]
    states = task.states({"cat": 1}, None, 1)
    assert task.decide(task.probabilities(logits, states), logits, states).tolist() == [[1, 1, 1]]
    assert (task.decision_values(logits, states)[0, :2] == np.finfo(np.float32).max).all()


def test_probabilities_and_decisions_of_classes(classes):
    logits, states = np.array([[1.0, 3.0], [0.5, 0.0]], np.float32), np.full((2, 2), -1, np.int8)
    proba = classes.probabilities(logits, states)
    np.testing.assert_allclose(proba[:, 1], expit([2.0, -0.5]), rtol=1e-6)
    np.testing.assert_allclose(classes.decision_values(logits, states), [2.0, -0.5], rtol=1e-6)
    assert classes.decide(proba, logits, states).tolist() == ["tit", "owl"]
    three = read_labels([4, 5, 6], None)[0]
    states = three.states({5: 0}, None, 1)
    values = three.decision_values(np.array([[1.0, 9.0, 2.0]], np.float32), states)
    assert values.shape == (1, 3)
    assert values[0, 1] == np.finfo(np.float32).min
    assert values[0, 2] - values[0, 0] == pytest.approx(1)


def test_classes_are_scaled_to_a_sum_of_one(task):
    three = read_labels([4, 5, 6, 4], {"rain": [0, 1, 1, 0]})[0]
    proba = np.array([[0.2, 0.5, 0.1, 0.7], [0.2, 0.5, 0.0, 0.7], [0.0, 0.0, 0.0, 0.7]])
    states = three.states({5: [-1, 0, 0]}, None, 3)
    scaled = three.scale_classes(proba, states)
    expected = [[0.25, 0.625, 0.125, 0.7], [1, 0, 0, 0.7], [0.5, 0, 0.5, 0.7]]
    np.testing.assert_allclose(scaled, expected)
    labels = np.array([[0.2, 0.5, 0.1, 0.7, 0.9]])
    np.testing.assert_array_equal(task.scale_classes(labels, task.states(None, None, 1)), labels)


def test_a_name_belongs_to_one_label():
    with pytest.raises(ValueError, match="'cat' is a label of y and of extra_labels"):
        make_task(encode_targets(Y), ["rain", "cat"])
