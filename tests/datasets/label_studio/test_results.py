"""Ticks become states of labels; annotators vote."""

import numpy as np
import pytest

from sklearn_ctran.datasets._label_studio.config import Choices, LabelingConfig
from sklearn_ctran.datasets._label_studio.results import is_annotation, states_of, ticked, votes

CONFIG = LabelingConfig(
    "photo",
    "image",
    (Choices("things", ("coat", "truck"), False), Choices("light", ("day", "night"), True)),
)


def entry(control, *labels, **more):
    return {
        "from_name": control,
        "to_name": "photo",
        "type": "choices",
        "value": {"choices": list(labels)},
    } | more


@pytest.mark.parametrize(
    ("result", "unknown", "negative"),
    [
        ([], [-1, -1, -1, -1], [0, 0, 0, 0]),
        ([entry("things", "coat")], [1, 0, -1, -1], [1, 0, 0, 0]),
        ([entry("things", "coat"), entry("light", "night")], [1, 0, 0, 1], [1, 0, 0, 1]),
        ([entry("things", "coat"), entry("things", "truck")], [1, 1, -1, -1], [1, 1, 0, 0]),
        ([entry("things")], [-1, -1, -1, -1], [0, 0, 0, 0]),
        ([entry("note", type="textarea"), entry("other", "coat")], [-1] * 4, [0] * 4),
    ],
)
def test_states(result, unknown, negative):
    states = states_of(result, CONFIG)
    assert states.dtype == np.int8 and states.tolist() == unknown
    assert states_of(result, CONFIG, empty="negative").tolist() == negative


def test_ticked():
    assert ticked([entry("light", "day")], CONFIG) == {"light": {"day"}}


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({}, r"must be a list \[...\], got \{\}"),
        ([1], "must be an object {...}, got 1"),
        ([entry("things", value=None)], "'things' has no list of choices"),
        ([entry("things", value={"choices": "coat"})], "has no list of choices"),
        ([entry("things", value={"choices": [1]})], "has no list of choices"),
        ([entry("things", "boat")], "'things' has no choice 'boat': did the labels change"),
    ],
)
def test_malformed(result, message):
    with pytest.raises(ValueError, match=message):
        ticked(result, CONFIG)


@pytest.mark.parametrize(
    ("annotation", "counts"),
    [
        ({"result": []}, True),
        ({"result": [], "was_cancelled": False}, True),
        ({"result": [], "was_cancelled": True}, False),
        ({"was_cancelled": False}, False),
    ],
)
def test_what_counts(annotation, counts):
    assert is_annotation(annotation) is counts


def test_an_annotation_is_an_object():
    with pytest.raises(ValueError, match="must be an object, got 3"):
        is_annotation(3)


def test_votes():
    majority, share = votes([[1, 1, -1, 0], [1, 0, -1, 0], [0, -1, -1, 0]])
    assert majority.tolist() == [1, -1, -1, 0] and majority.dtype == np.int8
    np.testing.assert_allclose(share, [2 / 3, 1 / 2, np.nan, 0])
