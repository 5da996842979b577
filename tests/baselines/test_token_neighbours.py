"""TokenNeighbours: MLkNN on mean tokens, where the nearest count most."""

import numpy as np
import pytest

from sklearn_ctran.baselines import MLkNN, TokenNeighbours


@pytest.fixture(scope="module")
def tokens():
    rng = np.random.RandomState(0)
    X = rng.randn(60, 4, 3)
    return X, (X.mean(axis=1)[:, [0, 1, 0]] + 0.3 * rng.randn(60, 3) > 0).astype(float)


def directions(X):
    pooled = X.mean(axis=1)
    standardised = (pooled - pooled.mean(axis=0)) / pooled.std(axis=0)
    return standardised / np.linalg.norm(standardised, axis=1, keepdims=True)


def test_without_sharpness_it_is_mlknn_of_directions(tokens):
    X, Y = tokens
    found = TokenNeighbours(5, sharpness=0.0).fit(X, Y).predict_proba(X)
    expected = MLkNN(5).fit(directions(X), Y).predict_proba(directions(X))
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert abs(TokenNeighbours(5).fit(X, Y).predict_proba(X) - expected).max() > 0.01


@pytest.mark.parametrize("has_gaps", [False, True])
def test_votes_are_shares_of_weight(tokens, has_gaps):
    X, Y = tokens
    if has_gaps:
        Y = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.5, np.nan, Y)
    sharpness, k = 3.0, 5
    model = TokenNeighbours(k, sharpness=sharpness).fit(X, Y)
    unit = directions(X)
    cosines = unit @ unit.T
    for label in range(3):
        annotated = np.flatnonzero(~np.isnan(Y[:, label]))
        counts = np.zeros((2, k + 2))
        votes = {}
        for row in range(60):
            for is_training in (False, True):
                others = annotated[annotated != row] if is_training else annotated
                nearest = others[np.argsort(-cosines[row, others], kind="stable")[:k]]
                weight = np.exp(sharpness * (cosines[row, nearest] - 1))
                votes[row, is_training] = k * weight @ Y[nearest, label] / weight.sum()
        for row in annotated:
            number = votes[row, True]
            state, lower = int(Y[row, label]), int(number)
            counts[state, lower] += 1 - number % 1
            counts[state, lower + 1] += number % 1
        smoothed = counts[:, : k + 1] + 1
        np.testing.assert_allclose(
            model.likelihood_[:, label], smoothed / smoothed.sum(axis=1, keepdims=True), rtol=1e-6
        )
        prior = (np.nansum(Y[:, label]) + 1) / (len(annotated) + 2)
        for row, proba in enumerate(model.predict_proba(X)[:, label]):
            number = votes[row, False]
            at = np.array(
                [np.interp(number, range(k + 1), each) for each in model.likelihood_[:, label]]
            )
            joint = at * [1 - prior, prior]
            assert proba == pytest.approx(joint[1] / joint.sum(), rel=1e-6)


def test_pooled_tokens_are_the_same(tokens):
    X, Y = tokens
    pooled = X.mean(axis=1)
    np.testing.assert_allclose(
        TokenNeighbours(5).fit(pooled, Y).predict_proba(pooled),
        TokenNeighbours(5).fit(X, Y).predict_proba(X),
        rtol=1e-10,
    )


@pytest.mark.parametrize("params", [{"sharpness": -1.0}, {"sharpness": 101}, {"n_neighbors": 0}])
def test_parameters_out_of_range_are_refused(tokens, params):
    message = f"The '{next(iter(params))}' parameter of TokenNeighbours must be"
    with pytest.raises(ValueError, match=message):
        TokenNeighbours(**params).fit(*tokens)


def test_numbers_that_overflow_are_an_error(tokens):
    X, Y = tokens
    with pytest.raises(ValueError, match="squares overflow: scale it"):
        TokenNeighbours().fit(X * 1e200, Y)
