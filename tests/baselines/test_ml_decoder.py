"""MLDecoder: groups of labels, its parameters, and labels that were not in training."""

import numpy as np
import pytest

from sklearn_ctran.baselines import MLDecoder

QUICK = {"max_epochs": 2, "random_state": 0, "d_model": 16, "n_hidden": 16, "dropout": 0.0}


def test_one_query_answers_for_a_group(cells):
    X, Y, _ = cells
    params = QUICK | {"max_epochs": 60, "lr": 0.01, "weight_decay": 0.01, "n_groups": 1}
    model = MLDecoder(None, **params).fit(X, Y)
    assert model.net_.module_.queries.shape == (1, 16)
    assert model.score(X, Y) > 0.85


@pytest.mark.parametrize(
    "params",
    [
        {"n_groups": 1},
        {"d_model": 8},
        {"n_heads": 2},
        {"n_hidden": 8},
        {"layer_dropout": 0.5},
        {"label_embeddings": np.eye(2)},
    ],
    ids=lambda params: next(iter(params)),
)
def test_parameters_make_a_difference(cells, params):
    X, Y, _ = cells
    usual = MLDecoder(None, **QUICK).fit(X, Y).predict_proba(X)
    changed = MLDecoder(None, **QUICK | params).fit(X, Y).predict_proba(X)
    assert abs(usual - changed).max() > 1e-5


def test_a_width_that_cannot_be_divided_is_refused(cells):
    X, Y, _ = cells
    with pytest.raises(ValueError, match="d_model=16 must be a multiple of n_heads=3"):
        MLDecoder(None, **QUICK, n_heads=3).fit(X, Y)


def test_labels_that_were_not_in_training():
    rng = np.random.RandomState(0)
    vectors = rng.randn(20, 3)
    X = rng.randn(600, 1, 3).astype(np.float32)
    Y = (X[:, 0] @ vectors.T + 0.3 * rng.randn(600, 20) > 1).astype(int)
    given = {str(i): vector for i, vector in enumerate(vectors)}
    params = QUICK | {"max_epochs": 150, "lr": 0.01, "weight_decay": 0.01, "n_hidden": 64}
    model = MLDecoder(None, label_embeddings=vectors[:17], **params).fit(X, Y[:, :17])
    assert model.score(X, Y[:, :17]) > 0.3  # all 17 right
    new = {name: given[name] for name in ("17", "18", "19")}
    proba = model.predict_proba(X, labels=list(new), label_embeddings=new)
    for i in range(3):
        present = Y[:, 17 + i] == 1
        above = (proba[present, i][:, None] > proba[~present, i]).mean()  # area under the curve
        assert above > 0.75
    with pytest.raises(ValueError, match="label_embeddings have 2 dimensions, but those of fit"):
        model.predict_proba(X, labels=["x"], label_embeddings={"x": [1.0, 2.0]})
    fixed = MLDecoder(None, **QUICK).fit(X, Y[:, :17])
    with pytest.raises(ValueError, match="fitted without label_embeddings"):
        fixed.predict_proba(X, labels=["x"], label_embeddings={"x": [1.0, 2.0, 3.0]})
