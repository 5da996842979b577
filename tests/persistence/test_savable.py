"""Estimators of every kind, saved and loaded: the same predictions, parameters and attributes."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from rivals import META
from saved_models import savable
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from small_models import RULES, Watch, quick
from torch import nn
from torch_files import tiny_state

from sklearn_ctran import CTranClassifier, ImageTokens, TokenCache, load, recipes
from sklearn_ctran.baselines import (
    FeedbackProp,
    LinearHead,
    MaskedLinear,
    MemoryClassifier,
    MLkNN,
    StandardMLP,
)
from sklearn_ctran.model_selection import (
    MultilabelCalibrator,
    MultilabelStratifiedKFold,
    TunedThresholds,
)

FIXTURES = Path(__file__).parent / "fixtures"


def saved_and_loaded(model, tmp_path, **storage):
    """The loaded one, whose file is the same if it is saved again."""
    path, again = tmp_path / "model.safetensors", tmp_path / "again.safetensors"
    model.save(path, **storage)
    loaded = load(path)
    loaded.save(again, **storage)
    assert path.read_bytes() == again.read_bytes()
    return loaded


def assert_same(model, loaded, X, **known):
    assert type(loaded) is type(model)
    assert repr(loaded) == repr(model)
    assert loaded.get_params(deep=False).keys() == model.get_params(deep=False).keys()
    assert vars(loaded).keys() == vars(model).keys() - {"_shows_progress"}
    assert_equal(model.predict_proba(X, **known), loaded.predict_proba(X, **known))
    assert_equal(model.predict(X, **known), loaded.predict(X, **known))
    assert_equal(model.decision_function(X, **known), loaded.decision_function(X, **known))
    for name in ("classes_", "label_names_", "n_labels_", "extra_label_names_", "label_groups_"):
        assert_equal(getattr(model, name), getattr(loaded, name))


def assert_equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


@pytest.mark.parametrize("name", savable())
@pytest.mark.parametrize("one_class", [False, True])
@pytest.mark.filterwarnings("ignore:y is 1-D", "ignore:Label.s. .* out of fold")
def test_every_class(tmp_path, features, name, one_class):
    X, Y = features
    y = np.array(["owl", "bee"])[Y["cat"]] if one_class else Y
    model = savable()[name].fit(X, y)
    loaded = saved_and_loaded(model, tmp_path)
    known = {} if one_class else {"known_labels": {("dog", 1): 1}}
    assert_same(model, loaded, X, **known)
    assert model.score(X, y) == loaded.score(X, y)
    assert repr(clone(loaded)) == repr(clone(model))
    assert_equal(pickle.loads(pickle.dumps(loaded)).predict(X), model.predict(X))


def test_rules_extra_labels_and_memory(tmp_path, pictures):
    rng = np.random.RandomState(0)
    X = rng.randn(60, 5).astype(np.float32)
    Y = pd.DataFrame(np.eye(3, dtype=int)[rng.randint(3, size=60)], columns=["sun", "rain", "snow"])
    Y["cat"], Y["dog"] = X[:, 1] > 0.7, X[:, 2] > 0.7
    Y["animal"] = Y["cat"] | Y["dog"]
    E = pd.DataFrame({"city": X[:, 4] > 0, "farm": X[:, 4] <= 0}).astype(int)
    model = quick(None, max_epochs=3, **RULES).fit(X, Y.astype(int), extra_labels=E)
    loaded = saved_and_loaded(model, tmp_path)
    known = {"known_labels": {"weather": "rain", "cat": 1}, "extra_labels": {"city": 1}}
    assert_same(model, loaded, X, **known)
    assert_equal(model.predict_extra_proba(X), loaded.predict_extra_proba(X))
    for one, other in zip(model.nearest(X, 3), loaded.nearest(X, 3), strict=True):
        assert_equal(one, other)
    with pytest.raises(ValueError, match="'sun' and 'rain' are both positive"):
        loaded.predict(X, known_labels={"sun": 1, "rain": 1})


def test_fitted_attributes(tmp_path, features):
    X, Y = features
    model = quick(None).fit(pd.DataFrame(X, columns=list("abcdef")), Y)
    loaded = saved_and_loaded(model, tmp_path)
    for name in ("history_", "chosen_", "skipped_", "n_features_in_", "feature_names_in_"):
        assert_equal(getattr(model, name), getattr(loaded, name))
    assert type(loaded.history_[0]["train_loss"]) is type(model.history_[0]["train_loss"])
    assert loaded.net_.history[:, "train_loss"] == model.net_.history[:, "train_loss"]


@pytest.mark.parametrize(
    "params",
    [
        {"position": "learned", "precision": "float64"},
        {"regions": None, "d_model": None, "n_heads": 1, "shortcut": False, "memory": None},
        {"pos_weight": {"cat": 2.0}, "unknown_fraction": [0.5, 1], "lr_schedule": None},
        {"net_params": {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9}, "loss": "focal"},
        {
            "cache": TokenCache(max_size="1GB"),
            "random_state": np.int64(3),
            "label_groups": {"a": [7]},
        },
    ],
)
def test_parameters(tmp_path, features, params):
    X, Y = features
    tokens = np.stack([X, 2 * X, X + 1, X - 1], axis=1)
    model = quick(None, **params).fit(tokens, Y)
    assert_same(model, saved_and_loaded(model, tmp_path), tokens)


def test_parameters_that_were_changed_after_fit(tmp_path, features):
    """The network is made as it was; the parameters are what they are by now."""
    X, Y = features
    model = quick(None).fit(X, Y)
    model.set_params(d_model=64, n_layers=3, loss="focal", precision="float64", n_heads=8)
    assert_same(model, saved_and_loaded(model, tmp_path), X)


def test_training_goes_on(tmp_path, features):
    X, Y = features
    model = quick(None, warm_start=True).fit(X, Y)
    loaded = saved_and_loaded(model, tmp_path)
    assert_equal(loaded.fit(X, Y).predict_proba(X), model.fit(X, Y).predict_proba(X))


# -- backbones -------------------------------------------------------------------------------------


@pytest.mark.parametrize("train_backbone", [True, False])
@pytest.mark.parametrize("backbone", ["small", "mobilenet_v3_small"])
def test_backbones(tmp_path, pictures, weights, backbone, train_backbone):
    X, Y = pictures
    params = {"image_size": 32, "train_backbone": train_backbone}
    if backbone != "small":
        params["weights"] = weights
    model = quick(backbone, **params).fit(X, Y)
    loaded = saved_and_loaded(model, tmp_path)
    assert_same(model, loaded, X)
    assert_same(model, loaded, loaded.encode(X))
    assert loaded.net_.module_.backbone.frozen == (not train_backbone)


def test_size_is_that_of_the_weights(tmp_path, pictures, weights):
    X, Y = pictures
    model = quick("mobilenet_v3_small", weights=weights, image_size=32, memory=None).fit(X, Y)
    n_bytes = sum(each.nbytes for each in model.net_.module_.state_dict().values())
    path = tmp_path / "m"
    model.save(path)
    assert n_bytes < path.stat().st_size < 1.05 * n_bytes
    model.save(path, dtype="float16")
    assert path.stat().st_size < 0.55 * n_bytes


def test_float16(tmp_path, pictures, weights):
    X, Y = pictures
    model = quick("mobilenet_v3_small", weights=weights, image_size=32).fit(X, Y)
    loaded = saved_and_loaded(model, tmp_path, dtype="float16")
    assert {each.dtype for each in loaded.net_.module_.parameters()} == {torch.float32}
    difference = np.abs(loaded.predict_proba(X) - model.predict_proba(X))
    assert 0 < difference.max() < 0.05


def test_float16_keeps_what_it_cannot_hold(tmp_path, features):
    X, Y = features
    model = quick(None).fit(X, Y)
    with torch.no_grad():
        model.net_.module_.readout.weight[0, 0] = 1e6
    loaded = saved_and_loaded(model, tmp_path, dtype="float16")
    assert torch.equal(loaded.net_.module_.readout.weight, model.net_.module_.readout.weight)


def test_a_backbone_without_its_weights(tmp_path, pictures, weights):
    X, Y = pictures
    model = quick("mobilenet_v3_small", weights=weights, image_size=32).fit(X, Y)
    assert_same(model, saved_and_loaded(model, tmp_path, backbone=False), X)
    assert (tmp_path / "model.safetensors").stat().st_size < 1_500_000


def test_a_backbone_without_its_weights_that_moved(tmp_path, pictures, weights):
    X, Y = pictures
    moved = tmp_path / "moved.pth"
    moved.write_bytes(Path(weights).read_bytes())
    model = quick("mobilenet_v3_small", weights=str(moved), image_size=32).fit(X, Y)
    model.save(tmp_path / "m", backbone=False)
    moved.unlink()
    with pytest.raises(ValueError, match=r"m' cannot be loaded: .*no file .*moved.pth"):
        load(tmp_path / "m")
    loaded = load(tmp_path / "m", weights=weights)
    assert loaded.weights == weights
    assert_equal(loaded.predict_proba(X), model.predict_proba(X))
    loaded.set_params(warm_start=True).fit(X, Y)


def test_a_backbone_whose_weights_are_others_now(tmp_path, pictures, weights):
    X, Y = pictures
    state = torch.load(weights, weights_only=True)
    path = tmp_path / "mine.pth"
    torch.save(state, path)
    model = quick("mobilenet_v3_small", weights=str(path), image_size=32).fit(X, Y)
    model.save(tmp_path / "m", backbone=False)
    state["features.0.0.weight"][0, 0, 0, 0] += 1
    torch.save(state, path)
    with pytest.raises(ValueError, match="m' cannot be loaded: weights=.*mine.pth' has other weig"):
        load(tmp_path / "m")
    with pytest.raises(ValueError, match="backbone=False: weights=.*mine.pth' are others by now"):
        model.save(tmp_path / "m", backbone=False)


@pytest.mark.parametrize("params", [{"train_backbone": True}, {"weights": None}])
def test_weights_that_are_nowhere_else_are_not_left_out(tmp_path, pictures, weights, params):
    X, Y = pictures
    model = quick("mobilenet_v3_small", image_size=32, **{"weights": weights} | params).fit(X, Y)
    with pytest.raises(ValueError, match="backbone=False: .* nowhere but here"):
        model.save(tmp_path / "m", backbone=False)


def test_image_tokens(tmp_path, pictures, weights):
    X, _ = pictures
    model = ImageTokens("mobilenet_v3_small", weights=weights, image_size=32, pool="mean").fit(X)
    for storage in ({}, {"backbone": False}):
        loaded = saved_and_loaded(model, tmp_path, **storage)
        assert_equal(model.transform(X), loaded.transform(X))
        assert repr(loaded) == repr(model)


def test_models_of_the_authors(tmp_path):
    torch.save(tiny_state(), tmp_path / "official.pt")
    model = CTranClassifier.from_official_checkpoint(tmp_path / "official.pt", backbone=None)
    X = np.random.RandomState(0).randn(4, 9, 8).astype(np.float32)
    assert_same(model, saved_and_loaded(model, tmp_path), X)
    assert load(tmp_path / "model.safetensors").net_params == recipes.COCO80["net_params"]


def test_networks_that_do_not_look_at_images(tmp_path, pictures):
    X, Y = pictures
    model = quick("small", use_image=False).fit(X, Y)
    assert_same(model, saved_and_loaded(model, tmp_path), X)


# -- estimators in estimators ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("ensemble", [False, True])
def test_calibration(tmp_path, features, method, ensemble):
    X, Y = features
    cv = MultilabelStratifiedKFold(2, random_state=0, shuffle=True)
    model = MultilabelCalibrator(MLkNN(), method=method, cv=cv, ensemble=ensemble).fit(X, Y)
    assert_same(model, saved_and_loaded(model, tmp_path), X)


def test_an_estimator_in_two_places_is_one(tmp_path, features):
    X, Y = features
    network = quick(None).fit(X, Y)
    model = TunedThresholds(network, cv="prefit").fit(X, Y)
    loaded = saved_and_loaded(model, tmp_path)
    assert loaded.estimator_ is loaded.estimator
    network.save(tmp_path / "network")
    both = (tmp_path / "model.safetensors").stat().st_size, (tmp_path / "network").stat().st_size
    assert both[0] < 1.2 * both[1]


def test_frozen_and_nested(tmp_path, features):
    X, Y = features
    head = LinearHead(None, max_epochs=2, random_state=0).fit(X, Y)
    model = FeedbackProp(FrozenEstimator(head)).fit(X, Y)
    assert_same(model, saved_and_loaded(model, tmp_path), X, known_labels={"cat": 1})
    model = MemoryClassifier(StandardMLP(None, max_epochs=2, random_state=0)).fit(X, Y)
    assert_same(model, saved_and_loaded(model, tmp_path), X)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", META, ids=lambda each: type(each).__name__)
def test_estimators_that_wrap_others(tmp_path, features, baseline):
    X, Y = features
    with pytest.raises(TypeError, match="needs skops, or pickle"):
        clone(baseline).fit(X, Y).save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


class _Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 4, stride=4)

    def forward(self, x):
        return self.conv(x)


def _loss(logits, targets):
    return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"backbone": _Backbone()}, "backbone .*_Backbone.* Give the estimator the name"),
        ({"loss": _loss}, "loss .*function.* Only losses with a name"),
        ({"augment": torch.clone, "train_backbone": True}, "augment .* set_params.augment=None"),
        ({"callbacks": [Watch()]}, r"callbacks\[0\] .*Watch"),
        ({"random_state": np.random.RandomState(0)}, r"RandomState.* set_params.random_state=0"),
    ],
)
def test_what_cannot_be_stored(tmp_path, pictures, params, message):
    X, Y = pictures
    model = quick(**{"backbone": "small", "image_size": 32} | params).fit(X, Y)
    with pytest.raises(TypeError, match=message):
        model.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_what_matters_in_training_only_can_be_left_out(tmp_path, pictures):
    X, Y = pictures
    trained = {"augment": torch.clone, "train_backbone": True, "callbacks": [Watch()]}
    model = quick("small", image_size=32, **trained)
    model.fit(X, Y).set_params(augment=None, callbacks=None)
    assert_equal(saved_and_loaded(model, tmp_path).predict(X), model.predict(X))


def test_names_that_are_neither_texts_nor_numbers(tmp_path, features):
    X, Y = features
    model = MaskedLinear().fit(X, Y.set_axis(pd.date_range("2020", periods=3), axis=1))
    with pytest.raises(TypeError, match="task_.names is, or holds, an array of datetime64"):
        model.save(tmp_path / "m")


def test_attributes_of_others(tmp_path, features):
    model = MaskedLinear().fit(*features)
    model.mine = 3
    with pytest.raises(TypeError, match="unknown fields: mine. Delete"):
        model.save(tmp_path / "m")


def test_subclasses(tmp_path, features):
    class Mine(MaskedLinear, BaseEstimator):
        pass

    with pytest.raises(TypeError, match="Mine"):
        Mine().fit(*features).save(tmp_path / "m")


def test_inner_estimators_of_others(tmp_path, features):
    X, Y = features
    model = TunedThresholds(MLkNN(), cv=2).fit(X, Y).set_params(estimator=LogisticRegression())
    with pytest.raises(TypeError, match="estimator is, .*LogisticRegression.*skops"):
        model.save(tmp_path / "m")


def test_arguments(tmp_path, features):
    X, Y = features
    with pytest.raises(NotFittedError):
        MaskedLinear().save(tmp_path / "m")
    model = MaskedLinear().fit(X, Y)
    with pytest.raises(ValueError, match="dtype must be 'float16' or None, got 'float32'"):
        model.save(tmp_path / "m", dtype="float32")
    for storage in ({"dtype": "float16"}, {"backbone": False}):
        with pytest.raises(ValueError, match="has no network"):
            model.save(tmp_path / "m", **storage)
    with pytest.raises(FileNotFoundError, match="no file .*nothing"):
        load(tmp_path / "nothing")


# -- devices and versions --------------------------------------------------------------------------


def test_devices_that_this_machine_lacks(tmp_path, features, monkeypatch):
    """As if it had been fitted on a GPU."""
    X, Y = features
    model = quick(None).fit(X, Y)
    saved = type(model)._saved_state

    def on_gpu(self, storage):
        state = saved(self, storage)
        state["net_"] |= {"device": "cuda", "precision": "bfloat16"}
        state["chosen_"] = state["chosen_"] | {"device": "cuda", "precision": "bfloat16"}
        return state

    monkeypatch.setattr(type(model), "_saved_state", on_gpu)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    model.save(tmp_path / "auto")
    loaded = load(tmp_path / "auto")
    assert (loaded.chosen_["device"], loaded.chosen_["precision"]) == ("cpu", "float32")
    assert_equal(loaded.predict_proba(X), model.predict_proba(X))
    model.set_params(device="cuda:7").save(tmp_path / "named")
    with pytest.raises(ValueError, match="named' cannot be loaded: device='cuda:7' is not avail"):
        load(tmp_path / "named")
    loaded = load(tmp_path / "named", device="cpu")
    assert loaded.device == "cpu"
    assert_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("name", ["ctran", "tuned"])
def test_files_of_earlier_versions(name):
    """fixtures/make.py wrote them. They are never written again: a new version adds new ones."""
    stored = np.load(FIXTURES / f"{name}-1.npz")
    model = load(FIXTURES / f"{name}-1.safetensors")
    proba = model.predict_proba(stored["X"], known_labels={"rain": 1})
    np.testing.assert_allclose(proba, stored["proba"], rtol=0, atol=1e-5)
    assert list(model.label_names_) == ["sun", "rain", "cat", "animal"]
    assert model.label_groups_ == ({"weather": ("sun", "rain")} if name == "ctran" else {})


def test_in_another_process(tmp_path, features):
    X, Y = features
    model = quick(None).fit(X, Y)
    model.save(tmp_path / "m")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import numpy, sklearn_ctran; model = sklearn_ctran.load('m'); "
        "numpy.save('P.npy', model.predict_proba(numpy.load('X.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=300)
    assert_equal(np.load(tmp_path / "P.npy"), model.predict_proba(X))
