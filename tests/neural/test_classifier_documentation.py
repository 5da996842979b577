"""``help(CTranClassifier)`` leads to a parameter: seven that come first, and groups of all."""

import inspect
import re

from sklearn_ctran import CTranClassifier

DOCUMENTATION = inspect.getdoc(CTranClassifier)
PARAMETERS = list(inspect.signature(CTranClassifier).parameters)


def summary():
    return DOCUMENTATION.split("\nParameters\n", 1)[0]


def groups():
    """Name of a group -> its parameters, as the summary lists them."""
    items = re.findall(r"^- ([a-z ]+): (.*?)[;.]$", summary(), re.MULTILINE | re.DOTALL)
    return {name: re.findall(r"`(\w+)`", names) for name, names in items}


def test_groups_hold_every_parameter_once_in_the_order_of_the_signature():
    assert list(groups()) == ["what it sees", "the model", "the labels", "training", "running"]
    assert [name for names in groups().values() for name in names] == PARAMETERS


def test_the_documentation_of_parameters_is_in_that_order():
    section = DOCUMENTATION.split("\nParameters\n", 1)[1].split("\nAttributes\n", 1)[0]
    assert re.findall(r"^(\w+) : ", section, re.MULTILINE) == PARAMETERS


def test_names_seven_that_come_first():
    (text,) = re.findall(r"set these seven first, if any: (.*?)\. All", summary(), re.DOTALL)
    first = re.findall(r"`(\w+)`", text)
    assert len(set(first)) == 7
    assert set(first) <= set(PARAMETERS)
