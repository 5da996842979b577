import numpy as np

from sklearn_ctran._utils.names import as_names, did_you_mean, listed, name_at, shortened


def test_as_names_keeps_tuples_whole():
    names = as_names([("a", 1), ("b", 2)])
    assert names.shape == (2,) and names.dtype == object
    assert names[1] == ("b", 2)


def test_listed_spells_out_the_first_names():
    assert listed([]) == ""
    assert listed(np.array(["a", "b"])) == "'a', 'b'"
    assert listed(np.arange(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed(range(11)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1 more"
    assert listed((name for name in "abcd"), most=2) == "'a', 'b' and 2 more"
    assert listed([("a", 1), "b"]) == "('a', 1), 'b'"


def test_name_at_is_the_name_as_written():
    assert repr(name_at(np.array([3, 5]), 1)) == "5"
    assert repr(name_at(np.array(["a", "b"]), 0)) == "'a'"
    assert name_at(as_names([("a", 1), "b"]), 0) == ("a", 1)


def test_similar_names_are_proposed():
    names = np.array(["person", "traffic light", "cat"])
    assert did_you_mean("persn", names) == " Did you mean 'person'?"
    assert did_you_mean(" Traffic Light", names) == " Did you mean 'traffic light'?"
    assert did_you_mean("zebra", names) == did_you_mean(3, names) == did_you_mean("x", []) == ""
    assert did_you_mean("3", np.arange(5)) == " Did you mean 3?"
    assert did_you_mean(3, ["2", "3"]) == " Did you mean '3'?"
    assert did_you_mean("ca", as_names([("cat", 1), "cat"])) == " Did you mean 'cat'?"


def test_long_texts_are_shortened():
    assert shortened("a" * 60) == "a" * 60
    assert shortened("abc", most=2) == "ab..."
