"""All baselines, made so that they fit in a moment."""

from inspect import signature

import pytest

from sklearn_ctran import baselines
from sklearn_ctran.baselines import (
    MLZSL,
    SRN,
    SSGRL,
    FeedbackProp,
    LinearHead,
    MemoryClassifier,
    MLDecoder,
    MultiEvidence,
    Query2Label,
    RNNAttention,
)
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.baselines._sequence_baseline import SequenceBaseline

CLASSES = [getattr(baselines, name) for name in baselines.__all__ if name[0].isupper()]
#: Those that look at images themselves.
NEURAL = [each for each in CLASSES if issubclass(each, (NeuralBaseline, FeedbackProp))]
#: Nothing random but the weights at first; see tests/test_common.py.
EXACT = {"dropout": 0.0, "precision": "float64", "batch_size": 1000}


def made(kind, **params):
    """An instance, seeded; `params` are of networks, which learn enough in fewer steps."""
    if kind is FeedbackProp:
        return kind(made(LinearHead, **params))
    if issubclass(kind, SSGRL):
        params = {"d_model": 32, "n_attention": 16} | params
    if kind in (MLDecoder, Query2Label):
        params = {"d_model": 32, "n_hidden": 32} | params
    if kind is Query2Label:
        params = {"n_decoder_layers": 1} | params
    if kind in (MLZSL, Query2Label):  # In larger steps, many layers magnify rounding.
        params = {"lr": 0.002} | params
    if issubclass(kind, (SequenceBaseline, RNNAttention, MultiEvidence, SRN, MLZSL)):
        params = {"n_hidden": 32} | params
    if kind in (MLZSL, RNNAttention):
        params = {"n_steps" if kind is MLZSL else "n_regions": 2} | params
    if EXACT.items() <= params.items() and "unknown_fraction" in signature(kind).parameters:
        params = params | {"unknown_fraction": None}  # Masks of repeated samples differ.
    if EXACT.items() <= params.items() and "layer_dropout" in signature(kind).parameters:
        params = params | {"layer_dropout": 0.0}
    model = kind(**{"max_epochs": 60, "lr": 0.02} | params) if kind in NEURAL else kind()
    return model.set_params(random_state=0) if hasattr(model, "random_state") else model


def brief(kind, **params):
    """An instance that is fitted in a moment and learns next to nothing."""
    few = {"max_epochs": 4 if kind is SRN else 2}  # It has four stages.
    # Long steps would come to logits whose probabilities are rounded to 1.
    return made(kind, **few | {"lr": 0.002} | params)


ALL = [made(kind) for kind in CLASSES]
#: Those that wrap scikit-learn's classifiers.
META = [
    each
    for each in ALL
    if hasattr(each, "estimator") and type(each) not in (*NEURAL, MemoryClassifier)
]
all_baselines = pytest.mark.parametrize("baseline", ALL, ids=lambda each: type(each).__name__)
#: The same for tests that do not ask what was learned.
brief_baselines = pytest.mark.parametrize(
    "baseline", [brief(kind) for kind in CLASSES], ids=lambda each: type(each).__name__
)
wrapping = pytest.mark.parametrize("baseline", META, ids=lambda each: type(each).__name__)
