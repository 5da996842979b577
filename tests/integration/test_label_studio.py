"""The backend and a real Label Studio, through its SDK."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran import CTranClassifier, load
from sklearn_ctran.datasets import make_digit_scenes

LABELS = [f"digit {i}" for i in range(10)]
CONFIG = (
    '<View><Image name="photo" value="$image"/>'
    '<Choices name="digits" toName="photo" choice="multiple">'
    + "".join(f'<Choice value="{label}"/>' for label in LABELS)
    + "</Choices></View>"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.ctran"
    scenes = make_digit_scenes(100, random_state=0)
    settings = {"image_size": 64, "augment": None, "max_epochs": 2, "random_state": 0}
    model = CTranClassifier("small", train_backbone=False, device="cpu", **settings)
    model.fit(list(scenes.images), pd.DataFrame(scenes.Y, columns=LABELS)).save(path)
    return path


def test_from_a_project_to_a_new_model(programs, label_studio, serve, model, photos):
    walk = Path(__file__).with_name("label_studio_walk.py")
    command = [f"{programs}/python", str(walk), *label_studio, serve(model), CONFIG, *photos]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert ran.returncode == 0, ran.stderr[-3000:]
    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["state"] == "CO"  # connected

    estimator = load(model)
    tasks = [str(task) for task in seen["order"]]
    for task, p in zip(tasks, estimator.predict_proba(photos), strict=True):
        assert seen["predictions"][task] == np.array(LABELS)[p > 0.5].tolist()
    assert seen["versions"] == ["0"]

    again = seen["asked again"]["data"]
    p = estimator.predict_proba(photos[:1], known_labels={"digit 3": 1})[0]
    assert again["result"][0]["value"]["choices"] == np.array(LABELS)[p > 0.5].tolist()
    assert "digit 3" in again["result"][0]["value"]["choices"]
    assert again["ask"]["label"] != "digit 3"

    # The first was skipped, so it is no annotation.
    assert seen["kept"] == len(photos) - 1
    assert seen["trained"] == "1"
    assert [task["annotations"][0]["was_cancelled"] for task in seen["export"]] == [
        number == 0 for number in range(len(photos))
    ]
