"""Trees that no encoder wrote, to a model or an error, and nothing is run or allocated for them."""

import json
import resource

import pytest
import torch
from model_files import header_and_tensors, write
from saved_models import savable
from small_models import quick

from sklearn_ctran import load
from sklearn_ctran._persistence.decoding import Decoder


def decode(tree, **tensors):
    return Decoder(tensors, {}).decode(tree)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"type": "pickle", "value": "gASVAAAA"},
        {"type": ["tuple"], "items": []},
        {"type": "tuple"},
        {"type": "tuple", "items": [], "more": 1},
        {"type": "tuple", "items": 3},
        {"type": "float", "value": "1"},
        {"type": "dict", "items": [[1]]},
        {"type": "dict", "items": [[[], 1]]},
        {"type": "bytes", "hex": "x"},
        {"type": "path", "value": 3},
        {"type": "scalar", "dtype": "object", "value": 3},
        {"type": "scalar", "dtype": "float64", "value": "3"},
        {"type": "scalar", "dtype": "str", "value": 3},
        {"type": "scalar", "dtype": "<U1000000000", "value": 3},
        {"type": "tensor", "tensor": "x", "turned": False},
        {"type": "array", "tensor": "x", "turned": False},
        {"type": "objects", "width": None, "shape": [2**40], "items": []},
        {"type": "objects", "width": None, "shape": [2, -1], "items": [1, 2]},
        {"type": "objects", "width": None, "shape": [1.0], "items": [1]},
        {"type": "objects", "width": 2**31, "shape": [1], "items": ["a"]},
        {"type": "objects", "width": 0, "shape": [1], "items": ["a"]},
        {"type": "objects", "width": 4, "shape": [1], "items": [1]},
        {"type": "records", "keys": ["a"], "columns": [[1], [2]]},
        {"type": "records", "keys": ["a", "b"], "columns": [[1], [2, 3]]},
        {"type": "records", "keys": [1], "columns": [[1]]},
        {"type": "records", "keys": ["a"], "columns": [{"of": "eval", "tensor": "x"}]},
        {"type": "optimizer", "name": "os"},
        {"type": "optimizer", "name": "LBFGS"},
        {"type": "same", "number": 0},
        {"type": "same", "number": True},
        {"type": "object", "name": "CTranClassifier", "fields": {}},
        {"type": "object", "name": "system", "fields": {}},
        {"type": "object", "name": "_Sigmoid", "fields": {"slope": 1.0}},
        {"type": "object", "name": "_Sigmoid", "fields": {"slope": 1.0, "intercept": "x"}},
        {"type": "object", "name": "Plan", "fields": {"n_layers": 2**40, "max_epochs": 1}},
        {"type": "estimator", "name": "MaskedLinear", "params": {"more": 1}, "state": {}},
        {"type": "estimator", "name": "LogisticRegression", "params": {}, "state": {}},
        {"type": "estimator", "name": ["MLkNN"], "params": {}, "state": {}},
    ],
    ids=json.dumps,
)
def test_values_that_no_encoder_writes(tree):
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        decode(tree)


def test_tensors_are_used_once():
    tree = {"type": "tensor", "tensor": "x", "turned": False}
    assert decode(tree, x=torch.ones(2)).sum() == 2
    with pytest.raises(ValueError, match="refers to it twice"):
        decode([tree, tree], x=torch.ones(2))
    decoder = Decoder({"x": torch.ones(2)}, {})
    with pytest.raises(ValueError, match="tensor 'x', to which nothing refers"):
        decoder.check_all_used()


# -- whole files -----------------------------------------------------------------------------------


@pytest.fixture
def content(tmp_path, features):
    X, Y = features
    path = tmp_path / "m.safetensors"
    quick(None).fit(X, Y).save(path)
    return path, *header_and_tensors(path)


def refused(path, header, tensors, message):
    write(path, header, tensors)
    with pytest.raises(ValueError, match=rf"m.safetensors' cannot be loaded: .*{message}"):
        load(path)


def test_fields_that_are_missing_or_unknown(content):
    path, header, tensors = content
    model = header["model"]
    plan = model["state"].pop("_plan")
    refused(path, header, tensors, "CTranClassifier lacks fields: _plan")
    model["state"] |= {"_plan": plan, "more": 1}
    refused(path, header, tensors, "unknown fields: more")
    del model["state"]["more"]
    model["params"]["more"] = 1
    refused(path, header, tensors, "unknown parameters: more")
    del model["params"]["more"]
    model["name"] = "LogisticRegression"
    refused(path, header, tensors, "names the class 'LogisticRegression', which no file has")


def test_parameters_that_came_with_a_later_version(content, features):
    """A file that does not have them yet."""
    path, header, tensors = content
    del header["model"]["params"]["shortcut"], header["model"]["params"]["n_masks"]
    items = header["model"]["state"]["_structure"]["items"]
    header["model"]["state"]["_structure"]["items"] = [x for x in items if x[0] != "shortcut"]
    write(path, header, tensors)
    model = load(path)
    assert (model.shortcut, model.n_masks) == (True, 1)
    X, Y = features
    model.set_params(warm_start=True).fit(X, Y)


def test_parameters_that_no_estimator_takes(content):
    path, header, tensors = content
    header["model"]["params"]["n_heads"] = -1
    refused(path, header, tensors, "'n_heads' parameter of CTranClassifier must be")


def test_shapes(content):
    path, header, tensors = content
    tensors["net_.weights.readout.weight"] = torch.ones(4, 16)
    refused(path, header, tensors, r"'readout.weight' has the shape \(4, 16\), not \(3, 16\)")


def test_memories_of_another_size(content):
    path, header, tensors = content
    tensors["memory_.log_pos_weight"] = torch.zeros(7)
    refused(path, header, tensors, "the field log_pos_weight of LabelMemory has another kind, size")


def test_estimators_that_are_not_fitted(content):
    path, header, _ = content
    header["model"]["state"] = {}
    refused(path, header, {}, "it holds no fitted estimator")


@pytest.mark.parametrize(
    "change",
    [
        {"d_model": 10**9},
        {"n_heads": 10**9},
        {"regions": 10**9},
        {"n_masks": 10**9},
        {"backbone": "vit_h_14"},
    ],
)
def test_sizes_are_not_believed(content, change):
    path, header, tensors = content
    header["model"]["params"] |= change
    structure = dict(header["model"]["state"]["_structure"]["items"])
    items = [[name, change.get(name, value)] for name, value in structure.items()]
    header["model"]["state"]["_structure"]["items"] = items
    write(path, header, tensors)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        load(path)
    except ValueError as error:
        assert "m.safetensors' cannot be loaded" in str(error)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize("name", savable())
def test_every_entry_counts(tmp_path, features, name):
    """Without any one of them there is an error that names the file."""
    X, Y = features
    path = tmp_path / "m.safetensors"
    savable()[name].fit(X, Y).save(path)
    header, tensors = header_and_tensors(path)
    state = header["model"]["state"]
    for entry in state.keys() - {"n_features_in_", "skipped_", "feature_names_in_"}:
        header["model"]["state"] = {each: state[each] for each in state if each != entry}
        refused(path, header, tensors, "")
