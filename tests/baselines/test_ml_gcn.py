"""MLGCN: classifiers that the graph makes; what it shares with others (`_label_graph.py`)."""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_ctran.baselines import MLGCN

QUICK = {"max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(80, 6).astype(np.float32)
    Y = (X[:, :3] + rng.randn(80, 3) > 0.4).astype(float)
    Y[:, 1] = np.where(rng.rand(80) < 0.2, Y[:, 1], Y[:, 0])
    Y[::5, 2] = np.nan
    return X, Y


def test_predictions_are_its_equations(table):
    X, Y = table
    vectors = np.random.RandomState(1).randn(3, 5).astype(np.float32)
    model = MLGCN(label_embeddings=vectors, n_hidden=7, graph=np.ones((3, 3)), **QUICK).fit(X, Y)
    module = model.net_.module_
    first, second = (layer.weight.detach().numpy() for layer in (module.first, module.second))
    propagation = np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    hidden = propagation @ vectors @ first
    classifiers = propagation @ np.where(hidden > 0, hidden, 0.2 * hidden) @ second
    expected = (X - X.mean(axis=0)) / X.std(axis=0) @ classifiers.T + module.bias.detach().numpy()
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-4, atol=1e-5)


def test_the_graph_is_counted_where_both_labels_are_annotated(table):
    X, Y = table
    weight = np.random.RandomState(2).rand(len(X)) + 0.5
    model = MLGCN(threshold=0.42, neighbor_share=0.5, **QUICK).fit(X, Y, sample_weight=weight)
    expected = np.zeros((3, 3))
    for row in range(3):
        for column in range(3):
            both = np.flatnonzero((Y[:, row] == 1) & ~np.isnan(Y[:, column]))
            expected[row, column] = np.average(Y[both, column], weights=weight[both])
    edges = (expected >= 0.42) & ~np.eye(3, dtype=bool)
    shares = 0.5 * edges / np.maximum(edges.sum(axis=1, keepdims=True), 1) + 0.5 * np.eye(3)
    scale = shares.sum(axis=1) ** -0.5
    np.testing.assert_allclose(
        model.net_.module_.propagation, scale[:, None] * shares * scale, rtol=1e-5
    )
    assert 0 < edges.sum() < 6


def test_neighbors_have_classifiers_that_are_alike(table):
    X, Y = table
    graph = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]])
    similarities = []
    for share in (0.0, 0.5):
        module = MLGCN(graph=graph, neighbor_share=share, **QUICK).fit(X, Y).net_.module_
        classifiers = module.classifiers().detach()
        similarities.append(torch.cosine_similarity(classifiers[0], classifiers[2], dim=0))
    assert similarities[0] < 0.9
    assert similarities[1] > 0.99


def test_vectors_and_graph_by_name(table):
    X, Y = table
    Y = pd.DataFrame(Y, columns=["cat", "dog", "cow"])
    rng = np.random.RandomState(0)
    vectors, weights = rng.randn(3, 4), rng.rand(3, 3)
    by_name = pd.DataFrame(weights, Y.columns, Y.columns).loc[::-1, ["dog", "cow", "cat"]]
    embeddings = {name: vectors[i] for i, name in enumerate(Y.columns)} | {"hen": rng.randn(4)}
    models = [
        MLGCN(label_embeddings=vectors, graph=weights, **QUICK).fit(X, Y),
        MLGCN(label_embeddings=embeddings, graph=by_name, **QUICK).fit(X, Y),
    ]
    np.testing.assert_array_equal(models[0].predict_proba(X), models[1].predict_proba(X))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"graph": np.ones((2, 2))}, "graph must have a row and a column for each of the 3 labels"),
        ({"graph": -np.ones((3, 3))}, "edge from 0 to 0 is negative"),
        ({"graph": "wordnet"}, "The 'graph' parameter of MLGCN must be"),
        ({"label_embeddings": np.ones((4, 2))}, "one row for each of the 3 labels"),
        ({"label_embeddings": {0: [1.0], 1: [2.0]}}, "no vector for 2"),
        ({"neighbor_share": 1.0}, "The 'neighbor_share' parameter"),
    ],
)
def test_bad_graphs_and_vectors(table, params, message):
    with pytest.raises(ValueError, match=message):
        MLGCN(**params).fit(*table)


def test_what_is_wrong_is_said_before_images_are_read():
    with pytest.raises(ValueError, match="graph must be square"):
        MLGCN(graph=[[1, 2]]).fit(["no such file.jpg"] * 4, np.eye(4, dtype=int)[:, :2])


def test_going_on_with_other_vectors_or_another_graph_is_refused(table):
    X, Y = table
    model = MLGCN(label_embeddings=np.eye(3), warm_start=True, **QUICK).fit(X, Y)
    model.set_params(label_embeddings={i: row for i, row in enumerate(np.eye(3))}).fit(X, Y)
    with pytest.raises(ValueError, match="digest of label_embeddings was"):
        model.set_params(label_embeddings=2 * np.eye(3)).fit(X, Y)
    with pytest.raises(ValueError, match="digest of graph was"):
        model.set_params(label_embeddings=np.eye(3), graph=np.eye(3)).fit(X, Y)
    with pytest.raises(ValueError, match="threshold was 0.4 then and is 0.5 now"):
        model.set_params(graph="cooccurrence", threshold=0.5).fit(X, Y)


def test_learned_vectors_learn(table):
    X, Y = table
    values = [
        MLGCN(max_epochs=n, random_state=0).fit(X, Y).net_.module_.vectors.values for n in (1, 2)
    ]
    assert values[0].shape == (3, 128)
    assert not torch.allclose(*values)
