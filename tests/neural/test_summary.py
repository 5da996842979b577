"""What a network consists of, and what it costs. Tests of measure.py too."""

import math
import pickle

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback
from torch import nn

from sklearn_ctran import CTranClassifier, ModelSummary, load
from sklearn_ctran._neural import measure
from sklearn_ctran.baselines import ConceptBottleneck, LinearHead, MultiTask, StandardMLP

QUICK = {"max_epochs": 1, "random_state": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    return rng.randn(40, 6).astype(np.float32), rng.randint(2, size=(40, 3))


@pytest.fixture(scope="module")
def photos():
    rng = np.random.RandomState(0)
    return rng.randint(256, size=(10, 16, 16, 3), dtype=np.uint8), rng.randint(2, size=(10, 2))


def test_a_linear_model_is_counted_by_hand(table):
    model = LinearHead(backbone=None, batch_size=8, **QUICK).fit(*table, extra_labels=table[1])
    summary = model.summary()
    assert isinstance(summary, ModelSummary)
    assert summary.trained == {"linear": 6 * 6 + 6} and summary.frozen == {"linear": 0}
    assert (summary.n_trained, summary.n_frozen) == (42, 0)
    # A product of 6 x 6: as many multiplications as additions.
    assert (summary.backbone_flops, summary.network_flops) == (0, 2 * 36)
    assert summary.model_bytes == 4 * 4 * 42
    assert (summary.n_image_tokens, summary.n_labels, summary.n_channels) == (1, 6, 6)
    assert summary.batch_size == 8 and summary.batch_bytes > 0 and summary.memory_rows == 0
    assert summary.epoch_seconds == pytest.approx(5 * summary.step_seconds)
    assert summary.backbone == "none: X has features"


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 8, stride=8, bias=False)

    def forward(self, x):
        return self.conv(x)


@pytest.mark.parametrize(("trains", "n_views"), [(False, 1), (True, 1), (False, 2)])
def test_a_backbone_is_counted_by_hand(photos, trains, n_views):
    params = {"image_size": 16, "train_backbone": trains, "augment": None, "memory": None}
    params["n_views"] = n_views
    model = CTranClassifier(Trunk(), **params, **QUICK).fit(*photos)
    summary = model.summary()
    n_weights = 4 * 3 * 8 * 8
    assert summary.trained["backbone"] == trains * n_weights
    assert summary.frozen["backbone"] == (not trains) * n_weights
    # Four places, each with a product of all weights.
    assert summary.backbone_flops == n_views * 2 * 4 * n_weights
    total = sum(weight.numel() for weight in model.net_.module_.parameters())
    assert summary.n_trained + summary.n_frozen == total
    assert summary.model_bytes == 4 * (4 * summary.n_trained + summary.n_frozen)
    how = "trained" if trains else "frozen"
    assert summary.backbone == f"Trunk, {how}, images of 16 x 16 pixels"
    assert summary.n_image_tokens == 4 and summary.n_channels == 4


def test_images_that_are_augmented_pass_in_each_step(photos):
    seen = []

    class Counted(Trunk):
        def forward(self, x):
            seen.append(len(x))
            return super().forward(x)

    params = {"image_size": 16, "train_backbone": False, "batch_size": 7, **QUICK}
    for augment, expected in ((None, 0), ("flip", 4)):
        model = LinearHead(Counted(), augment=augment, **params).fit(*photos)
        seen.clear()
        summary = model.summary(n_steps=3)
        assert seen.count(7) == expected
        assert ("augmented" in summary.backbone) == (augment == "flip")


def test_more_images_in_a_batch_take_more_bytes(table):
    sizes = [
        CTranClassifier(backbone=None, batch_size=n, **QUICK).fit(*table).summary().batch_bytes
        for n in (8, 16)
    ]
    assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.2)


@pytest.mark.parametrize("kind", [CTranClassifier, StandardMLP, MultiTask, ConceptBottleneck])
def test_every_neural_estimator_has_one(table, kind):
    params = {} if kind is StandardMLP else {"backbone": None}
    model = kind(**params, **QUICK).fit(*table)
    summary = model.summary()
    assert summary.name == kind.__name__
    assert summary.n_trained == sum(weight.numel() for weight in model.net_.module_.parameters())
    assert summary.network_flops > 0 and summary.step_seconds > 0


