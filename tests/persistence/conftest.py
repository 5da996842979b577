"""Features, images and weights for the tests of saved models."""

import numpy as np
import pandas as pd
import pytest
import torch
from torchvision import models


@pytest.fixture(scope="session")
def features():
    """Features, and labels with names, of which one follows from the features."""
    rng = np.random.RandomState(0)
    X = rng.randn(40, 6).astype(np.float32)
    Y = pd.DataFrame(rng.randint(2, size=(40, 3)), columns=["cat", ("dog", 1), 7])
    Y["cat"] = (X[:, 0] > 0).astype(int)
    return X, Y


@pytest.fixture(scope="session")
def pictures():
    """Small colour images whose labels are their dominant channels."""
    rng = np.random.RandomState(0)
    Y = rng.randint(2, size=(24, 3))
    X = rng.randint(60, size=(24, 40, 40, 3)) + 150 * Y[:, None, None, :]
    return X.astype(np.uint8), Y


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A file of weights for "mobilenet_v3_small"."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "mobile.pth"
    torch.save(models.mobilenet_v3_small(weights=None).state_dict(), path)
    return str(path)
