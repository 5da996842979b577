"""``export``."""

import json

import numpy as np
import pytest

from sklearn_ctran import load

onnxruntime = pytest.importorskip("onnxruntime")


def test_a_model_for_other_programs(cli, model, scenes):
    shown = cli("export", model, "model.onnx")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith("model.onnx: from images to 10 labels, ")
    session = onnxruntime.InferenceSession("model.onnx")
    images = np.repeat(scenes.images[:4, :, :, None], 3, axis=3)
    states = np.full((4, 12), -1, dtype=np.int8)
    states[:, 3] = 1
    proba = session.run(["probabilities"], {"images": images, "states": states})[0]
    expected = load(model).predict_proba(scenes.images[:4], {"digit 3": 1})
    np.testing.assert_allclose(proba, expected, atol=1e-3)


def test_as_json(cli, model):
    told = json.loads(cli("export", model, "model.onnx", "--json").stdout)
    assert told["labels"][3] == "digit 3"
    assert told["images"]["height"] == 32
    assert told["bytes"] > 1000


def test_what_is_wrong(cli, model):
    assert cli("export", "lost.ctran", "model.onnx").exit_code == 1
    shown = cli("export", model, "nowhere/model.onnx")
    assert shown.exit_code == 1 and "There is no folder nowhere" in shown.stderr
