"""Checks of states against rules, what states imply, and probabilities that obey the rules."""

import copy
import pickle
import re

import numpy as np
import pytest
from scipy.special import softmax

from sklearn_ctran._rules.reading import read_rules

NAMES = np.array(["sun", "rain", "snow", "cat", "dog", "animal", "vehicle", "bus"], dtype=object)
SUN, RAIN, SNOW, CAT, DOG, ANIMAL, VEHICLE, BUS = range(8)
WEATHER = {"weather": ["sun", "rain", "snow"]}


def states_of(n_rows=1, n_labels=8, **known):
    states = np.full((n_rows, n_labels), -1, dtype=np.int8)
    for name, value in known.items():
        states[-1, NAMES.tolist().index(name)] = value
    return states


def raises(error, message):
    return pytest.raises(error, match=re.escape(message))


def test_nothing_declared():
    rules = read_rules(NAMES)
    assert rules.consistent is None and rules.groups == {} and rules.names is NAMES
    states = states_of(sun=1, rain=1)
    rules.check(states, "known_labels")
    assert rules.propagate(states) is states


RULES = read_rules(
    NAMES,
    WEATHER,
    {"weather": "exactly_one", ("animal", "vehicle"): "at_most_one"},
    {"cat": "animal", "dog": "animal", "bus": ["vehicle", "sun"]},
)


@pytest.mark.parametrize(
    ("known", "complaint"),
    [
        ({"sun": 1, "rain": 1}, "'sun' and 'rain' are both positive, but exclude each other."),
        (
            {"cat": 1, "animal": 0},
            "'cat' is positive but 'animal', which it implies, is negative.",
        ),
        (
            {"sun": 0, "rain": 0, "snow": 0},
            "none of 'sun', 'rain', 'snow' is positive, but exactly one must be.",
        ),
        ({"bus": 1, "cat": 1}, "the states of 'cat', 'bus' contradict the rules: no label set"),
    ],
)
def test_rows_that_contradict_the_rules(known, complaint):
    with raises(ValueError, f"known_labels, row 3: {complaint}"):
        RULES.check(states_of(4, **known), "known_labels")


def test_rows_in_several_blocks(monkeypatch):
    monkeypatch.setattr("sklearn_ctran._rules.label_rules._BLOCK_ENTRIES", 16)
    states = states_of(5, bus=1)
    RULES.check(states, "y")
    implied = RULES.propagate(states)
    assert implied.dtype == np.int8 and (implied[:4] == -1).all()
    assert implied[4].tolist() == [1, 0, 0, 0, 0, 0, 1, 1]
    with raises(ValueError, "y, row 4: 'sun' and"):
        RULES.check(states_of(5, sun=1, snow=1), "y")


def test_indirect_implications_are_named():
    rules = read_rules(NAMES, implies={"cat": "animal", "animal": "vehicle"})
    with raises(ValueError, "y, row 0: 'cat' is positive but 'vehicle', which it implies, is"):
        rules.check(states_of(cat=1, vehicle=0), "y")


def test_read_only_and_strided_states():
    states = states_of(4, bus=1)[::-1]
    states.flags.writeable = False
    RULES.check(states, "y")
    assert RULES.propagate(states)[0, SUN] == 1


def test_no_rows():
    RULES.check(states_of(0), "y")
    assert RULES.propagate(states_of(0)).shape == (0, 8)


def test_rows_that_contradict_classes():
    rules = read_rules(np.array(["a", "b", "c", "sun"]), implies={"a": "sun"}, classes=3)
    states = np.full((3, 4), -1, dtype=np.int8)
    rules.check(states, "known_labels")
    states[2, :2] = 1
    with raises(ValueError, "known_labels, row 2: the classes 'a', 'b' exclude each other."):
        rules.check(states, "known_labels")
    states[2, :3] = 0
    with raises(
        ValueError,
        "known_labels, row 2: every class is negative, but exactly one must be positive.",
    ):
        rules.check(states, "known_labels")


def test_long_lists_of_names_are_cut():
    names = np.array([f"l{i}" for i in range(12)])
    rules = read_rules(names, exclusive_groups={tuple(names.tolist()): "exactly_one"})
    ten = ", ".join(f"'l{i}'" for i in range(10))
    with raises(ValueError, f"none of {ten} and 2 more is positive, but exactly one must be."):
        rules.check(np.zeros((1, 12), dtype=np.int8), "y")


def test_copies():
    for rules in (copy.deepcopy(RULES), pickle.loads(pickle.dumps(RULES))):
        states = states_of(bus=1)
        assert np.array_equal(rules.propagate(states), RULES.propagate(states))


def consistent_rules():
    return read_rules(
        NAMES,
        WEATHER,
        {"weather": "exactly_one", ("cat", "dog"): "at_most_one"},
        {"cat": "animal", "dog": "animal"},
    )


