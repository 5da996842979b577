"""save_label_studio: tasks with pre-annotations, which load_label_studio takes for no labels."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.datasets import load_label_studio, save_label_studio

NAN = np.nan


@pytest.fixture
def proba(folder):
    paths = [str(folder / name) for name in ("a.jpg", "b.jpg")]
    return pd.DataFrame({"dog": [0.9, 0.4], "night": [0.7, 0.2]}, index=paths)


def saved(folder, *args, **kwargs):
    save_label_studio(folder / "tasks.json", *args, **kwargs)
    return json.loads((folder / "tasks.json").read_text(encoding="utf-8"))


def test_tasks(proba, config, folder):
    first, second = saved(folder, proba, config, document_root=folder, model_version="v1")
    assert first["data"] == {"photo": "/data/local-files/?d=a.jpg"}
    (given,) = first["predictions"]
    assert given["model_version"] == "v1" and given["score"] == 0.8
    assert given["result"][0] == {
        "from_name": "tags",
        "to_name": "img",
        "type": "choices",
        "value": {"choices": ["dog"]},
        "score": 0.9,
    }
    assert second["predictions"][0]["result"] == []


def test_predictions_are_no_annotations(proba, config, folder):
    saved(folder, proba, config, document_root=folder)
    data = load_label_studio(folder / "tasks.json", label_config=config)
    assert data.images == proba.index.tolist()
    assert data.target.isna().all().all()


def test_thresholds(proba, config, folder):
    for thresholds in (0.3, {"dog": 0.3}, [0.3, 0.5]):
        tasks = saved(folder, proba, config, document_root=folder, thresholds=thresholds)
        assert tasks[1]["predictions"][0]["result"][0]["value"] == {"choices": ["dog"]}
    for thresholds, message in [({"x": 1}, "'x', which is no label"), ([0.5], "a number, a dict")]:
        with pytest.raises(ValueError, match=message):
            saved(folder, proba, config, document_root=folder, thresholds=thresholds)


def test_addresses(proba, config, folder):
    images = ["http://a.org/x.jpg", "/data/upload/1/b.jpg"]
    tasks = saved(folder, proba, config, images=images)
    assert [task["data"]["photo"] for task in tasks] == images
    (folder / "a b").mkdir()
    tasks = saved(
        folder, proba[:1], config, images=[folder / "a b" / "ü.jpg"], document_root=folder
    )
    assert tasks[0]["data"]["photo"] == "/data/local-files/?d=a%20b/%C3%BC.jpg"
    with pytest.raises(ValueError, match="LOCAL_FILES_DOCUMENT_ROOT"):
        saved(folder, proba, config)
    with pytest.raises(ValueError, match="is not in the folder document_root"):
        saved(folder, proba, config, document_root=folder / "a b")
    with pytest.raises(ValueError, match="There are 1 images, but the frame has 2 rows"):
        saved(folder, proba, config, images=["a"])


def test_priority(proba, config, folder):
    tasks = saved(folder, proba, config, document_root=folder, priority=[0.1, 0.7])
    assert [task["data"]["priority"] for task in tasks] == [0.7, 0.1]
    assert tasks[0]["data"]["photo"].endswith("b.jpg")
    tasks = saved(folder, proba, config, document_root=folder, priority="uncertainty")
    entropy = -(0.4 * np.log(0.4) + 0.6 * np.log(0.6) + 0.2 * np.log(0.2) + 0.8 * np.log(0.8))
    assert tasks[0]["data"]["priority"] == pytest.approx(entropy, abs=1e-6)
    for priority in ("gain", [1.0], [1.0, NAN]):
        with pytest.raises(ValueError, match="priority must be"):
            saved(folder, proba, config, document_root=folder, priority=priority)


def test_images_that_cannot_be_read(proba, config, folder):
    proba.iloc[0] = NAN
    tasks = saved(folder, proba, config, document_root=folder, priority="uncertainty")
    assert tasks[1]["predictions"] == [] and tasks[1]["data"]["priority"] == 0


def test_labels_must_be_choices(proba, config, folder):
    with pytest.raises(ValueError, match="no choice for the label 'bird'"):
        saved(folder, proba.rename(columns={"dog": "bird"}), config, document_root=folder)
    assert not (folder / "tasks.json").exists()
