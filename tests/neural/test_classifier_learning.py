"""What CTranClassifier learns from images and labels, of each kind of target."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from small_models import quick

from sklearn_ctran.metrics import mean_average_precision


def test_learns_labels_and_what_known_labels_say(table):
    X, Y = table
    model = quick(max_epochs=60, lr=3e-3).fit(X[:120], Y[:120])
    proba = model.predict_proba(X[120:])
    assert proba.shape == (40, 3)
    assert mean_average_precision(Y[120:, :1], proba[:, :1]) > 0.9
    known = np.full((40, 3), -1)
    known[:, 2] = Y[120:, 2]
    told = model.predict_proba(X[120:], known_labels=known)
    assert mean_average_precision(Y[120:, 1:2], told[:, 1:2]) > 0.95
    np.testing.assert_array_equal(told[:, 2], Y[120:, 2])
    assert model.score(X[120:], Y[120:], known_labels=known) > model.score(X[120:], Y[120:])


def test_no_label_mask_training_learns_nothing_from_known_labels(table):
    X, Y = table
    model = quick(max_epochs=40, lr=3e-3, unknown_fraction=None, memory=None).fit(X[:120], Y[:120])
    told = model.predict_proba(X[120:], known_labels={2: Y[120:, 2]})
    assert mean_average_precision(Y[120:, 1:2], told[:, 1:2]) < 0.85


def test_learns_from_images_from_scratch(pictures):
    X, Y = pictures
    model = quick(backbone="small", image_size=None, augment=None, max_epochs=15, batch_size=16)
    assert model.fit(X[:64], Y[:64]).score(X[64:], Y[64:]) > 0.95


def test_missing_labels_are_as_if_not_there(table):
    """A label's wrong values may be anything where they are marked missing."""
    X, Y = table
    partly = Y.astype(float)
    partly[::2, 1] = np.nan
    as_minus_one = np.where(np.isnan(partly), -1, partly)
    first, second = (quick().fit(X, y).predict_proba(X) for y in (partly, as_minus_one))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, quick().fit(X, Y).predict_proba(X))


def test_multiclass_probabilities_and_known_classes(table):
    X, _ = table
    names = np.array(["owl", "tit", "wren"])
    y = names[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
    model = quick(max_epochs=40, lr=3e-3).fit(X, y)
    np.testing.assert_array_equal(model.classes_, names)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert model.score(X, y) > 0.8
    without = model.predict_proba(X, {"tit": 0})
    assert (without[:, 1] == 0).all()
    np.testing.assert_allclose(without.sum(axis=1), 1, rtol=1e-6)
    assert (model.predict(X, {"wren": 1}) == "wren").all()
    known = pd.DataFrame({"tit": np.where(np.arange(160) < 100, 1, -1)})
    expected = np.mean(model.predict(X[100:]) == y[100:])
    assert model.score(X, y, known_labels=known) == pytest.approx(expected)


def test_decision_function_orders_like_probabilities(table):
    X, Y = table
    model = quick().fit(X, Y)
    known = {1: np.where(np.arange(160) % 2, 1, 0)}
    logits, proba = model.decision_function(X, known), model.predict_proba(X, known)
    assert logits.dtype == proba.dtype == np.float32
    assert np.isfinite(logits).all()
    np.testing.assert_array_equal(proba > 0.5, logits > 0)
    np.testing.assert_array_equal(model.predict(X, known), (proba > 0.5).astype(int))


def test_same_seed_same_model_and_global_generators_are_left_alone(pictures):
    X, Y = (a[:24] for a in pictures)
    model = quick(backbone="small", image_size=12)
    torch.manual_seed(5)
    np.random.seed(5)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = model.fit(X, Y).predict_proba(X)
    assert torch.equal(states[0], torch.get_rng_state())
    np.testing.assert_array_equal(states[1], np.random.get_state()[1])
    assert torch.initial_seed() == 5
    torch.manual_seed(6)
    np.testing.assert_array_equal(first, clone(model).fit(X, Y).predict_proba(X))
    other = clone(model).set_params(random_state=1).fit(X, Y).predict_proba(X)
    assert not np.array_equal(first, other)
