"""MLZSL: relations of labels, and answers for labels that were not in training."""

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran.baselines import MLZSL

QUICK = {"max_epochs": 3, "random_state": 0, "n_hidden": 16}
NAMES = [f"label{i}" for i in range(12)]


@pytest.fixture(scope="module")
def world():
    """Labels are directions of the features, and their vectors say which."""
    rng = np.random.RandomState(0)
    vectors = rng.randn(12, 4)
    X = rng.randn(400, 4).astype(np.float32)
    Y = pd.DataFrame((X @ vectors.T + 0.3 * rng.randn(400, 12) > 1).astype(int), columns=NAMES)
    return X, Y, dict(zip(NAMES, vectors, strict=True))


@pytest.fixture(scope="module")
def model(world):
    X, Y, vectors = world
    model = MLZSL(label_embeddings=vectors, max_epochs=100, lr=0.01, dropout=0.0, random_state=0)
    return model.fit(X, Y[NAMES[:9]])


def test_labels_that_were_not_in_training(world, model):
    X, Y, _ = world
    assert model.score(X, Y[NAMES[:9]]) > 0.8
    proba = model.predict_proba(X, labels=NAMES[9:])
    assert proba.shape == (400, 3)
    for i, name in enumerate(NAMES[9:]):
        present = Y[name] == 1
        above = (proba[present, i][:, None] > proba[~present, i]).mean()  # area under the curve
        assert above > 0.8


def test_old_labels_beside_new_ones_answer_as_ever(world, model):
    X, _, vectors = world
    known = {"label1": 1}
    names = ["label11", "label1", "label10", "label0"]
    proba = model.predict_proba(X, known, labels=names)
    np.testing.assert_array_equal(proba[:, [1, 3]], model.predict_proba(X, known)[:, [1, 0]])
    assert (proba[:, 1] == 1).all()
    alone = model.predict_proba(X, labels=["label11"])
    np.testing.assert_allclose(alone[:, 0], proba[:, 0], rtol=1e-5)
    given = np.array([vectors["label11"], vectors["label10"]])
    again = model.predict_proba(X, labels=names, label_embeddings=given)
    np.testing.assert_array_equal(again[:, [0, 2]], proba[:, [0, 2]])
    np.testing.assert_array_equal(
        model.predict_proba(model.encode(X), labels=names), model.predict_proba(X, labels=names)
    )


def test_relations_by_similarity(world):
    X, Y, vectors = world
    module = MLZSL(label_embeddings=vectors, n_neighbors=2, **QUICK).fit(X, Y).net_.module_
    each = np.array([vector / np.linalg.norm(vector) for vector in vectors.values()])
    cosines = each @ each.T - 3 * np.eye(12)
    for row in range(12):
        nearest = np.flatnonzero(module.edges[0, row])
        assert sorted(nearest) == sorted(np.argsort(-cosines[row])[:2])
        farthest = np.flatnonzero(module.edges[1, row])
        assert sorted(farthest) == sorted(np.argsort(cosines[row])[1:3])  # not itself


def test_relations_by_cooccurrence(world):
    X, Y, _ = world
    module = MLZSL(n_neighbors=1, **QUICK).fit(X, Y).net_.module_
    Y = Y.to_numpy()
    gain = np.array([Y[Y[:, i] == 1].mean(axis=0) - Y.mean(axis=0) for i in range(12)])
    gain[np.eye(12, dtype=bool)] = np.nan
    assert module.edges[0].argmax(dim=1).tolist() == np.nanargmax(gain, axis=1).tolist()
    assert module.edges[1].argmax(dim=1).tolist() == np.nanargmin(gain, axis=1).tolist()


def test_given_relations_by_name(world):
    X, Y, vectors = world
    rng = np.random.RandomState(0)
    kinds, likes = (pd.DataFrame(rng.rand(12, 12), NAMES, NAMES) for _ in range(2))
    graphs = {"kind": kinds.iloc[::-1], "like": likes}
    model = MLZSL(label_embeddings=vectors, graph=graphs, **QUICK).fit(X, Y[NAMES[:9]])
    edges = model.net_.module_.edges
    np.testing.assert_allclose(edges[0], kinds.iloc[:9, :9], rtol=1e-6)
    np.testing.assert_allclose(edges[1], likes.iloc[:9, :9], rtol=1e-6)
    before = model.predict_proba(X, labels=NAMES[9:11])
    graphs["like"].loc["label9", "label3"] += 5
    changed = abs(model.predict_proba(X, labels=NAMES[9:11]) - before).max(axis=0)
    assert changed[0] > 1e-5 > changed[1]
    one = MLZSL(label_embeddings=vectors, graph=kinds, **QUICK).fit(X, Y[NAMES[:9]])
    assert one.net_.module_.edges.shape == (1, 9, 9)


@pytest.mark.parametrize("params", [{"n_belief": 2}, {"n_hidden": 8}, {"n_steps": 1}])
def test_parameters_make_a_difference(world, params):
    X, Y, _ = world
    usual = MLZSL(**QUICK).fit(X, Y).predict_proba(X)
    assert abs(MLZSL(**QUICK | params).fit(X, Y).predict_proba(X) - usual).max() > 1e-4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": []}, "labels names no label"),
        ({"labels": ["label0", "label0"]}, "names 'label0' twice"),
        ({"labels": ["cow"]}, "no vector for 'cow'"),
        ({"labels": ["cow"], "label_embeddings": np.ones((1, 3))}, "have 3 dimensions.* had 4"),
        ({"labels": ["cow"], "label_embeddings": np.ones((2, 4))}, "one row for each of the 1"),
        ({"label_embeddings": np.ones((1, 4))}, "name them in labels="),
    ],
)
def test_what_new_labels_need(world, model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.predict_proba(world[0], **arguments)


def test_estimators_that_have_no_answer_for_new_labels(world):
    X, Y, vectors = world
    new = {"labels": ["cow"], "label_embeddings": np.ones((1, 4))}
    Y, given = Y[NAMES[:9]], np.array(list(vectors.values()))[:9]
    with pytest.raises(ValueError, match="fitted without label_embeddings"):
        MLZSL(**QUICK).fit(X, Y).predict_proba(X, **new)
    counted = MLZSL(label_embeddings=given, graph="cooccurrence", **QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="graph='cooccurrence' says nothing of them"):
        counted.predict_proba(X, **new)
    with pytest.raises(ValueError, match="give their vectors"):
        counted.predict_proba(X, labels=["cow"])
    array = MLZSL(label_embeddings=given, graph=np.ones((9, 9)), **QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="a row and a column for each of the 10 labels"):
        array.predict_proba(X, **new)
    with pytest.raises(ValueError, match="fitted on classes"):
        MLZSL(**QUICK).fit(X, Y["label0"]).predict_proba(X, **new)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ("similarity", "is that of label_embeddings, which are None"),
        ({}, "a dict without a relation"),
        ({"kind": -np.ones((12, 12))}, r"graph\['kind'\]: the weight .* is negative"),
    ],
)
def test_bad_graphs(world, graph, message):
    X, Y, _ = world
    with pytest.raises(ValueError, match=message):
        MLZSL(graph=graph, **QUICK).fit(X, Y)
