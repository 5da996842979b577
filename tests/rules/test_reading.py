"""Label groups, exclusive groups and implications as users write them."""

import re

import numpy as np
import pytest

from sklearn_ctran._rules.reading import read_rules

NAMES = np.array(["sun", "rain", "snow", "cat", "dog", "animal", "vehicle", "bus"], dtype=object)
SUN, RAIN, SNOW, CAT, DOG, ANIMAL, VEHICLE, BUS = range(8)
WEATHER = {"weather": ["sun", "rain", "snow"]}


def raises(error, message):
    return pytest.raises(error, match=re.escape(message))


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
    with pytest.raises(ValueError, match=r"too entangled: 'l0', .*'l9' and 50 more. Leave out"):
        read_rules(np.array([f"l{i}" for i in range(60)]), exclusive_groups=pairs)


def test_long_lists_of_names_are_cut():
    names = np.array([f"l{i}" for i in range(12)])
    ten = ", ".join(f"'l{i}'" for i in range(10))
    with raises(ValueError, f"The labels are {ten} and 2 more."):
        read_rules(names, {"group": ["hail"]})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"label_groups": {"a": ["Sun"]}},
            "names 'Sun', which is not a label. Did you mean 'sun'?",
        ),
        ({"exclusive_groups": [["cat", "dgo"]]}, "Did you mean 'dog'?"),
        ({"exclusive_groups": ["weathr"]}, "Did you mean 'weather'?"),
        ({"implies": {"animl": "cat"}}, "Did you mean 'animal'?"),
    ],
)
def test_unknown_names_get_a_proposal(params, message):
    with raises(ValueError, message):
        read_rules(NAMES, **({"label_groups": WEATHER} | params))
