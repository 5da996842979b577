"""Requests are checked before anything is done."""

import pytest

from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran._serve.messages import config_of, numbers_of, questions_of, rows_of


@pytest.fixture
def config(label_config):
    return config_of(label_config(["cat", "dog"]))


def result(*labels):
    value = {"choices": list(labels)}
    return [{"from_name": "digits", "to_name": "photo", "type": "choices", "value": value}]


def task(**more):
    return {"id": 5, "data": {"image": "a.png"}} | more


def test_a_configuration_is_told_in_words():
    with pytest.raises(RequestError, match="is empty") as error:
        config_of(None)
    assert error.value.status == 422


def test_questions(config):
    drafts = [{"result": result("dog"), "updated_at": "2026"}, {"result": []}, "no draft"]
    asked = questions_of({"tasks": [task(), task(drafts=drafts)]}, config)
    assert [(each.place, each.known) for each in asked] == [("a.png", {}), ("a.png", {"dog": 1})]
    context = {"params": {"context": {"result": result("cat")}}}
    (asked,) = questions_of({"tasks": [task(drafts=drafts)]} | context, config)
    assert asked.known == {"cat": 1}
    with pytest.raises(RequestError, match="a context, but more than one task"):
        questions_of({"tasks": [task()] * 2} | context, config)


@pytest.mark.parametrize("params", [None, 3, {"context": None}, {"context": 3}, {"context": {}}])
def test_requests_without_a_context(params, config):
    (asked,) = questions_of({"tasks": [task()], "params": params}, config)
    assert asked.known == {}


def test_rows(config):
    annotations = [
        {"id": 1, "result": result("cat")},
        {"id": 2, "result": []},
        {"id": 3, "result": result("dog"), "was_cancelled": True},
    ]
    rows, gone = rows_of(task(), annotations, config, 7, "unknown")
    assert rows == [(1, 5, 7, "a.png", {"cat": 1, "dog": 0}), (2, 5, 7, "a.png", {})]
    assert gone == [3]
    rows, _ = rows_of(task(), annotations, config, 7, "negative")
    assert rows[1][-1] == {"cat": 0, "dog": 0}
    with pytest.raises(RequestError, match="must be a list"):
        rows_of(task(), None, config, 7, "unknown")
    with pytest.raises(RequestError, match="An annotation has no number"):
        rows_of(task(), [{"result": []}], config, 7, "unknown")


def test_numbers():
    assert numbers_of([{"id": 3}, 4]) == [3, 4]
    with pytest.raises(RequestError, match="no list of what was deleted"):
        numbers_of(None)
    with pytest.raises(RequestError, match="must be named by numbers"):
        numbers_of(["3"])
