"""The interface that Label Studio talks to."""

import base64
import json

import numpy as np
import pytest

from sklearn_ctran import load


def ticks(*labels, name="digits"):
    return [
        {
            "from_name": name,
            "to_name": "photo",
            "type": "choices",
            "value": {"choices": list(labels)},
        }
    ]


def asked(client, label_config, places, **params):
    tasks = [{"id": i, "data": {"image": place}} for i, place in enumerate(places)]
    request = {"tasks": tasks, "label_config": label_config(), "params": params}
    return client.post("/predict", json=request)


def test_health_and_setup(start, label_config):
    client = start()
    for path in ("/health", "/"):
        answer = client.get(path)
        assert answer.status_code == 200 and answer.json()["status"] == "UP"
    answer = client.post("/setup", json={"schema": label_config(), "project": "1.2"})
    assert answer.json() == {"model_version": "0"}
    assert client.get("/versions").json() == {"versions": ["0"]}


def test_predictions_are_those_of_the_model(start, label_config, photos, model):
    answer = asked(start(), label_config, photos[:5])
    assert answer.status_code == 200
    estimator = load(model)
    proba = estimator.predict_proba(photos[:5])
    assert len(answer.json()["results"]) == 5
    for told, p in zip(answer.json()["results"], proba, strict=True):
        ticked = [label for entry in told["result"] for label in entry["value"]["choices"]]
        assert ticked == [f"digit {i}" for i in np.flatnonzero(p > 0.5)]
        for entry in told["result"]:
            assert (entry["from_name"], entry["to_name"], entry["type"]) == (
                "digits",
                "photo",
                "choices",
            )
            assert entry["score"] == pytest.approx(p[p > 0.5].min(), abs=1e-5)
        assert told["model_version"] == "0"
        assert told["score"] == pytest.approx(np.maximum(p, 1 - p).mean(), abs=1e-5)
        least_sure = int(np.abs(p - 0.5).argmin())
        assert told["ask"]["label"] == f"digit {least_sure}"


@pytest.mark.parametrize("how", ["context", "draft"])
def test_what_is_ticked_is_known(how, start, label_config, photos, model):
    client = start()
    result = ticks("digit 3", "digit 7")
    if how == "context":
        answer = asked(client, label_config, photos[:1], context={"result": result})
    else:
        drafts = [
            {"result": ticks("digit 1"), "updated_at": "2026-01-01T00:00:00Z"},
            {"result": result, "updated_at": "2026-01-02T00:00:00Z"},
        ]
        task = {"id": 1, "data": {"image": photos[0]}, "drafts": drafts}
        request = {"tasks": [task], "label_config": label_config()}
        answer = client.post("/predict", json=request)
    (told,) = answer.json()["results"]
    known = {"digit 3": 1, "digit 7": 1}
    p = load(model).predict_proba(photos[:1], known_labels=known)[0]
    assert told["result"][0]["value"]["choices"] == [f"digit {i}" for i in np.flatnonzero(p > 0.5)]
    assert told["result"][0]["meta"]["probabilities"]["digit 3"] == 1
    assert told["ask"]["label"] not in known
    assert told["ask"]["probability"] == pytest.approx(p[int(told["ask"]["label"][-1])], abs=1e-5)


def test_a_single_choice(start, label_config, photos):
    client = start()
    request = {
        "tasks": [{"id": 1, "data": {"image": photos[0]}}],
        "label_config": label_config(kind="single"),
        "params": {"context": {"result": ticks("digit 3", "digit 7")}},
    }
    (told,) = client.post("/predict", json=request).json()["results"]
    assert len(told["result"][0]["value"]["choices"]) == 1


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        (b"{", 400, "no JSON"),
        (b"\xff\xfe", 400, "no JSON"),
        (b"[" * 100_000, 400, "no JSON"),
        (b"[]", 400, "must be an object, got list"),
        ({}, 422, "configuration is empty"),
        ({"tasks": []}, 400, "no list of tasks"),
        ({"tasks": "all"}, 400, "no list of tasks"),
        ({"tasks": [{}] * 1001}, 413, "more than 1,000 tasks"),
        ({"tasks": [{"id": 5, "data": {}}]}, 422, "Task 5 has no 'image' in its data"),
        ({"tasks": [7]}, 422, "has no 'image'"),
        ({"tasks": [{"id": 5, "data": {"image": 3}}]}, 400, "an address or a path, got 3"),
        ({"tasks": [{"data": {"image": "gone.png"}}]}, 403, "not in a folder that may be read"),
        ({"tasks": [{"data": {"image": "/etc/passwd"}}]}, 403, "not in a folder that may be read"),
        (
            {"tasks": [{"data": {"image": "http://169.254.169.254/"}}]},
            403,
            "169.254.169.254.* is not allowed: --allow-host",
        ),
        ({"tasks": [{"data": {"image": "/data/upload/1/a.png"}}]}, 403, "--label-studio"),
        ({"tasks": [{"data": {"image": "data:image/png;base64,AAAA"}}]}, 422, "cannot be"),
        (
            {
                "tasks": [{"data": {"image": "a.png"}}],
                "params": {"context": {"result": ticks("boat")}},
            },
            422,
            "'digits' has no choice 'boat'",
        ),
        ({"label_config": "<View>"}, 422, "is no XML"),
    ],
)
def test_bad_requests(request_, status, message, start, label_config):
    if isinstance(request_, dict):
        missing = {} if request_ == {} else {"label_config": label_config()}
        request_ = json.dumps(missing | request_).encode()
    client = start()
    answer = client.post("/predict", content=request_)
    assert answer.status_code == status
    assert message.split(".*")[0] in answer.json()["error"]
    assert message.split(".*")[-1] in answer.json()["error"]
    assert client.get("/health").json()["status"] == "UP"


