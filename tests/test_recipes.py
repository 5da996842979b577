"""The paper's settings."""

import numpy as np
import pytest
import torch

from sklearn_ctran import CTranClassifier, recipes
from sklearn_ctran.modules.dropout import Dropout

EXPERIMENTS = ["COCO80", "VG500", "NEWS500", "COCO1000", "CUB312"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_recipes_are_settings_of_the_estimator(name):
    model = CTranClassifier(**getattr(recipes, name))
    assert model.lr == model.backbone_lr == 1e-5
    assert model.batch_size == 16
    assert model.train_backbone


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
    assert type(module.layers[0].dropout) is Dropout
    assert isinstance(module.project, torch.nn.Identity)
    assert module.position is None
    assert model.net_.callbacks == []  # no schedule
    assert torch.equal(module.feature_mean, torch.zeros(512))


def test_settings_are_changed_by_name():
    model = CTranClassifier(**recipes.COCO80 | {"max_epochs": 7})
    assert model.max_epochs == 7
    assert recipes.COCO80["max_epochs"] == 50


def test_the_papers_no_image():
    images = np.zeros((8, 10, 10, 3), np.uint8)
    Y = np.random.RandomState(0).randint(2, size=(8, 5))
    recipe = recipes.COCO80 | {"use_image": False, "d_model": 16, "max_epochs": 1}
    assert CTranClassifier(**recipe).fit(images, Y).predict(images).shape == Y.shape
