"""Classes, exclusive groups and known labels in an exported graph; rules that are refused."""

import numpy as np
import pytest
import torch
from small_models import RULES, quick

from sklearn_ctran import export_onnx
from sklearn_ctran._export.rules_graph import RulesGraph
from sklearn_ctran._labels.targets import Targets
from sklearn_ctran._task import make_task


def task_of(n_labels, exclusive=False, **rules):
    names = np.array([f"l{i}" for i in range(n_labels)])
    classes = np.arange(n_labels) if exclusive else np.tile([0, 1], (n_labels, 1))
    return make_task(Targets(None, names, classes, exclusive=exclusive), (), **rules)


TASKS = {
    "none": task_of(6),
    "at most one": task_of(
        6, exclusive_groups={"g": "at_most_one"}, label_groups={"g": ["l0", "l2", "l5"]}
    ),
    "exactly one": task_of(
        6, exclusive_groups={"g": "exactly_one"}, label_groups={"g": ["l0", "l2", "l5"]}
    ),
    "two": task_of(
        7,
        exclusive_groups={"g": "exactly_one", "h": "at_most_one"},
        label_groups={"g": ["l0", "l6"], "h": ["l1", "l3", "l4"]},
    ),
    "classes": task_of(4, exclusive=True),
}


@pytest.mark.parametrize("name", TASKS)
def test_probabilities_logits_and_implied_states(name):
    task, rng = TASKS[name], np.random.RandomState(0)
    logits = (4 * rng.randn(200, task.n_all_labels)).astype(np.float32)
    given = rng.choice([-1, -1, -1, 0, 1], size=logits.shape).astype(np.int8)
    is_allowed = ~task.rules.contradictions(given).any(axis=1)
    logits, given = logits[is_allowed], given[is_allowed]
    assert len(given) > 50
    graph = RulesGraph(task)
    states = graph.propagated(torch.from_numpy(given))
    expected = task.rules.propagate(given)
    assert states.dtype == torch.int8
    np.testing.assert_array_equal(states.numpy(), expected)
    proba, found = graph(torch.from_numpy(logits), states)
    np.testing.assert_allclose(proba.numpy(), task.probabilities(logits, expected), atol=1e-6)
    np.testing.assert_allclose(
        found.numpy(), task.decision_values(logits, expected), atol=1e-4, rtol=1e-5
    )


@pytest.mark.parametrize(
    "rules, message",
    [
        ({"implies": {"l0": "l1"}}, "implications between labels"),
        (
            {
                "label_groups": {"g": ["l0", "l1"]},
                "exclusive_groups": {"g": "at_most_one"},
                "implies": {"l3": "l4"},
            },
            "implications between labels",
        ),
        ({"exclusive_groups": [["l0", "l1"], ["l1", "l2"]]}, "have a label in common"),
    ],
)
def test_rules_that_cannot_be_exported(rules, message):
    with pytest.raises(ValueError, match=f"{message}.*cannot be exported"):
        RulesGraph(task_of(6, **rules))


def test_a_fitted_model_with_groups(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pandas = pytest.importorskip("pandas")
    rng = np.random.RandomState(0)
    X, names = rng.randn(60, 6).astype(np.float32), ["sun", "rain", "snow", "city", "farm", "cat"]
    Y = np.zeros((60, 6), int)
    Y[np.arange(40), rng.randint(3, size=40)] = 1
    Y[np.arange(60), rng.randint(3, 5, size=60)] = 1
    Y[:, 5] = rng.randint(2, size=60)
    rules = {name: RULES[name] for name in ("label_groups", "exclusive_groups")}
    model = quick(precision="float32", **rules).fit(X, pandas.DataFrame(Y, columns=names))
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    states = np.full((len(X), model.n_labels_), -1, dtype=np.int8)
    states[:, list(model.label_names_).index("rain")] = 1
    values = {"features": np.asarray(X, dtype=np.float32), "states": states}
    proba, _ = session.run(None, values)
    np.testing.assert_allclose(proba, model.predict_proba(X, {"rain": 1}), atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_fitted_model_of_one_class_an_image(n_classes, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    rng = np.random.RandomState(0)
    X, y = rng.randn(40, 5).astype(np.float32), rng.randint(n_classes, size=40)
    model = quick(precision="float32").fit(X, y)
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    states = np.full((40, n_classes), -1, dtype=np.int8)
    proba, logits = session.run(None, {"features": X, "states": states})
    np.testing.assert_allclose(proba, model.predict_proba(X), atol=1e-4)
    assert logits.shape == (40, n_classes)