def test_path_traversal(start, label_config, photos, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "photos" / "link.png").symlink_to(tmp_path / "secret.png")
    client = start()
    for place in (f"{tmp_path}/photos/../secret.png", f"{tmp_path}/photos/link.png"):
        answer = asked(client, label_config, [place])
        assert answer.status_code == 403 and "secret" not in answer.text.replace(place, "")


def test_labels_that_were_not_learned(start, label_config, photos):
    config = label_config(["digit 1", "boat"])
    client = start()
    for path, request in (
        ("/setup", {"schema": config}),
        ("/predict", {"label_config": config, "tasks": [{"data": {"image": photos[0]}}]}),
    ):
        answer = client.post(path, json=request)
        assert answer.status_code == 422 and "has not learned 'boat'" in answer.json()["error"]


def test_a_request_that_is_too_large(start, monkeypatch):
    monkeypatch.setattr("sklearn_ctran._serve.app._MOST_BYTES", 10)
    answer = start().post("/predict", content=b" " * 11)
    assert answer.status_code == 413 and "more than 10 bytes" in answer.json()["error"]


def test_a_request_that_says_that_it_is_too_large(start):
    """It is refused before anything of it has come."""
    headers = {"Content-Length": "999999999999"}
    answer = start().post("/predict", content=iter([b"{"]), headers=headers)
    assert answer.status_code == 413


def test_tokens(start, label_config):
    client = start(token="s3cret")
    assert client.get("/health").status_code == 401
    assert client.get("/wrong/health").status_code == 401
    assert client.get("/s3cret/health").status_code == 200
    right = base64.b64encode(b"user:s3cret").decode()
    assert client.get("/health", headers={"Authorization": f"Basic {right}"}).status_code == 200
    for header in ("Basic AAAA", "Basic !", "Bearer s3cret", "Basic"):
        answer = client.get("/health", headers={"Authorization": header})
        assert answer.status_code == 401 and "token is wrong" in answer.json()["error"]
    answer = client.post("/s3cret/setup", json={"schema": label_config()})
    assert answer.status_code == 200


def test_pages_in_a_browser_are_refused(start):
    request = {"action": "PROJECT_DELETED", "project": {"id": 4}}
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    answer = start().post("/webhook", json=request, headers=headers)
    assert answer.status_code == 403 and "evil.example" in answer.json()["error"]


def test_unknown_paths_and_methods(start):
    client = start()
    assert client.get("/nothing").status_code == 404
    answer = client.get("/predict")
    assert answer.status_code == 405 and answer.json()["error"]


def test_an_error_of_the_server_tells_no_secret(start, label_config, photos, monkeypatch):
    client = start()

    def fail(*args):
        raise RuntimeError("a secret")

    monkeypatch.setattr("sklearn_ctran._serve.served.ServedModel.predict", fail)
    answer = asked(client, label_config, photos[:1])
    assert answer.status_code == 500 and "secret" not in answer.text


def webhook(label_config, action="ANNOTATION_CREATED", **more):
    project = {"id": 4, "label_config": label_config()}
    return {"action": action, "project": project} | more


def test_annotations_are_kept(start, label_config, photos):
    client = start()
    task = {"id": 9, "data": {"image": photos[0]}}
    annotation = {"id": 31, "result": ticks("digit 2"), "was_cancelled": False}
    request = webhook(label_config, task=task, annotation=annotation)
    assert client.post("/webhook", json=request).json() == {"status": "ok", "annotations": 1}
    assert client.get("/status").json()["annotations"] == 1
    # The same number again replaces it; a skipped one takes it back.
    client.post("/webhook", json=request | {"action": "ANNOTATION_UPDATED"})
    assert client.get("/status").json()["annotations"] == 1
    skipped = request | {"annotation": annotation | {"was_cancelled": True}}
    assert client.post("/webhook", json=skipped).json()["annotations"] == 0
    assert client.get("/status").json()["annotations"] == 0
    assert client.get("/status").json()["new_annotations"] == 3


