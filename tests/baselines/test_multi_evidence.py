"""MultiEvidence: two passes, and regions where labels seem to be."""

import numpy as np
import pytest
import torch
from small_models import net_made_by

from sklearn_ctran.baselines import LinearHead, MultiEvidence

SMALL = {"backbone": None, "n_hidden": 16, "random_state": 0}


@pytest.fixture(scope="module")
def objects():
    """5 x 5 maps with an object of two cells, of kind 0 or 1, somewhere or not at all."""
    rng = np.random.RandomState(0)
    Y = rng.randint(2, size=(400, 2))
    X = rng.randn(400, 5, 5, 4).astype(np.float32)
    for row, label in zip(*np.nonzero(Y), strict=True):
        top, left = rng.randint(5), rng.randint(4)
        X[row, top, left : left + 2, label] += 4
    return X.reshape(400, 25, 4), Y


def test_parameters_of_the_network(objects):
    sizes = {"n_regions": 1, "n_hidden": 7, "threshold": 0.3}
    module = net_made_by(MultiEvidence(None, **sizes), *objects).module_
    assert (module.n_regions, module.threshold) == (1, 0.3)
    assert module.hidden.weight.shape == (7, 4)
    assert module.grid == (5, 5)
    with pytest.raises(ValueError, match="threshold"):
        MultiEvidence(threshold=1.5).fit(*objects)


def test_number_of_epochs(objects):
    assert net_made_by(MultiEvidence(None, batch_size=20), *objects).max_epochs == 30  # 600 steps
    params = {"backbone": None, "batch_size": 20, "train_backbone": True}
    assert net_made_by(MultiEvidence(**params), *objects).max_epochs == 50


def test_regions_tell_what_the_mean_of_an_image_hides(objects):
    X, Y = objects
    params = {"max_epochs": 30, "lr": 0.01}
    model = MultiEvidence(**SMALL, **params, threshold=0.7).fit(X[:300], Y[:300])
    pooled = LinearHead(None, random_state=0, **params).fit(X[:300], Y[:300])
    assert model.score(X[300:], Y[300:]) > pooled.score(X[300:], Y[300:]) + 0.02
    # Where both objects are, most regions are small, and hold them.
    held = torch.from_numpy(X[300:][Y[300:].all(axis=1)])
    regions = model.net_.module_.eval().propose(held)
    assert regions.float().mean(dim=2).median() < 0.2
    inside = held[..., :2].amax(dim=2)[regions.any(dim=1)].mean()
    assert inside > held[..., :2].amax(dim=2)[~regions.any(dim=1)].mean() + 0.5


def test_the_prediction_is_the_mean_of_both_passes(objects):
    X, Y = objects
    model = MultiEvidence(**SMALL, max_epochs=3).fit(X, Y)
    module = model.net_.module_.eval()
    with torch.no_grad():
        image, regions = module(torch.from_numpy(X), torch.full((400, 2), -1))
    expected = ((image + regions) / 2).numpy()
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(image, regions, atol=0.05)
