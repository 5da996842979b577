"""Training (trainer.py, refit.py) beside the answers."""

import time

import numpy as np
import pytest

from sklearn_ctran import load
from sklearn_ctran._serve import trainer as trainer_module


def annotated(client, label_config, photos, Y, first=0):
    """Annotate photos with their true labels."""
    project = {"id": 4, "label_config": label_config()}
    for number, (photo, row) in enumerate(zip(photos, Y, strict=True), first):
        labels = [f"digit {i}" for i in np.flatnonzero(row)]
        value = {"choices": labels}
        result = [{"from_name": "digits", "to_name": "photo", "type": "choices", "value": value}]
        request = {
            "action": "ANNOTATION_CREATED",
            "project": project,
            "task": {"id": number, "data": {"image": photo}},
            "annotation": {"id": number, "result": result},
        }
        assert client.post("/webhook", json=request).status_code == 200


def finished(client, seconds=120):
    """The state of the training once it has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = client.get("/status").json()
        if state["training"]["state"] in ("idle", "failed") and state["training"]["message"]:
            return state
        time.sleep(0.1)
    raise AssertionError(f"still {state}")


def test_new_annotations_become_a_new_version(start, label_config, photos, scenes, tmp_path):
    client = start(train_every=12)
    annotated(client, label_config, photos[:12], scenes.Y[:12])
    # The old model answers while the new one is trained.
    assert client.get("/health").json()["model_version"] == "0"
    state = finished(client)
    assert state["training"]["state"] == "idle"
    assert state["model_version"] == "1" and state["new_annotations"] == 0
    assert client.get("/versions").json() == {"versions": ["0", "1"]}
    model = load(tmp_path / "server" / "models" / "1.ctran")
    # What a fit to the annotated images learns.
    assert model.memory_ is None or len(model.memory_.rows) <= 12
    tasks = [{"id": 1, "data": {"image": photos[20]}}]
    request = {"tasks": tasks, "label_config": label_config()}
    (told,) = client.post("/predict", json=request).json()["results"]
    assert told["model_version"] == "1"
    p = model.predict_proba(photos[20:21])[0]
    assert told["ask"]["probability"] == pytest.approx(
        p[model.label_names_.tolist().index(told["ask"]["label"])], abs=1e-5
    )


def test_too_little_to_learn_from(start, label_config, photos, scenes):
    client = start()
    annotated(client, label_config, [*photos[:3], "/gone.png"], scenes.Y[:4])
    answer = client.post("/webhook", json={"action": "START_TRAINING", "project": {"id": 4}})
    assert answer.json()["status"] == "ok"
    state = finished(client)
    assert state["training"]["state"] == "failed" and state["model_version"] == "0"
    assert (
        "at least 10 annotated images, there are 3; 1 more cannot be read"
        in (state["training"]["message"])
    )
    assert "/gone.png" in state["training"]["skipped"][0]
    assert state["annotations"] == 4


def test_tasks_may_come_with_the_request(start, label_config, photos, scenes):
    client = start()
    tasks = [
        {
            "id": number,
            "project": 4,
            "data": {"image": photo},
            "annotations": [
                {
                    "id": number,
                    "result": [
                        {
                            "from_name": "digits",
                            "to_name": "photo",
                            "type": "choices",
                            "value": {"choices": ["digit 1"]},
                        }
                    ],
                }
            ],
        }
        for number, photo in enumerate(photos[:3])
    ]
    request = {"annotations": tasks, "label_config": label_config(), "project": "4.1"}
    assert client.post("/train", json=request).json()["status"] == "ok"
    assert client.get("/status").json()["annotations"] == 3
    for bad in ({"annotations": 3}, {"annotations": [3]}, {"annotations": tasks}):
        answer = client.post("/train", json={"label_config": label_config()} | bad)
        assert answer.status_code == (200 if bad["annotations"] is tasks else 400)


def test_a_table_to_begin_with(start, label_config, photos, scenes, tmp_path, monkeypatch):
    """Its rows are learned too; an annotated image is the annotators'."""
    jobs = []
    written = trainer_module.write_job

    def write_job(path, model, out, cache, images, names, states):
        jobs.append((images, names, states))
        written(path, model, out, cache, images, names, states)

    monkeypatch.setattr(trainer_module, "write_job", write_job)
    table = photos[:6], ["boat", "digit 1"], np.ones((6, 2), np.int8)
    client = start(table=table, train_every=2)
    annotated(client, label_config, [photos[0], photos[7]], scenes.Y[[0, 7]])
    finished(client)
    images, names, states = jobs[0]
    assert images[:5] == photos[1:6] and len(images) == 7
    assert names[:2] == ["boat", "digit 1"] and set(names) >= {f"digit {i}" for i in range(10)}
    assert (states[:5, :2] == 1).all() and (states[:5, 2:] == -1).all()
    assert (states[5:, 0] == -1).all()
    order = [names.index(f"digit {i}") for i in range(10)]
    np.testing.assert_array_equal(states[5:][:, order], scenes.Y[[0, 7]])


def test_a_failed_training_leaves_the_old_model(start, label_config, photos, scenes, monkeypatch):
    client = start()
    # No negative entry is left: nothing could be learned.
    monkeypatch.setattr(
        trainer_module.Trainer, "_rows", lambda _: (["gone.png"] * 12, ["a"], np.ones((12, 1)))
    )
    client.post("/train", json={})
    state = finished(client)
    assert state["training"]["state"] == "failed"
    assert state["training"]["message"].startswith("Training failed: ")
    assert "gone.png" in state["training"]["message"]
    assert client.get("/health").json()["model_version"] == "0"


def test_a_server_that_ends_ends_its_training(start, label_config, photos, scenes):
    client = start()
    annotated(client, label_config, photos[:12], scenes.Y[:12])
    client.post("/train", json={})
    client.__exit__()
