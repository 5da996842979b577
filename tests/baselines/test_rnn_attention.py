"""RNNAttention: where it looks, and the loss of places."""

import numpy as np
import pytest
import torch
from rivals import EXACT
from small_models import net_made_by

from sklearn_ctran.baselines import LinearHead, RNNAttention

SMALL = {"backbone": None, "n_hidden": 16, "random_state": 0}


@pytest.fixture(scope="module")
def corner():
    """A 4 x 4 map of noise, whose cell at the upper right tells a label."""
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=(400, 1))
    X = rng.randn(400, 4, 4, 3).astype(np.float32)
    X[:, 0, 3, 0] = 3 * y[:, 0] - 1.5
    return X.reshape(400, 16, 3), y


def test_parameters_of_the_network(corner):
    sizes = {"n_regions": 2, "n_hidden": 7, "region_size": 4, "location_weight": 0.3}
    module = net_made_by(RNNAttention(None, **sizes), *corner).module_
    assert {name: getattr(module, name) for name in ("n_regions", "region_size")} == {
        "n_regions": 2,
        "region_size": 4,
    }
    assert module.location_weight == 0.3
    assert module.recurrence.gates.weight.shape == (28, 14)
    assert module.grid == (4, 4)


def test_it_looks_at_the_place_that_tells(corner):
    X, y = corner
    params = {"max_epochs": 20, "lr": 0.01, "dropout": 0.0}
    model = RNNAttention(**SMALL, **params).fit(X[:300], y[:300])
    pooled = LinearHead(None, max_epochs=20, lr=0.01, random_state=0).fit(X[:300], y[:300])
    assert pooled.score(X[300:], y[300:]) < 0.85
    assert model.score(X[300:], y[300:]) > 0.95
    with torch.no_grad():
        _, places = model.net_.module_.eval().look(torch.from_numpy(X[300:]))
    right, up = places[..., 2], -places[..., 3]
    assert (right.amax(dim=1) > 0.3).all() and (up.amax(dim=1) > 0.3).all()


def test_the_loss_of_places_keeps_regions_small_and_apart(corner):
    X, y = corner
    spread, scales = [], []
    for location_weight in (0.0, 10.0):
        model = RNNAttention(**SMALL, max_epochs=20, lr=0.01, location_weight=location_weight)
        module = model.fit(X, y).net_.module_.eval()
        with torch.no_grad():
            _, places = module.look(torch.from_numpy(X))
        scales.append(float(places[..., :2].abs().max()))
        spread.append(float(module.place_loss(places).mean()))
    assert spread[1] < spread[0]
    assert scales[1] < 0.6


def test_loss_of_training(corner):
    X, y = corner
    X, gaps = X[:50], y[:50].astype(float)
    gaps[::3, 0] = np.nan
    params = {**SMALL, **EXACT, "max_epochs": 1, "location_weight": 2.0}
    history = RNNAttention(**params).fit(X, gaps).history_
    module = net_made_by(RNNAttention(**params), X, gaps).module_.train()
    standard = torch.from_numpy(X).double()
    output = module(standard, torch.full((50, 1), -1))[0].detach().numpy()
    signed = np.where(gaps == 1, -output[:, :1], output[:, :1])
    losses = np.where(np.isnan(gaps), 0, np.logaddexp(0, signed))
    expected = (losses.sum() + output[:, 1].sum()) / (~np.isnan(gaps)).sum()
    assert history[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


def test_early_stopping_reads_the_loss_of_labels(corner):
    X, y = corner
    model = RNNAttention(**SMALL, early_stopping=True, max_epochs=2).fit(X, y)
    assert np.isfinite(model.history_[-1]["valid_loss"])
