"""All baselines, made so that they fit in a moment."""

import pytest

from sklearn_ctran import baselines
from sklearn_ctran.baselines import FeedbackProp, LinearHead, MemoryClassifier
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline

CLASSES = [getattr(baselines, name) for name in baselines.__all__ if name[0].isupper()]
#: Those that look at images themselves.
NEURAL = [each for each in CLASSES if issubclass(each, (NeuralBaseline, FeedbackProp))]
#: Nothing random but the weights at first; see tests/test_common.py.
EXACT = {"dropout": 0.0, "precision": "float64", "batch_size": 1000}


def made(kind, **params):
    """An instance, seeded; `params` are of networks, which learn enough in fewer steps."""
    if kind is FeedbackProp:
        return kind(made(LinearHead, **params))
    model = kind(**{"max_epochs": 60, "lr": 0.02} | params) if kind in NEURAL else kind()
    return model.set_params(random_state=0) if hasattr(model, "random_state") else model


ALL = [made(kind) for kind in CLASSES]
#: Those that wrap scikit-learn's classifiers.
META = [
    each
    for each in ALL
    if hasattr(each, "estimator") and type(each) not in (*NEURAL, MemoryClassifier)
]
all_baselines = pytest.mark.parametrize("baseline", ALL, ids=lambda each: type(each).__name__)
wrapping = pytest.mark.parametrize("baseline", META, ids=lambda each: type(each).__name__)