@pytest.mark.parametrize(
    "deleted",
    [
        {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 31}]},
        {"action": "TASKS_DELETED", "tasks": [{"id": 9}]},
        {"action": "PROJECT_DELETED", "project": {"id": 4}},
    ],
    ids=lambda request: request["action"],
)
def test_what_is_deleted_is_gone(deleted, start, label_config, photos):
    client = start()
    task = {"id": 9, "data": {"image": photos[0]}}
    annotation = {"id": 31, "result": ticks("digit 2")}
    client.post("/webhook", json=webhook(label_config, task=task, annotation=annotation))
    assert client.post("/webhook", json=deleted).json() == {"status": "ok"}
    assert client.get("/status").json()["annotations"] == 0


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"annotation": {"id": 1, "result": ticks("boat")}}, 422),
        ({"annotation": {"result": []}}, 400),
        ({"annotation": 7}, 400),
        ({"annotation": {"id": 1, "result": []}, "task": {"id": 1, "data": {}}}, 422),
        ({"project": None}, 422),
        ({"action": "ANNOTATIONS_DELETED"}, 400),
        ({"action": "ANNOTATIONS_DELETED", "annotations": [{}]}, 400),
    ],
)
def test_bad_webhooks_change_nothing(more, status, start, label_config, photos):
    client = start()
    task = {"id": 9, "data": {"image": photos[0]}}
    good = webhook(label_config, task=task, annotation={"id": 31, "result": ticks("digit 2")})
    client.post("/webhook", json=good)
    answer = client.post("/webhook", json=good | more)
    assert answer.status_code == status and answer.json()["error"]
    assert client.get("/status").json()["annotations"] == 1


def test_other_webhooks_are_ignored(start, label_config):
    answer = start().post("/webhook", json=webhook(label_config, "TASKS_CREATED"))
    assert answer.json() == {"status": "ignored"}


def test_what_the_model_ticked_is_not_what_the_annotator_said(start, label_config, photos, model):
    """A form that was filled comes back whole; what differs from the prediction is known."""
    client, estimator = start(), load(model)

    def again(entry, choices):
        result = [entry | {"value": {"choices": sorted(choices)}}]
        answer = asked(client, label_config, photos[:1], context={"result": result})
        entry = answer.json()["results"][0]["result"][0]
        return entry, set(entry["value"]["choices"])

    def expected(**known):
        known = {name.replace("_", " "): state for name, state in known.items()}
        p = estimator.predict_proba(photos[:1], known_labels=known)[0]
        return {f"digit {i}" for i in np.flatnonzero(p > 0.5)}

    # The ticks of an empty form are all the annotator's.
    entry, filled = again(ticks()[0], {"digit 3", "digit 7"})
    assert filled == expected(digit_3=1, digit_7=1)
    entry, filled = again(entry, (filled | {"digit 5"}) - {"digit 7"})
    assert filled == expected(digit_3=1, digit_5=1, digit_7=0)
    # What was said before is still known, as the answer's own ticks are not.
    assert again(entry, filled)[1] == filled
    entry, filled = again(entry, (filled | {"digit 7"}) - {"digit 3"})
    assert filled == expected(digit_3=0, digit_5=1, digit_7=1)
    assert entry["meta"]["sklearn_ctran"] == {
        "ticked": entry["value"]["choices"],
        "known": {"digit 3": 0, "digit 5": 1, "digit 7": 1},
    }
    # A tick of the model's is nobody's.
    sources = {"ticked": ["digit 1"], "known": {}}
    model_s = ticks()[0] | {"meta": {"sklearn_ctran": sources}}
    assert again(model_s, {"digit 1", "digit 2"})[1] == expected(digit_2=1)


@pytest.mark.parametrize(
    "sources",
    [3, {}, {"ticked": 3, "known": {}}, {"ticked": [], "known": []}]
    + [{"ticked": [], "known": {"digit 1": 2}}, {"ticked": [], "known": {"digit 1": [1]}}],
)
def test_broken_meta_data(sources, start, label_config, photos):
    result = [ticks("digit 3")[0] | {"meta": {"sklearn_ctran": sources}}]
    answer = asked(start(), label_config, photos[:1], context={"result": result})
    assert answer.status_code == 422 and "meta data of 'digits'" in answer.json()["error"]


def test_labels_of_an_older_configuration_in_meta_data(start, label_config, photos):
    sources = {"ticked": ["boat"], "known": {"ship": 1}}
    result = [ticks("digit 3")[0] | {"meta": {"text": ["a note"], "sklearn_ctran": sources}}]
    (told,) = asked(start(), label_config, photos[:1], context={"result": result}).json()["results"]
    known = told["result"][0]["meta"]["sklearn_ctran"]["known"]
    assert known == {"digit 3": 1}
