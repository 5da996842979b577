"""Whatever stands where in a request, the answer says what is wrong, and is no failure."""

import copy
import json

import pytest

RESULT = [
    {
        "from_name": "digits",
        "to_name": "photo",
        "type": "choices",
        "value": {"choices": ["digit 3"]},
        "meta": {"sklearn_ctran": {"ticked": ["digit 1"], "known": {"digit 2": 1}}},
    }
]
ODD = [None, 3, True, "x", "", "\ud800", [], {}, [[]], [None], {"id": []}, 10**30, -1.5, "a\0b"]


def places_in(value, path=()):
    """Paths of all parts of a JSON value."""
    yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, part in value.items() if isinstance(value, dict) else ():
        yield from places_in(part, (*path, key))


def changed(request, path, odd):
    request = copy.deepcopy(request)
    part = request
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = odd
    return request


def requests_of(label_config, photo):
    task = {"id": 9, "data": {"image": photo}, "drafts": [{"updated_at": "2026", "result": RESULT}]}
    project = {"id": 4, "label_config": label_config()}
    annotation = {"id": 31, "result": RESULT, "was_cancelled": False}
    return {
        "/setup": [{"schema": label_config()}],
        "/predict": [
            {"tasks": [task], "label_config": label_config(), "params": {}},
            {"tasks": [{"id": 9, "data": {"image": photo}}], "label_config": label_config()}
            | {"params": {"context": {"result": RESULT}}},
        ],
        "/webhook": [
            {"action": "ANNOTATION_CREATED", "project": project, "task": task}
            | {"annotation": annotation},
            {"action": "ANNOTATIONS_DELETED", "project": project, "annotations": [{"id": 31}]},
            {"action": "TASKS_DELETED", "project": project, "tasks": [{"id": 9}]},
            {"action": "PROJECT_DELETED", "project": project},
        ],
        "/train": [
            {"label_config": label_config(), "annotations": [task | {"annotations": [annotation]}]}
        ],
    }


@pytest.mark.parametrize("path", ["/setup", "/predict", "/webhook", "/train"])
def test_odd_requests(path, start, label_config, photos, monkeypatch):
    monkeypatch.setattr("sklearn_ctran._serve.trainer.Trainer.ask", lambda _: None)
    client, failed = start(), []
    for request in requests_of(label_config, photos[0])[path]:
        assert client.post(path, json=request).status_code == 200
        for place in places_in(request):
            for odd in ODD if place else ():
                content = json.dumps(changed(request, place, odd))
                answer = client.post(path, content=content)
                if answer.status_code >= 500 or (answer.status_code != 200) != (
                    "error" in answer.json()
                ):
                    failed.append((place, odd, answer.status_code))
    assert failed == []
