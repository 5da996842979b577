"""What annotators say of a task: which annotations count, and which unticked choices are gaps."""

import pytest

from sklearn_ctran.datasets._label_studio.annotations import (
    Rules,
    annotator,
    marks_of,
    states_of,
    submitted,
    ticks,
)
from sklearn_ctran.datasets._label_studio.config import Choices
from sklearn_ctran.datasets._label_studio.label_config import LabelConfig

CONFIG = LabelConfig(
    [
        Choices("tags", ("cat", "dog"), is_single=False),
        Choices("coat", ("black", "white"), is_single=True),
        Choices("mood", ("glad", "sad"), is_single=False, is_hidden=True),
    ]
)


def result(*choices, name="tags", **value):
    return {
        "from_name": name,
        "to_name": "img",
        "type": "choices",
        "value": {"choices": list(choices), **value},
    }


def task(*annotations):
    return {"id": 1, "data": {"image": "a.jpg"}, "annotations": list(annotations)}


def test_predictions_cancelled_and_skipped_annotations_are_none():
    annotations = [
        {"result": [result("cat")], "was_cancelled": True},
        {"result": [result("cat")], "skipped": True},
        {"result": [result("dog")], "was_cancelled": False},
    ]
    both = task(*annotations) | {"predictions": [{"result": [result("cat")]}]}
    assert submitted(both) == [annotations[2]]
    assert submitted({"predictions": []}) == submitted({"annotations": None}) == []
    assert submitted({"completions": annotations}) == [annotations[2]]


def test_the_last_annotation_of_an_annotator_counts():
    first = {"completed_by": 1, "result": [], "updated_at": "2026-01-02T00:00:00Z"}
    second = {"completed_by": {"id": 1}, "result": [1], "updated_at": "2026-01-01T00:00:00Z"}
    other = {"completed_by": 2, "result": []}
    assert submitted(task(first, second, other)) == [first, other]
    assert submitted(task(other, other | {"result": [2]})) == [other | {"result": [2]}]
    unknown = {"result": []}
    assert submitted(task(unknown, unknown)) == [unknown, unknown]
    assert annotator({"completed_by": {"email": "a@b.org"}}) == "a@b.org"


def test_the_ground_truth_stands_for_all():
    true = {"completed_by": 3, "ground_truth": True}
    assert submitted(task({"completed_by": 1}, true)) == [true]


def test_ticks():
    results = [
        result("cat"),
        result("dog", "cat"),
        result("black", name="coat"),
        result("left", name="ear", x=1, y=2),
        {"from_name": "text", "type": "textarea", "value": {"text": ["a"]}},
    ]
    assert ticks(results) == {"tags": ["cat", "dog", "cat"], "coat": ["black"]}


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ("cat", "task 3, result must be a list"),
        (["cat"], "task 3, result 0 must be an object"),
        ([{"type": "choices", "value": {}}], "task 3: the result of None has no list of choices"),
        ([{"type": "choices", "value": {"choices": [1]}}], "has no list of choices"),
    ],
)
def test_broken_results(results, message):
    with pytest.raises(ValueError, match=message):
        ticks(results, "task 3")


@pytest.mark.parametrize(
    ("ticked", "rules", "states"),
    [
        ({"tags": ["cat"]}, {}, {"cat": 1, "dog": 0}),
        ({"tags": ["cat"]}, {"unticked": "unknown"}, {"cat": 1}),
        ({"coat": ["white"]}, {}, {"black": 0, "white": 1}),
        ({"coat": ["white"]}, {"unticked": "unknown"}, {"black": 0, "white": 1}),
        ({}, {}, {}),
        ({}, {"empty": "negative"}, {"cat": 0, "dog": 0, "black": 0, "white": 0}),
        (
            {"mood": ["sad"], "coat": ["black"]},
            {"empty": "negative"},
            {"cat": 0, "dog": 0, "black": 1, "white": 0, "glad": 0, "sad": 1},
        ),
        ({"tags": ["bird"]}, {}, {}),
        ({"strange": ["cat"]}, {}, {}),
    ],
)
def test_what_unticked_choices_are(ticked, rules, states):
    assert states_of(ticked, CONFIG, Rules(**rules)) == states


def test_marks():
    one, two = {"result": [result("cat")]}, {"result": None}
    assert marks_of(task(one, two)) == [{"tags": ["cat"]}, {}]
    with pytest.raises(ValueError, match="task 7, annotation 1, result must be a list"):
        marks_of(task(one, {"result": 3}), "task 7")


def test_a_choice_that_is_gone_leaves_gaps_beside_it():
    config = CONFIG.extended([("tags", "bird"), ("coat", "brown")])
    assert states_of({"tags": ["bird", "cat"]}, config) == {"cat": 1, "bird": 1}
    assert states_of({"tags": ["cat"]}, config) == {"cat": 1, "dog": 0}
    assert states_of({"coat": ["brown"]}, config) == {"black": 0, "white": 0, "brown": 1}
