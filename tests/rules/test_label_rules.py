"""What users declare about labels, and the rows that contradict it."""

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
    assert rules.settle(states) is states


def test_label_groups_exclude_nothing_by_themselves():
    rules = read_rules(NAMES, {"weather": ["sun", 2], "pets": ("dog", "cat")})
    assert rules.groups == {"weather": (SUN, SNOW), "pets": (DOG, CAT)}
    assert rules.consistent is None


@pytest.mark.parametrize(
    ("exclusive", "expected"),
    [
        (["weather"], [((0, 1, 2), False)]),
        (["weather", ["cat", "dog"]], [((0, 1, 2), False), ((3, 4), False)]),
        ([("dog", "cat"), (6, "animal")], [((3, 4), False), ((5, 6), False)]),
        ({"weather": "exactly_one"}, [((0, 1, 2), True)]),
        (
            {("cat", np.int64(4)): "at_most_one", ("cat", "bus"): "exactly_one"},
            [((3, 4), False), ((3, 7), True)],
        ),
        # The same group twice is one group.
        ({"weather": "at_most_one", (2, 1, 0): "exactly_one"}, [((0, 1, 2), True)]),
        ({(2, 1, 0): "exactly_one", "weather": "at_most_one"}, [((0, 1, 2), True)]),
    ],
)
def test_forms_of_exclusive_groups(exclusive, expected):
    assert read_rules(NAMES, WEATHER, exclusive).consistent.exclusive == expected


def test_forms_of_implies():
    implies = {"cat": "animal", 4: ["animal"], "bus": ("vehicle", "sun")}
    pairs = [(CAT, ANIMAL), (DOG, ANIMAL), (BUS, VEHICLE), (BUS, SUN)]
    assert sorted(read_rules(NAMES, implies=implies).consistent.implications) == sorted(pairs)
    # A label named twice, by name and by position, keeps all it implies.
    twice = read_rules(NAMES, implies={"bus": "vehicle", 7: "sun"}).consistent
    assert sorted(twice.implications) == [(BUS, SUN), (BUS, VEHICLE)]


def test_names_come_before_positions():
    names = np.array([1, 0, 5])
    assert read_rules(names, {"a": [0], "b": [5, 1]}).groups == {"a": (1,), "b": (2, 0)}
    rules = read_rules(names, None, [[5, np.int64(0)]], {1: 5})
    assert rules.consistent.exclusive == [((1, 2), False)]
    assert rules.consistent.implications == [(0, 2)]


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"label_groups": {"a": [5, 2]}}, "label_groups['a'] names 2, which is not a label."),
        ({"exclusive_groups": [[0, 2]]}, "exclusive_groups[0] names 2, which is not a label."),
        ({"implies": {2: 0}}, "implies names 2, which is not a label."),
        ({"implies": {0: 2}}, "implies[0] names 2, which is not a label."),
    ],
)
def test_integer_names_are_not_mixed_with_positions(params, where):
    message = f"{where} The labels are 1, 0, 5. Labels whose names are integers go by name, not"
    with raises(ValueError, message):
        read_rules(np.array([1, 0, 5]), **params)


def test_positions_reach_labels_with_other_names():
    """Targets of an array have their positions as names, extra labels that follow do not."""
    names = np.array([0, 1, "wet"], dtype=object)
    assert read_rules(names, implies={2: 0}).consistent.implications == [(2, 0)]
    with raises(ValueError, "implies[0] names 3, which is not a label. The labels are 0, 1, 'wet"):
        read_rules(names, implies={0: 3})


def test_booleans_are_labels_only_if_names_are():
    assert read_rules(np.array([False, True]), {"a": [True]}).groups == {"a": (1,)}
    with raises(ValueError, "names True, which is not a label"):
        read_rules(np.array([0, 1]), {"a": [True]})


