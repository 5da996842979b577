"""OrderFreeRNN: its network, and what it looks at."""

import numpy as np
import pytest
from rivals import made
from small_models import net_made_by

from sklearn_ctran.baselines import LinearHead, OrderFreeRNN


def test_parameters_of_the_network(noisy_table):
    module = net_made_by(OrderFreeRNN(n_hidden=7), *noisy_table).module_
    assert module.recurrence.gates.weight.shape == (28, 21)
    assert module.mapping.weight.shape == (7, 6)


def test_number_of_epochs(noisy_table):
    assert net_made_by(OrderFreeRNN(batch_size=15), *noisy_table).max_epochs == 60  # 600 steps
    assert net_made_by(OrderFreeRNN(batch_size=3), *noisy_table).max_epochs == 12
    params = {"batch_size": 3, "train_backbone": True}
    assert net_made_by(OrderFreeRNN(**params), *noisy_table).max_epochs == 20


@pytest.mark.parametrize("regions, n_read", [(2, 5), (None, 16)])
def test_regions_of_tokens(regions, n_read):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, 16, 4).astype(np.float32), rng.randint(2, size=(20, 2))
    model = made(OrderFreeRNN, backbone=None, regions=regions, max_epochs=1).fit(X, Y)
    assert model.encode(X).shape == (20, n_read, 4)
    with pytest.raises(ValueError, match="regions was"):
        model.set_params(regions=3, warm_start=True).fit(X, Y)


def test_it_finds_the_cell_that_tells():
    """Labels that one marked cell tells, while the others say anything."""
    rng = np.random.RandomState(0)
    X, Y = rng.randn(600, 9, 3).astype(np.float32), rng.randint(2, size=(600, 2))
    X[:, :, 2] = 0
    X[np.arange(600), rng.randint(9, size=600)] = np.column_stack([2 * Y - 1, np.full(600, 3)])
    params = {"max_epochs": 15, "lr": 0.01, "regions": None, "dropout": 0.0, "backbone": None}
    model = made(OrderFreeRNN, **params).fit(X[:500], Y[:500])
    assert model.score(X[500:], Y[500:]) > 0.95
    assert LinearHead(None, random_state=0).fit(X[:500], Y[:500]).score(X[500:], Y[500:]) < 0.8
