"""Training a part of a backbone: which weights move, which stay, and what is refused."""

import pickle

import numpy as np
import pytest
import torch
from made_images import noise
from sklearn.base import clone
from small_models import quick
from torch import nn

from sklearn_ctran import FineTuning, load
from sklearn_ctran.baselines import KGGR, SRN, ConceptBottleneck, LinearHead


def made_cnn():
    torch.manual_seed(0)
    layers = [
        layer
        for n_inputs, n_outputs in ((3, 4), (4, 6), (6, 8))
        for layer in (
            nn.Conv2d(n_inputs, n_outputs, 2, 2, bias=False), nn.BatchNorm2d(n_outputs), nn.ReLU()
        )
    ]  # fmt: skip
    return nn.Sequential(*layers)


CNN = made_cnn()
X = noise(12, 16, 16)
Y = np.arange(24).reshape(-1, 2) % 3 % 2


def fitted(train_backbone, **params):
    settings = {"image_size": None, "precision": "float32", "batch_size": 4, "augment": None}
    return quick(CNN, train_backbone=train_backbone, **settings | params).fit(X, Y)


def moved(model):
    """Which of the three convolutions, and of the three norms' weights and statistics, moved."""
    trunk = model.net_.module_.backbone.trunk
    pairs = list(zip(trunk, CNN, strict=True))
    differs = [
        [not torch.equal(getattr(own, name), getattr(old, name)) for own, old in pairs[first::3]]
        for first, name in ((0, "weight"), (1, "weight"), (1, "running_mean"))
    ]
    return ["".join("x" if each else "-" for each in row) for row in differs]


@pytest.mark.parametrize(
    "train_backbone, expected",
    [
        (False, ["---", "---", "---"]),
        (True, ["xxx", "xxx", "xxx"]),
        ("last_stage", ["--x", "--x", "--x"]),
        (2, ["-xx", "-xx", "-xx"]),
        (np.int64(2), ["-xx", "-xx", "-xx"]),
        (3, ["xxx", "xxx", "xxx"]),
        (FineTuning(), ["--x", "--x", "--x"]),
        (FineTuning(2, batch_norm="frozen"), ["-xx", "---", "---"]),
        (FineTuning(None, batch_norm="frozen"), ["xxx", "---", "---"]),
    ],
    ids=str,
)
def test_which_parts_train(train_backbone, expected):
    model = fitted(train_backbone)
    assert moved(model) == expected
    assert model.chosen_["train_backbone"] == any("x" in row for row in expected)


def test_baselines_have_it_too():
    head = LinearHead(CNN, train_backbone="last_stage", image_size=None, max_epochs=2)
    assert moved(head.fit(X, Y))[0] == "--x"


@pytest.mark.parametrize("n_stages", [2, None])
def test_recomputing_changes_nothing_but_the_memory(n_stages):
    kept, again = (
        fitted(FineTuning(n_stages, batch_norm="frozen", recompute=recompute), device="cpu")
        for recompute in (False, True)
    )
    np.testing.assert_allclose(again.predict_proba(X), kept.predict_proba(X), atol=1e-6)
    assert moved(again) == moved(kept)


def test_recomputing_keeps_fewer_activations():
    def count(recompute):
        model = fitted(FineTuning(None, batch_norm="frozen", recompute=recompute))
        backbone = model.net_.module_.backbone.train()
        saved = []
        hooks = torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: saved.append(tensor.numel()) or tensor, lambda tensor: tensor
        )
        with hooks:
            backbone(torch.zeros(4, 3, 16, 16, dtype=torch.uint8))
        return sum(saved)

    assert count(True) < 0.7 * count(False)


def test_recomputing_draws_the_same_numbers():
    cnn = nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.Dropout(0.5), nn.Conv2d(4, 4, 2, 2))
    settings = {"image_size": None, "augment": None, "precision": "float64", "device": "cpu"}
    kept, again = (
        quick(cnn, train_backbone=FineTuning(None, recompute=recompute), **settings).fit(X, Y)
        for recompute in (False, True)
    )
    np.testing.assert_allclose(again.predict_proba(X), kept.predict_proba(X), atol=1e-9)


def test_warm_starts_change_which_parts_train():
    model = fitted("last_stage", warm_start=True)
    before = model.net_.module_.backbone.trunk[0].weight.clone()
    model.set_params(train_backbone=True).fit(X, Y)
    assert not torch.equal(model.net_.module_.backbone.trunk[0].weight, before)
    model.set_params(train_backbone=False).fit(X, Y)
    assert model.net_.module_.backbone.frozen


