"""Fields of classes, their kinds and sizes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sklearn_ctran._persistence.fields import (
    check_field_names,
    check_fields,
    check_names,
    sizes_of,
)

SIZES = {"labels": 3, "targets": 2}
LINEAR = {
    "task_": type("LabelTask", (), {})(),
    "n_features_in_": 4,
    "coef_": np.zeros((3, 4)),
    "label_coef_": np.zeros((3, 2, 3)),
    "intercept_": np.zeros(3),
    "_one_state": np.zeros(3, dtype=np.int8),
    "n_iter_": 5,
}


def test_names():
    check_names("A", "fields", {"x": 1, "y": 2}, {"x"}, {"y"})
    with pytest.raises(ValueError, match="A lacks fields: z"):
        check_names("A", "fields", {"x": 1}, {"x", "z"})
    with pytest.raises(ValueError, match="A has unknown fields: x, y"):
        check_names("A", "fields", {"x": 1, "y": 2, "z": 1}, {"z"})
    check_field_names("MaskedLinear", LINEAR)
    check_field_names("TokenCache", {"whatever": 1})  # Its constructor checks them.


def test_sizes_of_a_task():
    assert sizes_of(SimpleNamespace(n_all_labels=3, n_labels=2)) == SIZES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("coef_", np.zeros((2, 4))),
        ("coef_", np.zeros((3, 4), dtype=np.float32)),
        ("coef_", np.zeros(3)),
        ("coef_", torch.zeros(3, 4, dtype=torch.float64)),
        ("coef_", [[0.0] * 4] * 3),
        ("coef_", np.full((3, 4), np.nan)),
        ("coef_", np.full((3, 4), np.inf)),
        ("label_coef_", np.zeros((3, 3, 3))),
        ("n_iter_", 1.0),
        ("n_iter_", True),
        ("n_iter_", -1),
        ("n_features_in_", 0),
        ("task_", None),
    ],
)
def test_kinds_sizes_and_values(name, value):
    check_fields("MaskedLinear", LINEAR, dict(SIZES))
    with pytest.raises(ValueError, match=f"field {name} of MaskedLinear has another kind"):
        check_fields("MaskedLinear", LINEAR | {name: value}, dict(SIZES))


def test_fields_that_do_not_go_together():
    with pytest.raises(ValueError, match="fields of MaskedLinear do not go together"):
        check_fields("MaskedLinear", LINEAR | {"n_features_in_": 5}, dict(SIZES))


def test_texts_of_labels():
    number = np.zeros(2, dtype=np.float32)
    text = {
        "mean": np.zeros(4, dtype=np.float32),
        "vectors": np.zeros((2, 4), dtype=np.float32),
        "log_odds": number,
        "log_pos_weight": number,
        "room": np.zeros(3, dtype=np.float32),
    }
    check_fields("LabelText", text, dict(SIZES))
    with pytest.raises(ValueError, match="fields of LabelText do not go together"):
        check_fields("LabelText", text | {"room": number[:0]}, dict(SIZES))
    with pytest.raises(ValueError, match="field room of LabelText"):
        check_fields("LabelText", text | {"room": np.full(3, 1e9, np.float32)}, dict(SIZES))


def rules(**changes):
    names = np.array(["a", "b", "c"], dtype=object)
    return {"names": names, "groups": {"g": (0, 1)}, "classes": 0} | {
        "exclusive": [((0, 1), True)],
        "implications": [(2, 0)],
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": {"g": (0, 3)}},
        {"groups": {"g": (0, -1)}},
        {"groups": {"g": (0, 1.0)}},
        {"exclusive": [((0,), True)]},
        {"exclusive": [((0, 0), True)]},
        {"exclusive": [((0, 1), 1)]},
        {"implications": [(2, 2)]},
        {"implications": [(0, 1, 2)]},
        {"classes": 4},
        {"implications": [(n, n + 1) for n in range(5000)], "names": np.arange(5001)},
    ],
)
def test_rules(changes):
    check_fields("LabelRules", rules(), {})
    with pytest.raises(ValueError, match="LabelRules"):
        check_fields("LabelRules", rules(**changes), {})
