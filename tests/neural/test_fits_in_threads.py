"""Fits side by side, in threads and in processes, have the numbers of fits one by one."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from skorch.callbacks import Callback
from torch import nn
from torchvision.ops import StochasticDepth
from torchvision.transforms import v2

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran.baselines import ConceptBottleneck, LinearHead, StandardMLP
from sklearn_ctran.model_selection import MultilabelStratifiedKFold

pytestmark = pytest.mark.usefixtures("global_generators_stay")

QUICK = {"max_epochs": 3, "batch_size": 8, "cache": None, "device": "cpu"}
SMALL = {"d_model": 16, "n_layers": 2, "n_heads": 2, "dropout": 0.3}


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    return rng.randint(256, size=(32, 12, 12, 3), dtype=np.uint8), rng.randint(2, size=(32, 4))


def random_backbone():
    """A user's backbone that draws in training, in Python and inside a module of torch's."""

    class Trunk(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 4, stride=4)
            self.drop = nn.Sequential(nn.Dropout2d(0.3), StochasticDepth(0.5, "row"))
            self.attend = nn.TransformerEncoderLayer(8, 2, 8, dropout=0.2, batch_first=True)

        def forward(self, x):
            x = self.drop(self.conv(x))
            return (
                self.attend(x.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, x.shape[2:])
            )

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Trunk()


MODELS = {
    "scratch": lambda: CTranClassifier("small", image_size=12, **SMALL, **QUICK),
    "channels": lambda: CTranClassifier(
        "small", image_size=12, **SMALL, **QUICK, early_stopping=True, channel_dropout=True
    ),
    "random backbone": lambda: CTranClassifier(
        random_backbone(), train_backbone=True, image_size=12, **SMALL, **QUICK
    ),
    "augment": lambda: LinearHead(
        "small",
        image_size=12,
        augment=v2.Compose([v2.RandomErasing(0.5), v2.ColorJitter(0.5), v2.RandomCrop(12, 2)]),
        **QUICK,
    ),
    "mlp": lambda: StandardMLP("small", image_size=12, **QUICK),
    "concepts": lambda: ConceptBottleneck("small", image_size=12, **QUICK),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_eight_fits_in_threads(make, data):
    X, Y = data

    model = make()

    def probabilities(seed):
        return clone(model).set_params(random_state=seed).fit(X, Y).predict_proba(X)

    seeds = [0, 1, 2, 3, 0, 1, 2, 3]
    alone = [probabilities(seed) for seed in seeds[:4]] * 2
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(probabilities, seeds))
    np.testing.assert_array_equal(together, alone)
    assert not np.array_equal(alone[0], alone[1])


def test_features_of_a_random_backbone_in_threads(data):
    X, _ = data

    def features(seed):
        model = ImageTokens("resnet18", weights=None, image_size=32, cache=None, random_state=seed)
        return model.fit_transform(X[:2])

    alone = [features(seed) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        np.testing.assert_array_equal(list(pool.map(features, range(3))), alone)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_nested_searches(backend, data):
    X, Y = data
    X = X.reshape(len(X), -1)[:, :20] / 255.0
    model = CTranClassifier(backbone=None, **SMALL, **QUICK, random_state=0)
    folds = MultilabelStratifiedKFold(2, shuffle=True, random_state=0)

    def scores(n_jobs, backend):
        search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=folds, n_jobs=n_jobs)
        with parallel_config(backend=backend):
            found = cross_validate(search, X, Y, cv=folds, n_jobs=n_jobs, return_estimator=True)
        inner = [each.cv_results_["mean_test_score"] for each in found["estimator"]]
        return found["test_score"], inner

    (outer, inner), (outer_alone, inner_alone) = scores(2, backend), scores(1, backend)
    np.testing.assert_array_equal(outer, outer_alone)
    np.testing.assert_array_equal(inner, inner_alone)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_failed_fit_leaves_the_generators(make, data):
    X, Y = data

    class Stop(Callback):
        def on_epoch_end(self, *args, **kwargs):
            raise KeyError("stop")

    model = make().set_params(callbacks=[Stop()], random_state=0)
    with pytest.raises(KeyError, match="stop"):
        model.fit(X, Y)
