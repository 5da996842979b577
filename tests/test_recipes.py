"""The paper's settings, and linear probes."""

import inspect

import numpy as np
import pytest
import torch

from sklearn_ctran import CTranClassifier, recipes
from sklearn_ctran.baselines import LinearHead
from sklearn_ctran.modules.ctran import CTran
from sklearn_ctran.modules.dropout import FastDropout

EXPERIMENTS = ["COCO80", "VG500", "NEWS500", "COCO1000", "CUB312"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_recipes_are_settings_of_the_estimator(name):
    model = CTranClassifier(**getattr(recipes, name))
    assert model.lr == model.backbone_lr == 1e-5
    assert model.batch_size == 16
    assert model.train_backbone
    assert model.image_size == ((342, 299) if name == "CUB312" else (640, 576))
    assert model.unknown_fraction == (0.25, 1.0)


def test_the_published_experiment_runs(tmp_path):
    """COCO80 as it stands, but for the size of the network, of the images and of the set."""
    images = np.random.RandomState(0).randint(256, size=(17, 70, 50, 3), dtype=np.uint8)
    Y = np.random.RandomState(1).randint(2, size=(17, 80))
    changes = {"backbone": "resnet18", "weights": None, "image_size": (64, 48), "max_epochs": 1}
    model = CTranClassifier(**recipes.COCO80 | changes, random_state=0).fit(images, Y)
    module, optimizer = model.net_.module_, model.net_.optimizer_
    assert type(optimizer) is torch.optim.Adam
    assert {(g["lr"], g["weight_decay"], g["betas"]) for g in optimizer.param_groups} == {
        (1e-5, 0.0, (0.9, 0.999))
    }
    # d is the backbone's width, three layers with four heads, and nothing beside them.
    assert module.label_embedding.label.shape == (80, 512)
    assert [layer.n_heads for layer in module.layers] == [4, 4, 4]
    assert [layer.attention_dropout for layer in module.layers] == [0.1] * 3
    assert module.shortcut is None
    assert len(module.attention_biases) == 0
    assert type(module.layers[0].dropout) is FastDropout
    assert isinstance(module.project, torch.nn.Identity)
    assert module.position is None
    assert model.net_.callbacks == []  # no schedule
    # Two steps of 1e-5 hardly move the authors' start, U(-1/sqrt(d), 1/sqrt(d)).
    embedding, readout, bound = module.label_embedding, module.readout, 512**-0.5
    for weight in (embedding.label, embedding.state, readout.weight, readout.bias):
        assert 0.9 * bound < weight.abs().max() < bound + 1e-4
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.2)
    assert torch.equal(module.feature_mean, torch.zeros(512))


def test_settings_are_changed_by_name():
    model = CTranClassifier(**recipes.COCO80 | {"max_epochs": 7})
    assert model.max_epochs == 7
    assert recipes.COCO80["max_epochs"] == 50


def test_the_papers_no_image():
    """Known labels tell the others; the images, which are alike, tell nothing."""
    images = np.random.RandomState(0).randint(256, size=(60, 4, 4, 3), dtype=np.uint8)
    coin = np.random.RandomState(1).randint(2, size=60)
    Y = np.stack([coin, coin, 1 - coin], axis=1)
    recipe = recipes.COCO80 | {"use_image": False, "d_model": 16, "max_epochs": 40, "lr": 3e-3}
    model = CTranClassifier(**recipe, random_state=0).fit(images, Y)
    proba = model.predict_proba(images)
    assert (proba == proba[0]).all()
    np.testing.assert_array_equal(model.predict(images, {0: coin}), Y)
    assert model.net_.module_.backbone is None


@pytest.mark.parametrize("name", ["VG500", "NEWS500", "COCO1000", "CUB312"])
def test_experiments_differ_in_the_backbone_only(name):
    recipe = getattr(recipes, name)
    changed = {key for key, value in recipe.items() if value != recipes.COCO80[key]}
    assert changed == ({"backbone", "image_size"} if name == "CUB312" else set())
    assert recipe is not recipes.COCO80


def test_the_network_is_the_papers_unless_told_otherwise():
    defaults = inspect.signature(CTran).parameters
    assert {name: defaults[name].default for name in recipes.PAPER_MODEL if name in defaults} == {
        name: value
        for name, value in recipes.PAPER_MODEL.items()
        if name not in ("standardize", "memory")
    }
    assert defaults["use_image"].default is True


@pytest.mark.parametrize("name", ["CLIP_PROBE", "DINOV2_PROBE", "SIGLIP_PROBE"])
def test_probes_are_of_models_that_timm_has_weights_for(name):
    timm = pytest.importorskip("timm")
    backbone = getattr(recipes, name)["backbone"]
    assert backbone.removeprefix("timm/") in timm.list_models(pretrained=True)


def test_a_probe_leaves_the_model_as_it_is():
    pytest.importorskip("timm")
    images = np.random.RandomState(0).randint(256, size=(8, 32, 32, 3), dtype=np.uint8)
    Y = np.arange(16).reshape(8, 2) // 3 % 2
    tiny = {"backbone": "timm/test_vit", "weights": None, "image_size": 64, "max_epochs": 1}
    model = LinearHead(**recipes.CLIP_PROBE | tiny, random_state=0).fit(images, Y)
    assert model.chosen_["train_backbone"] is False
    assert model.chosen_["augment"] is None
    assert model.predict_proba(images).shape == (8, 2)
