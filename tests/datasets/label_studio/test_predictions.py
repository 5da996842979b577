"""Pre-annotations: which choices are ticked, with which scores."""

import pytest

from sklearn_ctran.datasets._label_studio.config import Choices
from sklearn_ctran.datasets._label_studio.label_config import LabelConfig
from sklearn_ctran.datasets._label_studio.predictions import (
    check_labels,
    choices_result,
    prediction,
)

CONFIG = LabelConfig(
    [
        Choices("tags", ("cat", "dog", "sun"), is_single=False),
        Choices("light", ("day", "night"), is_single=True),
    ],
    image="img",
)
SCORES = {"cat": 0.9, "dog": 0.6, "sun": 0.5, "day": 0.7, "night": 0.8}


def ticked(*args, **kwargs):
    results = prediction(*args, **kwargs)["result"]
    return {result["from_name"]: result["value"]["choices"] for result in results}


def test_choices_above_their_thresholds():
    assert ticked(SCORES, CONFIG) == {"tags": ["cat", "dog"], "light": ["night"]}
    assert ticked(SCORES, CONFIG, 0.85) == {"tags": ["cat"]}
    thresholds = {"dog": 0.7, "sun": 0.4, "night": 0.9}
    assert ticked(SCORES, CONFIG, thresholds) == {"tags": ["cat", "sun"], "light": ["day"]}
    assert ticked({"sun": 0.6}, CONFIG) == {"tags": ["sun"]}


def test_scores_and_version():
    given = prediction({"cat": 0.9, "dog": 0.7, "sun": 0.2}, CONFIG, model_version="v1")
    assert given["result"][0]["score"] == 0.8
    assert given["score"] == 0.8  # the mean of 0.9, 0.7 and 0.8
    assert given["model_version"] == "v1"
    assert "model_version" not in prediction(SCORES, CONFIG)


def test_nothing_to_say():
    assert prediction({}, CONFIG) is None
    assert prediction({"cat": float("nan")}, CONFIG) is None
    assert prediction({"cat": 0.1}, CONFIG)["result"] == []


def test_labels_must_be_choices():
    check_labels(["cat", "night"], CONFIG)
    with pytest.raises(ValueError, match="no choice for the label 'cats'. Did you mean 'cat'?"):
        check_labels(["cats"], CONFIG)


def test_a_result():
    assert choices_result("tags", "img", ("cat",)) == {
        "from_name": "tags",
        "to_name": "img",
        "type": "choices",
        "value": {"choices": ["cat"]},
    }
