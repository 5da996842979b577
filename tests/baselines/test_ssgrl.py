"""SSGRL: where labels look, what they hear of one another, and its parameters."""

import numpy as np
import pytest
import torch

from sklearn_ctran.baselines import SSGRL

QUICK = {"max_epochs": 2, "random_state": 0, "d_model": 8, "n_attention": 6}


def test_labels_look_at_the_cell_that_shows_them(cells):
    X, Y, where = cells
    model = SSGRL(None, max_epochs=60, lr=0.01, d_model=None, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.97
    module = model.net_.module_
    features = module.image_features(torch.from_numpy(X))
    # As wide as the tokens: the feature of a label is a mixture of cells.
    decoupled = module.decouple(features, module.vectors.values).detach()
    for label in range(2):
        shown = Y[:, label] == 1
        own = features[torch.arange(300), torch.from_numpy(where[:, label])]
        gain = (decoupled[shown, label, label] / own[shown, label]).median()
        assert gain > 0.5  # the mean of the cells has a ninth


def test_labels_hear_of_their_neighbors_only(cells):
    X, Y, _ = cells
    Y = np.column_stack([Y, Y[:, 0]])
    graph = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    module = SSGRL(None, graph=graph, **QUICK).fit(X, Y).net_.module_
    states = torch.randn(4, 3, 8)
    other = states + torch.eye(3)[1][:, None]
    change = (module.propagate(states, module.graph) - module.propagate(other, module.graph)).abs()
    assert (change.amax(dim=(0, 2)) > 1e-6).tolist() == [True, True, False]


def test_the_graph_is_that_of_the_table_or_the_given_one(cells):
    X, Y, _ = cells
    Y = Y.astype(float)
    Y[:50, 0] = np.nan
    counted = SSGRL(None, **QUICK).fit(X, Y).net_.module_.graph
    both = Y[50:]
    expected = [both[both[:, 0] == 1, 1].mean(), both[both[:, 1] == 1, 0].mean()]
    np.testing.assert_allclose(counted, [[0, expected[0]], [expected[1], 0]], rtol=1e-6)
    given = np.array([[0.5, 0.25], [0, 3]], dtype=np.float32)
    np.testing.assert_array_equal(
        SSGRL(None, graph=given, **QUICK).fit(X, Y).net_.module_.graph, given
    )


@pytest.mark.parametrize(
    "params",
    [
        {"label_embeddings": np.eye(2, dtype=np.float32)},
        {"graph": np.zeros((2, 2))},
        {"d_model": 4},
        {"n_attention": 3},
        {"n_output": 5},
        {"n_steps": 1},
        {"gates": "published"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_parameters_make_a_difference(cells, params):
    X, Y, _ = cells
    usual = SSGRL(None, **QUICK).fit(X, Y).predict_proba(X)
    changed = SSGRL(None, **QUICK | params).fit(X, Y).predict_proba(X)
    assert abs(usual - changed).max() > 1e-6


def test_images_of_another_size_at_prediction(pictures):
    images, Y = pictures
    model = SSGRL("small", image_size=None, augment=None, **QUICK).fit(images, Y)
    larger = images.repeat(2, axis=1).repeat(2, axis=2)
    assert model.predict_proba(larger[:4]).shape == (4, 2)


def test_the_length_of_vectors_does_not_matter(cells):
    X, Y, _ = cells
    vectors = np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32)
    models = [
        SSGRL(None, label_embeddings=scale * vectors, **QUICK).fit(X, Y) for scale in (1, 100)
    ]
    np.testing.assert_allclose(models[0].predict_proba(X), models[1].predict_proba(X), rtol=1e-4)
    values = models[0].net_.module_.vectors.values
    assert (values**2).mean() == pytest.approx(1, rel=1e-5)
    nothing = SSGRL(None, label_embeddings=0 * vectors, **QUICK).fit(X, Y)
    assert np.isfinite(nothing.predict_proba(X)).all()