def test_classes_are_an_exactly_one_group():
    rules = read_rules(np.array(["a", "b", "sun", "rain"]), None, [["sun", "rain"]], classes=2)
    assert rules.consistent.exclusive == [((0, 1), True), ((2, 3), False)]


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ([["sun", "rain"]], TypeError, 'label_groups must be a dict like {"weather": ["sun"'),
        ({"weather": "sun"}, TypeError, "label_groups['weather'] must be a list of labels, got"),
        ({"weather": []}, ValueError, "label_groups['weather'] is empty"),
        (
            {"weather": ["sun", "hail"]},
            ValueError,
            "label_groups['weather'] names 'hail', which is not a label. The labels are 'sun', ",
        ),
        ({"weather": ["sun", 8]}, ValueError, "names 8, which is not a label"),
        ({"weather": ["sun", -1]}, ValueError, "names -1, which is not a label"),
        ({"weather": ["sun", True]}, ValueError, "names True, which is not a label"),
        ({"weather": ["sun", ["rain"]]}, ValueError, "names ['rain'], which is not a label"),
        ({"weather": ["sun", 0]}, ValueError, "label_groups['weather'] has 'sun' twice"),
        (
            {"weather": ["sun", "rain"], "light": ["sun"]},
            ValueError,
            "label_groups must not overlap: 'sun' is in both 'weather' and 'light'.",
        ),
        ({"sun": ["rain", "snow"]}, ValueError, "label_groups['sun']: 'sun' is a label too."),
    ],
)
def test_wrong_label_groups(groups, error, message):
    with raises(error, message):
        read_rules(NAMES, groups)


@pytest.mark.parametrize(
    ("exclusive", "error", "message"),
    [
        ("weather", TypeError, 'exclusive_groups must be a list like ["weather", ["day", "n'),
        ([{"sun", "rain"}], TypeError, "exclusive_groups[0] is {"),
        (["wether"], ValueError, "exclusive_groups[0]: 'wether' is not a name in label_groups."),
        (["wether"], ValueError, "label_groups has 'weather'; exclusive_groups must be a list"),
        (["sun", "rain"], ValueError, "It is a label, a group is a list of them"),
        ([["sun"]], ValueError, "exclusive_groups[0] needs at least two labels"),
        ([["sun", "rain"], ["sun", "sun"]], ValueError, "exclusive_groups[1] has 'sun' twice"),
        ([["sun", "hail"]], ValueError, "exclusive_groups[0] names 'hail', which is not a label"),
        (
            {"weather": "one"},
            ValueError,
            "exclusive_groups['weather'] must be 'at_most_one' or 'exactly_one', got 'one'.",
        ),
        ({"weather": ["exactly_one"]}, ValueError, "got ['exactly_one']."),
        (
            {("sun", "rain"): "exactly_one", (1, 2): "exactly_one", (0, 2): "exactly_one"},
            ValueError,
            "no labels obey all the rules on 'sun', 'rain', 'snow'.",
        ),
    ],
)
def test_wrong_exclusive_groups(exclusive, error, message):
    with raises(error, message):
        read_rules(NAMES, WEATHER, exclusive)


@pytest.mark.parametrize(
    ("implies", "error", "message"),
    [
        ([("cat", "animal")], TypeError, 'implies must be a dict from child to parent(s) like {"c'),
        ({"cat": {"animal"}}, TypeError, "implies['cat'] is {'animal'}, but implies must be a d"),
        ({"cow": "animal"}, ValueError, "implies names 'cow', which is not a label. The labels"),
        ({"cat": "mammal"}, ValueError, "implies['cat'] names 'mammal', which is not a label"),
        ({"cat": ["animal", 5]}, ValueError, "implies['cat'] has 'animal' twice"),
        ({"cat": ["dog", "cat"]}, ValueError, "implies['cat']: a label cannot imply itself."),
        (
            {"sun": "cat", "cat": ["bus", "dog"], "dog": "animal", "animal": "cat"},
            ValueError,
            "implies goes round in a circle: 'cat' -> 'dog' -> 'animal' -> 'cat'.",
        ),
    ],
)
def test_wrong_implies(implies, error, message):
    with raises(error, message):
        read_rules(NAMES, implies=implies)


def test_two_ways_up_are_no_cycle():
    implies = {"cat": ["dog", "animal"], "dog": "sun", "animal": "sun"}
    assert len(read_rules(NAMES, implies=implies).consistent.implications) == 5


