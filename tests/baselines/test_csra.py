"""CSRA: a label that shows in one cell, and its parameters."""

import numpy as np
import pytest

from sklearn_ctran.baselines import CSRA

QUICK = {"max_epochs": 2, "random_state": 0}


def test_attention_finds_what_the_mean_hides(cells):
    X, Y, _ = cells
    quick = {"max_epochs": 30, "lr": 0.05, "dropout": 0.0, "random_state": 0}
    scores = [
        CSRA(None, residual_weight=weight, n_heads=2, **quick).fit(X, Y).score(X, Y)
        for weight in (0.0, 2.0)
    ]
    assert scores[1] > 0.99 > scores[0]


@pytest.mark.parametrize("params", [{"n_heads": 4}, {"residual_weight": 1.0}], ids=str)
def test_parameters_make_a_difference(cells, params):
    X, Y, _ = cells
    usual = CSRA(None, **QUICK).fit(X, Y).predict_proba(X)
    changed = CSRA(None, **QUICK | params).fit(X, Y).predict_proba(X)
    assert abs(usual - changed).max() > 1e-4


def test_a_number_of_heads_without_temperatures_is_refused(cells):
    X, Y, _ = cells
    with pytest.raises(ValueError, match="'n_heads' parameter of CSRA must be"):
        CSRA(None, n_heads=3).fit(X, Y)


def test_images_of_another_size_at_prediction(pictures):
    images, Y = pictures
    model = CSRA("small", image_size=None, augment=None, **QUICK).fit(images, Y)
    larger = images.repeat(2, axis=1).repeat(2, axis=2)
    assert np.isfinite(model.predict_proba(larger[:4])).all()
