"""ML-kNN equals its definition, counted one sample and one label at a time."""

import numpy as np
import pytest

from sklearn_ctran.baselines import MLkNN, _ml_knn


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(60, 3)
    return X, (X[:, [0, 1, 0]] + rng.randn(60, 3) > 0).astype(float), rng.randn(20, 3)


def votes(x, label, X, Y, weight, n_neighbors, own=None):
    """Positive neighbours of `x`; `own` is its row in training."""
    left, positive = n_neighbors, 0.0
    for row in np.argsort([np.sum((x - each) ** 2) for each in X], kind="stable"):
        if not np.isnan(Y[row, label]):
            own_weight = weight[row] - 1 if row == own else weight[row]
            taken = min(max(own_weight, 0), left)
            positive += taken * Y[row, label]
            left -= taken
    return positive


def enumerated(X, Y, queries, n_neighbors, smoothing, weight=None):
    """Probabilities (n_queries, n_labels) by the paper's equations."""
    weight = np.ones(len(X)) if weight is None else weight
    proba = np.empty((len(queries), Y.shape[1]))
    for label in range(Y.shape[1]):
        annotated = np.flatnonzero(~np.isnan(Y[:, label]))
        k = min(n_neighbors, max(0, int(weight[annotated].sum() - 1)))
        counts, totals = np.zeros((2, k + 2)), np.zeros(2)
        for row in annotated:
            state = int(Y[row, label])
            number = votes(X[row], label, X, Y, weight, k, own=row)
            totals[state] += weight[row]
            counts[state, int(number)] += weight[row] * (1 - number % 1)
            counts[state, int(number) + 1] += weight[row] * (number % 1)
        for position, query in enumerate(queries):
            number = votes(query, label, X, Y, weight, k)
            joint = []
            for state in (0, 1):
                each = counts[state] + smoothing
                between = each[int(number)] * (1 - number % 1) + each[int(number) + 1] * (
                    number % 1
                )
                prior = (totals[state] + smoothing) / (totals.sum() + 2 * smoothing)
                joint.append(prior * between / (totals[state] + smoothing * (k + 1)))
            proba[position, label] = joint[1] / sum(joint)
    return proba


@pytest.mark.parametrize(("n_neighbors", "smoothing"), [(1, 1.0), (5, 0.5), (10, 1.0), (59, 2.0)])
def test_probabilities_are_those_of_the_definition(table, n_neighbors, smoothing):
    X, Y, queries = table
    model = MLkNN(n_neighbors, smoothing=smoothing).fit(X, Y)
    expected = enumerated(X, Y, queries, n_neighbors, smoothing)
    np.testing.assert_allclose(model.predict_proba(queries), expected, rtol=1e-10)
    # A training sample is its own neighbour when it is predicted.
    expected = enumerated(X, Y, X, n_neighbors, smoothing)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-10)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_neighbours_are_those_annotated_for_the_label(table, share):
    X, Y, queries = table
    Y = np.where(np.random.RandomState(1).rand(*Y.shape) < share, np.nan, Y)
    model = MLkNN(5).fit(X, Y)
    expected = enumerated(X, Y, queries, 5, 1.0)
    np.testing.assert_allclose(model.predict_proba(queries), expected, rtol=1e-10)
    # A label's probabilities are those of the table without its missing rows.
    annotated = ~np.isnan(Y[:, 1])
    alone = MLkNN(5).fit(X[annotated], Y[annotated, 1:2]).predict_proba(queries)
    np.testing.assert_allclose(model.predict_proba(queries)[:, 1:2], alone, rtol=1e-12)


def test_weights_are_shares_of_neighbours(table):
    X, Y, queries = table
    for seed, scale in ((2, 2.0), (3, 0.2)):
        weight = np.random.RandomState(seed).rand(60) * scale
        model = MLkNN(4).fit(X, Y, sample_weight=weight)
        expected = enumerated(X, Y, queries, 4, 1.0, weight)
        np.testing.assert_allclose(model.predict_proba(queries), expected, rtol=1e-8)


def test_a_sample_is_not_its_own_neighbour_in_training():
    # Pairs of equal samples, of which one has the label.
    X = np.repeat(np.arange(20.0), 2)[:, None]
    Y = np.tile([0, 1], 20)[:, None]
    model = MLkNN(1).fit(X, Y)
    # The one neighbour of each has the other state: 20 samples, and 1 for smoothing.
    np.testing.assert_allclose(model.likelihood_[:, 0], [[1 / 22, 21 / 22], [21 / 22, 1 / 22]])
    np.testing.assert_allclose(model.prior_, [0.5])


def test_few_annotated_samples_give_what_they_can(table):
    X, Y, queries = table
    Y = Y.copy()
    Y[:, 1] = np.nan
    Y[7, 1] = 1
    Y[3:, 2] = np.nan
    model = MLkNN(10).fit(X, Y)
    assert model.n_neighbors_.tolist() == [10, 0, 2]
    np.testing.assert_allclose(model.predict_proba(queries)[:, 1], 2 / 3)  # the prior alone
    assert np.isfinite(model.predict_proba(queries)).all()


def test_rows_in_blocks_are_the_same(table, monkeypatch):
    X, Y, queries = table
    Y = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.4, np.nan, Y)
    expected = MLkNN(5).fit(X, Y).predict_proba(queries)
    monkeypatch.setattr(_ml_knn, "_ROWS_AT_ONCE", 7)
    np.testing.assert_array_equal(MLkNN(5).fit(X, Y).predict_proba(queries), expected)


@pytest.mark.parametrize("smoothing", [1e-9, 1e9])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e25])
def test_extreme_weights_and_smoothing_stay_finite(table, smoothing, scale):
    X, Y, queries = table
    Y = np.column_stack([Y, np.ones(60)])
    weight = np.full(60, scale)
    if scale < 1:
        with pytest.warns(UserWarning, match="sums to less than 2"):
            model = MLkNN(smoothing=smoothing).fit(X, Y, sample_weight=weight)
    else:
        model = MLkNN(smoothing=smoothing).fit(X, Y, sample_weight=weight)
    proba = model.predict_proba(queries)
    assert ((proba >= 0) & (proba <= 1)).all()
    assert np.isfinite(model.likelihood_).all()


def test_distances_that_overflow_are_an_error(table):
    X, Y, queries = table
    message = "so large that distances between rows overflow: scale it"
    with pytest.raises(ValueError, match=message):
        MLkNN().fit(X * 1e200, Y)
    model = MLkNN().fit(X, Y)
    with pytest.raises(ValueError, match=message):
        model.predict_proba(queries * 1e200)


@pytest.mark.parametrize("params", [{"n_neighbors": 0}, {"smoothing": 0.0}, {"smoothing": np.inf}])
def test_parameters_out_of_range_are_refused(table, params):
    X, Y, _ = table
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter of MLkNN must be"):
        MLkNN(**params).fit(X, Y)
