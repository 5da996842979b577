"""Random cases and the authors' figures, for the tests of metrics."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit


@pytest.fixture(params=range(5))
def case(request):
    """Labels, tied probabilities and weights; every label and row has a positive and a negative."""
    rng = np.random.RandomState(request.param)
    n_samples, n_labels = rng.randint(8, 60), rng.randint(3, 8)
    y_true = rng.randint(2, size=(n_samples, n_labels))
    y_true[:, :2] = [0, 1]
    y_true[0] = 1 - y_true[1]
    y_score = rng.rand(n_samples, n_labels).round(request.param % 3 + 1)
    y_score[2] = 1.0
    return y_true, y_score, rng.rand(n_samples) + 0.1


@pytest.fixture(params=[0, 50])
def official(request, shared):
    """The authors' evaluation, of what it was made, and what was told."""
    folder, percent = shared / "reference", request.param
    scores = json.loads((folder / "official_metrics.json").read_text())[f"known_{percent}"]
    with np.load(folder / f"official_metrics_known_{percent}.npz", allow_pickle=False) as data:
        y_true, logits, known = (data[key] for key in ("y_true", "logits", "known"))
    # Their `known` says which entries were told.
    told = known if known.min() < 0 else np.where(known, y_true, -1)
    y_score = expit(logits.astype(np.float64))
    return SimpleNamespace(scores=scores, y_true=y_true, y_score=y_score, told=told)
