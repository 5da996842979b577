"""Fits and predictions inside of what somebody has set for torch."""

import contextlib

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran.baselines import FeedbackProp, LinearHead

QUICK = {"max_epochs": 2, "batch_size": 16, "random_state": 0, "cache": None, "device": "cpu"}


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
        assert torch.get_default_dtype() == dtype  # put back by whatever ran inside
    finally:
        torch.set_default_dtype(before)


STATES = {
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "float64": lambda: default_dtype(torch.float64),
}


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    return rng.randn(40, 6).astype(np.float32), rng.randint(2, size=(40, 4))


@pytest.mark.parametrize("state", STATES)
def test_numbers_are_those_of_outside(state, table):
    X, Y = table
    rules = {"exclusive_groups": {(0, 1): "at_most_one"}}
    Y = np.where((np.arange(4) == 1) & (Y[:, :1] == 1), 0, Y)
    models = [
        CTranClassifier(**rules, **QUICK),
        CTranClassifier(precision="bfloat16", **QUICK),
        FeedbackProp(LinearHead(**QUICK)),
    ]
    for model in models:
        expected = model.fit(X, Y).predict_proba(X, known_labels={2: 1})
        with STATES[state]():
            inside = model.fit(X, Y).predict_proba(X, known_labels={2: 1})
        np.testing.assert_array_equal(inside, expected)
        np.testing.assert_array_equal(model.predict_proba(X, known_labels={2: 1}), expected)


@pytest.mark.parametrize("state", STATES)
def test_tokens_are_those_of_outside(state):
    images = np.random.RandomState(0).randint(256, size=(6, 8, 8, 3), dtype=np.uint8)
    tokens = ImageTokens(nn.Conv2d(3, 2, 4, stride=4), image_size=None, cache=None, device="cpu")
    expected = tokens.fit_transform(images)
    with STATES[state]():
        np.testing.assert_array_equal(tokens.fit_transform(images), expected)


def test_what_was_set_is_put_back_after_an_error(table):
    X, Y = table
    with default_dtype(torch.float64), torch.no_grad():
        with pytest.raises(ValueError, match="NaN"):
            CTranClassifier(**QUICK).fit(np.where(X[0, 0] == X, np.nan, X), Y)
        assert not torch.is_grad_enabled()
