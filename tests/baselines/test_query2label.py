"""Query2Label: queries find their label wherever it is, and its parameters."""

import pytest

from sklearn_ctran.baselines import Query2Label

QUICK = {"max_epochs": 2, "random_state": 0, "d_model": 16, "n_hidden": 16, "dropout": 0.0}


def test_queries_find_the_cell_that_shows_their_label(cells):
    X, Y, _ = cells
    params = QUICK | {"max_epochs": 60, "lr": 0.01, "weight_decay": 0.01}
    assert Query2Label(None, **params).fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize(
    "params",
    [
        {"d_model": 8},
        {"n_heads": 2},
        {"n_hidden": 8},
        {"n_encoder_layers": 0},
        {"n_decoder_layers": 1},
        {"self_attention": True},
        {"layer_dropout": 0.5},
    ],
    ids=str,
)
def test_parameters_make_a_difference(cells, params):
    X, Y, _ = cells
    usual = Query2Label(None, **QUICK).fit(X, Y).predict_proba(X)
    changed = Query2Label(None, **QUICK | params).fit(X, Y).predict_proba(X)
    assert abs(usual - changed).max() > 1e-5


@pytest.mark.parametrize("params", [{"d_model": 6, "n_heads": 2}, {"d_model": 16, "n_heads": 3}])
def test_a_width_that_cannot_be_divided_is_refused(cells, params):
    X, Y, _ = cells
    with pytest.raises(ValueError, match="must be a multiple of 4 and of n_heads="):
        Query2Label(None, **QUICK | params).fit(X, Y)


def test_images_of_another_size_at_prediction(pictures):
    images, Y = pictures
    model = Query2Label("small", image_size=None, augment=None, **QUICK).fit(images, Y)
    larger = images.repeat(2, axis=1).repeat(2, axis=2)
    assert model.predict_proba(larger[:4]).shape == (4, 2)