def test_probabilities_obey_the_rules_and_leave_free_labels_alone():
    rules = consistent_rules()
    logits = np.random.RandomState(0).randn(40, 8).astype(np.float32) * 3
    states = np.repeat(states_of(bus=1, dog=0), 40, axis=0)
    proba = rules.probabilities(logits, states)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba[:, [SUN, RAIN, SNOW]].sum(axis=1), 1, rtol=1e-6)
    assert (proba[:, CAT] <= proba[:, ANIMAL]).all()
    assert (proba[:, DOG] == 0).all() and (proba[:, BUS] == 1).all()
    np.testing.assert_allclose(proba[:, VEHICLE], 1 / (1 + np.exp(-logits[:, VEHICLE])), rtol=1e-5)
    free = read_rules(NAMES).probabilities(logits, states)
    assert (free[:, CAT] > free[:, ANIMAL]).any()


def test_probabilities_of_labels_without_rules():
    rules = read_rules(np.arange(4))
    logits = np.array([[0.0, 1e4, -1e4, 5.0]], np.float32)
    proba = rules.probabilities(logits, np.array([[-1, -1, -1, 0]], np.int8))
    assert proba.dtype == np.float32
    np.testing.assert_array_equal(proba, [[0.5, 1, 0, 0]])


def test_probabilities_of_classes():
    rules = read_rules(np.arange(4), classes=4)
    states = np.array([[-1, -1, -1, -1], [0, -1, -1, 0], [-1, 1, -1, 0]], np.int8)
    np.testing.assert_allclose(
        rules.probabilities(np.zeros((3, 4), np.float32), states),
        [[0.25, 0.25, 0.25, 0.25], [0, 0.5, 0.5, 0], [0, 1, 0, 0]],
    )


def test_logits_fit_the_probabilities():
    rules = consistent_rules()
    logits = np.random.RandomState(0).randn(40, 8).astype(np.float32)
    states = np.full((40, 8), -1, np.int8)
    before = logits.copy()
    consistent = rules.consistent_logits(logits, states)
    expected = rules.probabilities(logits, states)
    np.testing.assert_allclose(1 / (1 + np.exp(-consistent)), expected, rtol=1e-4)
    np.testing.assert_array_equal(logits, before)
    np.testing.assert_array_equal(read_rules(NAMES).consistent_logits(logits, states), logits)


def test_logits_do_not_saturate():
    rules = consistent_rules()
    logits = np.zeros((3, 8), np.float32)
    logits[:, [CAT, ANIMAL]] = [[30, 31], [29, 30], [-30, -29]]
    logits[:, [SUN, RAIN, SNOW]] = [[30, 0, -30], [29, -30, -31], [0, 30, -30]]
    states = np.full((3, 8), -1, np.int8)
    assert (rules.probabilities(logits, states)[:2, [SUN, ANIMAL]] == 1).all()
    found = rules.consistent_logits(logits, states)
    # A cat is an animal: log(e^61 + e^31) against none of them (neither cat nor dog is known).
    np.testing.assert_allclose(found[:2, ANIMAL], [61, 59], rtol=1e-6)
    np.testing.assert_allclose(found[0, [SUN, RAIN, SNOW]], [30, -30, -60], rtol=1e-6)
    np.testing.assert_allclose(found[1, [SUN, RAIN, SNOW]], [59 - np.log1p(np.exp(-1)), -59, -60])
    assert found[2, CAT] == pytest.approx(-59) and found[2, SNOW] == pytest.approx(-60)
    states[:, SUN] = 1
    implied = rules.consistent_logits(logits, states)[:, [SUN, RAIN, SNOW]]
    assert (implied == [np.inf, -np.inf, -np.inf]).all()


def test_softmax_of_class_logits():
    rules = read_rules(np.array(["a", "b", "c", "sun"]), implies={"a": "sun"}, classes=3)
    logits = np.random.RandomState(0).randn(20, 4).astype(np.float32) * 3
    states = np.full((20, 4), -1, np.int8)
    states[10:, 2] = 0
    found = rules.class_logits(logits, states)
    assert found.shape == (20, 3)
    expected = rules.probabilities(logits, states)[:, :3]
    np.testing.assert_allclose(softmax(found, axis=1), expected, rtol=1e-5, atol=1e-12)
    alone = read_rules(np.arange(4), classes=4)
    np.testing.assert_array_equal(alone.class_logits(logits, np.full((20, 4), -1, "i1")), logits)


def test_exactly_one_label_is_predicted_where_none_reaches_a_half():
    rules = consistent_rules()
    logits = np.zeros((1, 8), np.float32)
    logits[0, RAIN], logits[0, ANIMAL], logits[0, VEHICLE] = 0.1, -0.1, 3
    states = states_of()
    labels = (rules.probabilities(logits, states) > 0.5).astype(np.int64)
    assert labels[0, [SUN, RAIN, SNOW]].sum() == 0
    completed = rules.complete(labels, logits, states)
    assert completed[0, [SUN, RAIN, SNOW]].tolist() == [0, 1, 0]
    np.testing.assert_array_equal(completed[:, SNOW + 1 :], labels[:, SNOW + 1 :])
    # Of the first labels only, when others are not wanted.
    assert rules.complete(labels[:, :2], logits, states).tolist() == [[0, 1]]
    no_rule = read_rules(NAMES, exclusive_groups=[["sun", "rain"]])
    assert no_rule.complete(labels, logits, states) is labels