@pytest.mark.parametrize(
    ("exclusive", "implies", "message"),
    [
        (
            [["animal", "vehicle"]],
            {"cat": ["animal", "vehicle"]},
            "leave 'cat' no way to be positive: it implies both 'animal' and 'vehicle', which "
            "exclude each other.",
        ),
        (
            [["animal", "vehicle"]],
            {"cat": "dog", "dog": ["animal", "bus"], "bus": "vehicle"},
            "'cat' no way to be positive: it implies both 'animal' and 'vehicle'",
        ),
        ([["cat", "animal"]], {"cat": "animal"}, "it implies 'animal', which it excludes."),
        (
            {
                ("sun", "rain"): "exactly_one",
                ("sun", "cat"): "at_most_one",
                ("rain", "cat"): "at_most_one",
            },
            None,
            "'cat' no way to be positive: the rules on 'sun', 'rain', 'cat' rule it out.",
        ),
    ],
)
def test_impossible_labels(exclusive, implies, message):
    with raises(ValueError, message):
        read_rules(NAMES, None, exclusive, implies)


def test_entangled_rules_are_named():
    rng = np.random.default_rng(0)
    pairs = [[f"l{i}" for i in rng.permutation(60)[:2]] for _ in range(150)]
    with pytest.raises(ValueError, match=r"too entangled: 'l0', .*, \.\.\. \(\d+ labels\)"):
        read_rules(np.array([f"l{i}" for i in range(60)]), exclusive_groups=pairs)


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
        ({"bus": 1, "cat": 1}, "what is said of 'cat', 'bus' contradicts the rules"),
    ],
)
def test_rows_that_contradict_the_rules(known, complaint):
    with raises(ValueError, f"known_labels, row 3: {complaint}"):
        RULES.check(states_of(4, **known), "known_labels")


def test_rows_in_several_blocks(monkeypatch):
    monkeypatch.setattr("sklearn_ctran._rules.label_rules._BLOCK_ENTRIES", 16)
    states = states_of(5, bus=1)
    RULES.check(states, "y")
    settled = RULES.settle(states)
    assert settled.dtype == np.int8 and (settled[:4] == -1).all()
    assert settled[4].tolist() == [1, 0, 0, 0, 0, 0, 1, 1]
    with raises(ValueError, "y, row 4: 'sun' and"):
        RULES.check(states_of(5, sun=1, snow=1), "y")


def test_indirect_implications_are_told():
    rules = read_rules(NAMES, implies={"cat": "animal", "animal": "vehicle"})
    with raises(ValueError, "y, row 0: 'cat' is positive but 'vehicle', which it implies, is"):
        rules.check(states_of(cat=1, vehicle=0), "y")


def test_read_only_and_strided_states():
    states = states_of(4, bus=1)[::-1]
    states.flags.writeable = False
    RULES.check(states, "y")
    assert RULES.settle(states)[0, SUN] == 1


def test_no_rows():
    RULES.check(states_of(0), "y")
    assert RULES.settle(states_of(0)).shape == (0, 8)


def test_rows_that_contradict_classes():
    rules = read_rules(np.array(["a", "b", "c", "sun"]), implies={"a": "sun"}, classes=3)
    states = np.full((3, 4), -1, dtype=np.int8)
    rules.check(states, "known_labels")
    states[2, :2] = 1
    with raises(ValueError, "known_labels, row 2: the classes 'a', 'b' exclude each other."):
        rules.check(states, "known_labels")
    states[2, :3] = 0
    with raises(ValueError, "known_labels, row 2: every class is said to be absent."):
        rules.check(states, "known_labels")


def test_long_lists_of_names_are_cut():
    names = np.array([f"l{i}" for i in range(12)])
    rules = read_rules(names, exclusive_groups={tuple(names.tolist()): "exactly_one"})
    ten = ", ".join(f"'l{i}'" for i in range(10))
    with raises(ValueError, f"none of {ten}, ... is positive"):
        rules.check(np.zeros((1, 12), dtype=np.int8), "y")
    with raises(ValueError, f"The labels are {ten}, ...."):
        read_rules(names, {"group": ["hail"]})


def test_copies():
    for rules in (copy.deepcopy(RULES), pickle.loads(pickle.dumps(RULES))):
        states = states_of(bus=1)
        assert np.array_equal(rules.settle(states), RULES.settle(states))


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
    settled = rules.consistent_logits(logits, states)[:, [SUN, RAIN, SNOW]]
    assert (settled == [np.inf, -np.inf, -np.inf]).all()


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