def test_a_loaded_model_predicts_the_same(tmp_path):
    settings = {"image_size": 64, "max_epochs": 1, "weights": None}
    model = quick("resnet18", train_backbone=FineTuning(2, batch_norm="frozen"), **settings)
    model.fit(X, Y)
    model.save(tmp_path / "model.ctran")
    again = load(tmp_path / "model.ctran")
    assert again.train_backbone == model.train_backbone
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X)
    )
    assert clone(model).train_backbone == model.train_backbone


@pytest.mark.parametrize(
    "train_backbone, message",
    [
        (4, "has 3 stages, so that 4 cannot be trained"),
        (0, "'train_backbone' parameter"),
        ("first_stage", "'train_backbone' parameter"),
        (FineTuning(1, recompute=True), "batch normalisation twice: add batch_norm='frozen'"),
    ],
    ids=str,
)
def test_what_cannot_be_trained(train_backbone, message):
    with pytest.raises(ValueError, match=message):
        fitted(train_backbone)


def test_a_part_that_is_in_two_stages_cannot_train_in_one():
    shared = nn.Conv2d(4, 4, 2, 2)
    cnn = nn.Sequential(nn.Conv2d(3, 4, 2, 2), shared, shared)
    with pytest.raises(ValueError, match="is used before them too"):
        quick(cnn, train_backbone=1, image_size=None).fit(X, Y)


def test_recomputing_needs_a_chain_of_parts():
    settings = {"weights": None, "image_size": 32, "max_epochs": 1}
    for n_stages in (1, None):
        model = quick("vit_b_16", train_backbone=FineTuning(n_stages, recompute=True), **settings)
        with pytest.raises(ValueError, match="nn.Sequential, unlike PatchTokens"):
            model.fit(X, Y)


def test_one_module_trains_as_a_whole_or_not_at_all():
    with pytest.raises(ValueError, match=r"\(Conv2d\).*train_backbone=True trains all of it"):
        quick(nn.Conv2d(3, 4, 4, 4), train_backbone="last_stage", image_size=None).fit(X, Y)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"n_stages": 0}, "n_stages must be an integer above 0"),
        ({"n_stages": True}, "n_stages must be an integer above 0"),
        ({"batch_norm": "off"}, "batch_norm must be 'trained' or 'frozen', got 'off'"),
        ({"recompute": 1}, "recompute must be True or False, got 1"),
    ],
)
def test_wrong_parameters(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        FineTuning(**params)


def test_recomputing_passes_through_an_activation_twice():
    torch.manual_seed(0)
    relu = nn.ReLU()
    cnn = nn.Sequential(nn.Conv2d(3, 4, 2, 2), relu, nn.Conv2d(4, 8, 2, 2), relu)
    fits = [
        clone(quick(cnn, image_size=None, precision="float32", augment=None)).set_params(
            train_backbone=FineTuning(1, recompute=recompute)
        )
        for recompute in (False, True)
    ]
    plain, again = (model.fit(X, Y).predict_proba(X) for model in fits)
    np.testing.assert_allclose(again, plain, atol=1e-6)


@pytest.mark.parametrize("value", [np.True_, np.False_])
def test_booleans_of_numpy(value):
    """As those of GridSearchCV(..., {"train_backbone": np.array([True, False])})."""
    trained = [each.requires_grad for each in fitted(value).net_.module_.backbone.parameters()]
    assert trained == [bool(value)] * 9


@pytest.mark.parametrize(
    "kind, params",
    [(SRN, {"max_epochs": 4}), (KGGR, {"few_shot_labels": [0]}), (ConceptBottleneck, {})],
)
def test_what_does_not_train_stays_in_networks_that_train_in_stages(kind, params):
    settings = {"max_epochs": 2, "batch_size": 4, "image_size": None, "random_state": 0}
    model = kind(CNN, train_backbone="last_stage", augment=None, **settings | params)
    extra = {"extra_labels": Y[::-1]} if kind is ConceptBottleneck else {}
    trunk = model.fit(X, Y, **extra).net_.module_.backbone.trunk
    assert [each.requires_grad for each in trunk.parameters()] == [False] * 6 + [True] * 3
    for layer in range(6):
        for name, values in trunk[layer].state_dict().items():
            assert torch.equal(values, CNN[layer].state_dict()[name]), (layer, name)
    assert not torch.equal(trunk[6].weight, CNN[6].weight)
