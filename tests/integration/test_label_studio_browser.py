"""A real Label Studio in a real browser (make label-studio-browser); it leaves screenshots."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes

LABELS = ["grey", "sun", "shadow"]
# Label Studio asks a backend again after an entry in a text field, never after a tick.
CONFIG = (
    '<View><Image name="photo" value="$image" maxWidth="300px"/>'
    '<Choices name="words" toName="photo" choice="multiple">'
    + "".join(f'<Choice value="{label}"/>' for label in LABELS)
    + '</Choices><TextArea name="ask" toName="photo" smartonly="true" '
    'placeholder="Enter: ask the model again"/></View>'
)

pytestmark = pytest.mark.skipif(
    "CHROMIUM" not in os.environ, reason="CHROMIUM does not name a browser"
)


@pytest.fixture
def model(tmp_path):
    """Where there is sun there is shadow, and most is grey, whatever the image shows."""
    scenes, rng = make_digit_scenes(200, random_state=0), np.random.RandomState(0)
    sun = rng.rand(200) < 0.4
    Y = pd.DataFrame({"grey": rng.rand(200) < 0.9, "sun": sun, "shadow": sun}).astype(int)
    settings = {"image_size": 64, "augment": None, "max_epochs": 30, "memory": None}
    model = CTranClassifier(
        "small", train_backbone=False, device="cpu", random_state=0, **settings
    ).fit(list(scenes.images), Y)
    model.save(tmp_path / "model.ctran")
    return tmp_path / "model.ctran"


def test_a_person_labels_a_task(programs, label_studio, account, serve, model, photos):
    folder = Path(os.environ.get("SCREENSHOTS", model.parent))
    folder.mkdir(parents=True, exist_ok=True)
    walk = Path(__file__).with_name("label_studio_browser.py")
    command = [f"{programs}/python", str(walk), os.environ["CHROMIUM"], *label_studio]
    command += [*account.values(), serve(model), CONFIG, str(folder), *photos[:3]]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert ran.returncode == 0, ran.stderr[-3000:]
    seen = json.loads(ran.stdout.splitlines()[-1])

    assert seen["filled"] == ["grey"]
    # A tick changes nothing else until the model is asked again.
    assert seen["ticked"] == ["grey", "sun"]
    assert seen["asked"] == ["grey", "sun", "shadow"]
    assert seen["known"] == {"sun": 1}
    # Without "grey", a second time: what was said is kept, and "shadow" is still nobody's word.
    assert seen["asked twice"] == ["sun", "shadow"]
    assert seen["known then"] == {"grey": 0, "sun": 1}

    assert seen["submitted"] == 201
    (task,) = [task for task in seen["export"] if task["annotations"]]
    (entry,) = [each for each in task["annotations"][0]["result"] if each["type"] == "choices"]
    assert entry["value"]["choices"] == ["sun", "shadow"]
    assert seen["status"]["annotations"] == 1