@pytest.mark.parametrize(
    "params",
    [
        {"use_image": False},
        {"precision": "float64"},
        {"n_masks": 2, "label_groups": {"both": [0, 1]}, "exclusive_groups": ["both"]},
        {"loss": "focal", "early_stopping": True, "lr_schedule": None},
    ],
)
def test_parameters(photos, params):
    model = CTranClassifier("small", image_size=None, **params, **QUICK)
    summary = model.fit(photos[0], np.eye(10, 2)).summary()
    assert summary.precision == params.get("precision", "float32")
    assert (summary.n_channels == 0) == ("use_image" in params)
    assert str(summary.n_trained)[:3] in repr(summary).replace(",", "")


def test_nothing_changes(table):
    class Watch(Callback):
        n_initialized = 0

        def initialize(self):
            self.n_initialized += 1
            return super().initialize()

    watch = Watch()
    model = CTranClassifier(backbone=None, callbacks=[watch], **QUICK).fit(*table)
    proba, n_initialized = model.predict_proba(table[0]), watch.n_initialized
    states, names = torch.get_rng_state(), set(vars(model))
    model.summary()
    assert torch.equal(torch.get_rng_state(), states) and set(vars(model)) == names
    assert watch.n_initialized == n_initialized
    np.testing.assert_array_equal(model.predict_proba(table[0]), proba)


def test_loaded_models_have_one(table, tmp_path):
    model = CTranClassifier(backbone=None, **QUICK).fit(*table)
    model.save(tmp_path / "model")
    expected = model.summary()
    for again in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        summary = again.summary()
        assert summary.trained == expected.trained
        assert summary.network_flops == expected.network_flops
        assert summary.batch_bytes == expected.batch_bytes


def test_without_a_fit_there_is_no_epoch(table):
    model = LinearHead(backbone=None, **QUICK).fit(*table)
    model.history_ = []  # As of an official checkpoint.
    summary = model.summary()
    assert math.isnan(summary.epoch_seconds)
    assert "an epoch" not in repr(summary)


def test_as_many_steps_are_timed_as_asked_for(table, monkeypatch):
    n_steps = []
    step = measure._train_step
    monkeypatch.setattr(
        measure, "_train_step", lambda *args, **kwargs: n_steps.append(1) or step(*args, **kwargs)
    )
    LinearHead(backbone=None, **QUICK).fit(*table).summary(n_steps=4)
    assert len(n_steps) == 5  # The first is not timed.


def test_it_prints_well(table):
    summary = CTranClassifier(backbone=None, memory=20, **QUICK).fit(*table).summary()
    text = repr(summary)
    assert text.splitlines()[0] == "CTranClassifier"
    assert "tokens:            1 of the image (6 channels), 3 of labels" in text
    assert "memory:            20 rows" in text
    assert max(map(len, text.splitlines())) < 80
    frame = summary.to_frame()
    assert frame.loc["shortcut", "trained"] == summary.trained["shortcut"]
    assert frame["frozen"].sum() == 0 and frame.index.tolist() == list(summary.trained)
    html = summary._repr_html_()
    assert "<caption>CTranClassifier</caption>" in html and "<td>shortcut</td>" in html


def test_what_cannot_be_summarized(table):
    with pytest.raises(NotFittedError):
        LinearHead().summary()
    model = LinearHead(backbone=None, **QUICK).fit(*table)
    with pytest.raises(ValueError, match="n_steps must be an integer above 0"):
        model.summary(n_steps=0)


def test_a_backbone_that_trains_in_part(photos):
    cnn = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.Conv2d(4, 4, 2, 2))
    params = {"image_size": 16, "train_backbone": 1, "augment": None, "memory": None}
    summary = CTranClassifier(cnn, **params, **QUICK).fit(*photos).summary()
    assert summary.backbone == "Sequential, trained in part, images of 16 x 16 pixels"
    assert summary.trained["backbone"] == 4 * 4 * 4 + 4
    assert summary.frozen["backbone"] == 4 * 3 * 64 + 4
