"""SSGRL's network: as the authors', and as the paper's equations."""

import numpy as np
import pytest
import torch

from sklearn_ctran.modules.ssgrl import SemanticDecoupling, SSGRLModel

#: Our names of their weights.
_NAMES = {
    "word_semantic.fc_1": "decouple.of_image",
    "word_semantic.fc_2": "decouple.of_label",
    "word_semantic.fc_3": "decouple.joint",
    "word_semantic.fc_a": "decouple.score",
    "graph_net.fc_eq3_w": "propagate.update_heard",
    "graph_net.fc_eq3_u": "propagate.update_own",
    "graph_net.fc_eq4_w": "propagate.reset_heard",
    "graph_net.fc_eq4_u": "propagate.reset_own",
    "graph_net.fc_eq5_w": "propagate.new_heard",
    "graph_net.fc_eq5_u": "propagate.new_own",
    "fc_output": "combine",
}
_SIZES = {"d_model": None, "n_attention": 16, "n_output": 10, "dropout": 0.5}


@pytest.fixture
def theirs(shared):
    with np.load(shared / "reference" / "rivals" / "ssgrl_tiny.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def ours(theirs, shared_gate):
    module = SSGRLModel(
        20,
        12,
        n_dimensions=300,
        learned=False,
        n_steps=int(theirs["time_step"]),
        shared_gate=shared_gate,
        **_SIZES,
    ).eval()
    state = {
        f"{_NAMES[layer]}.{kind}": value
        for (layer, kind), value in (
            (name.removeprefix("state/").rsplit(".", 1), value)
            for name, value in theirs.items()
            if name.startswith("state/")
        )
        if layer in _NAMES and not (shared_gate and layer == "graph_net.fc_eq4_u")
    }
    if shared_gate:  # One layer under two names.
        for kind in ("weight", "bias"):
            state[f"propagate.reset_own.{kind}"] = state[f"propagate.update_own.{kind}"]
    state |= {
        "classifiers": theirs["state/classifiers.weight"],
        "bias": theirs["state/classifiers.bias"],
        "graph": theirs["adjacency"],
        "vectors.values": theirs["word_features"],
        "feature_mean": module.feature_mean,
        "feature_scale": module.feature_scale,
    }
    module.load_state_dict(state)
    return module


def test_computes_what_the_authors_do(theirs):
    tokens = theirs["feature_map"].flatten(2).transpose(1, 2)
    states = torch.full((4, 20), -1, dtype=torch.int8)
    module = ours(theirs, shared_gate=True)
    decoupled = module.decouple(tokens, module.vectors.values)
    torch.testing.assert_close(decoupled, theirs["decoupled"], atol=1e-5, rtol=0)
    logits = module(tokens, states)[0]
    torch.testing.assert_close(logits, theirs["logits"], atol=1e-5, rtol=0)
    # The paper's fourth equation has a matrix of its own.
    paper = ours(theirs, shared_gate=False)(tokens, states)[0]
    assert 1e-3 < (paper - theirs["logits"]).abs().max() < 0.1


def test_attention_by_hand():
    torch.manual_seed(0)
    decouple = SemanticDecoupling(4, 3, 5)
    features, vectors = torch.randn(2, 6, 4), torch.randn(3, 3)
    found = decouple(features, vectors)
    for label in range(3):
        common = torch.tanh(decouple.of_image(features) * decouple.of_label(vectors[label]))
        weights = decouple.score(decouple.joint(common)).softmax(dim=1)
        torch.testing.assert_close(found[:, label], (weights * features).sum(dim=1))


@pytest.mark.parametrize(("d_model", "width"), [(None, 7), (4, 4)])
def test_features_are_reduced(d_model, width):
    sizes = _SIZES | {"d_model": d_model, "n_output": None}
    module = SSGRLModel(3, 7, n_dimensions=2, learned=True, n_steps=1, **sizes)
    assert module.combine.weight.shape == (width, 2 * width)
    assert module(torch.randn(2, 5, 7), torch.full((2, 3), -1)).shape == (1, 2, 3)
