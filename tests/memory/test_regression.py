"""Kernel regression: right values by refitting without each row, in NumPy."""

import numpy as np
import pytest
import torch

from sklearn_ctran._memory import regression
from sklearn_ctran._memory.regression import RIDGES, SHARPNESS, KernelRegression


def problem(n=30, n_labels=3, gaps=0.0, seed=0):
    """Vectors of unit length, targets, what is annotated, and weights."""
    rng = np.random.RandomState(seed)
    vectors = rng.randn(n, 4)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    is_annotated = rng.random_sample((n, n_labels)) >= gaps
    targets = vectors[:, :n_labels] + 0.3 * rng.randn(n, n_labels)
    weights = rng.uniform(0.5, 3, size=n)
    return vectors, np.where(is_annotated, targets, 0.0), is_annotated, weights


def kernel(left, right):
    return np.exp(SHARPNESS * (left @ right.T - 1))


def refitted(vectors, targets, weights, ridge, query):
    """The prediction of ridge regression for one query, by its textbook formula."""
    matrix = kernel(vectors, vectors) + np.diag(ridge / weights)
    return kernel(query[None], vectors)[0] @ np.linalg.solve(matrix, targets)


def left_out_by_refitting(vectors, targets, weights, ridge, copies=None):
    copies = np.arange(len(vectors)) if copies is None else copies
    others = [copies != each for each in copies]
    return np.array(
        [
            refitted(vectors[rows], targets[rows], weights[rows], ridge, vectors[i])
            for i, rows in enumerate(others)
        ]
    )


def learn(vectors, targets, is_annotated, weights, copies=None, seed=0):
    rng = np.random.RandomState(seed)
    copies = np.arange(len(vectors)) if copies is None else copies
    vectors = torch.from_numpy(vectors)
    return KernelRegression.learn(vectors, targets, is_annotated, weights, copies, rng)


@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("ridge", RIDGES)
def test_values_are_those_of_refitting(monkeypatch, gaps, ridge):
    monkeypatch.setattr(regression, "RIDGES", (ridge,))
    vectors, targets, is_annotated, weights = problem(gaps=gaps)
    learned, left_out = learn(vectors, targets, is_annotated, weights)
    share = weights @ is_annotated / weights.sum()
    expected = left_out_by_refitting(vectors, targets, weights, ridge) / share
    np.testing.assert_allclose(left_out, expected, atol=1e-5)
    assert learned.centres is None
    queries = problem(n=7, seed=1)[0]
    cosines = torch.from_numpy(queries @ vectors.T).float()
    expected = [refitted(vectors, targets, weights, ridge, query) / share for query in queries]
    np.testing.assert_allclose(learned(cosines), expected, atol=1e-5)


@pytest.mark.parametrize("is_noise", [False, True])
def test_the_ridge_is_that_of_the_least_error_without_oneself(is_noise):
    vectors, _, is_annotated, weights = problem(n=60)
    targets = np.random.RandomState(2).randn(60, 3) if is_noise else np.sin(6 * vectors[:, :3])
    errors = [
        (weights @ (left_out_by_refitting(vectors, targets, weights, r) - targets) ** 2).sum()
        for r in RIDGES
    ]
    best = RIDGES[int(np.argmin(errors))]
    assert best in (RIDGES[-1:] if is_noise else RIDGES[:2])
    _, left_out = learn(vectors, targets, is_annotated, weights)
    expected = left_out_by_refitting(vectors, targets, weights, best)
    np.testing.assert_allclose(left_out, expected, atol=1e-5)


@pytest.mark.parametrize("most_centres", [0, 6000])
def test_copies_do_not_predict_each_other(monkeypatch, most_centres):
    monkeypatch.setattr(regression, "MOST_CENTRES", most_centres)
    vectors, _, is_annotated, weights = problem(n=60)
    copies = np.arange(60) // 4
    vectors = vectors[copies] + 1e-3 * vectors
    targets = np.random.RandomState(2).randn(60, 3)[copies]  # Known from a copy, else noise.
    ridges = {}
    for name, groups in (("alone", np.arange(60)), ("copies", copies)):
        errors = [
            (left_out_by_refitting(vectors, targets, weights, r, groups) - targets) ** 2
            for r in RIDGES
        ]
        ridges[name] = RIDGES[int(np.argmin([(weights @ error).sum() for error in errors]))]
    assert ridges["alone"] < ridges["copies"]
    _, left_out = learn(vectors, targets, is_annotated, weights, copies)
    expected = left_out_by_refitting(vectors, targets, weights, ridges["copies"], copies)
    np.testing.assert_allclose(left_out, expected, atol=2e-3)


def test_all_rows_as_centres_are_the_exact_regression(monkeypatch):
    case = problem(n=40, gaps=0.3)
    exact, exact_left_out = learn(*case)
    monkeypatch.setattr(regression, "MOST_CENTRES", 0)
    by_centres, left_out = learn(*case)
    np.testing.assert_array_equal(by_centres.centres, np.arange(40))
    np.testing.assert_allclose(left_out, exact_left_out, atol=1e-3)
    cosines = torch.from_numpy(problem(n=9, seed=1)[0] @ case[0].T).float()
    np.testing.assert_allclose(by_centres(cosines), exact(cosines), atol=1e-3)


def test_few_centres_are_the_best_that_they_span(monkeypatch):
    """Nyström: ridge regression with only the centres' coefficients, in its textbook formula."""
    monkeypatch.setattr(regression, "MOST_CENTRES", 5)
    monkeypatch.setattr(regression, "N_CENTRES", 5)
    monkeypatch.setattr(regression, "RIDGES", (0.5,))
    vectors, targets, is_annotated, weights = problem(n=40)
    learned, left_out = learn(vectors, targets, is_annotated, weights)
    assert len(learned.centres) == 5 and (np.diff(learned.centres) > 0).all()
    centres = vectors[learned.centres]

    def fitted(rows):
        mapped = kernel(vectors[rows], centres)
        precision = weights[rows, None] / 0.5
        matrix = mapped.T @ (precision * mapped) + kernel(centres, centres)
        return np.linalg.solve(matrix, mapped.T @ (precision * targets[rows]))

    rows = np.arange(40)
    np.testing.assert_allclose(learned.coefficients, fitted(rows), atol=1e-2)
    expected = [kernel(vectors[i : i + 1], centres)[0] @ fitted(rows[rows != i]) for i in rows]
    np.testing.assert_allclose(left_out, expected, atol=1e-3)


def test_weights_are_repetitions(monkeypatch):
    monkeypatch.setattr(regression, "RIDGES", (1.0,))
    vectors, targets, is_annotated, _ = problem()
    weights = np.random.RandomState(1).randint(1, 4, size=len(vectors))
    weighted, _ = learn(vectors, targets, is_annotated, weights.astype(float))
    repeated, _ = learn(
        *(np.repeat(each, weights, axis=0) for each in (vectors, targets, is_annotated)),
        np.ones(weights.sum()),
    )
    cosines = problem(n=9, seed=1)[0] @ vectors.T
    np.testing.assert_allclose(
        weighted(torch.from_numpy(cosines).float()),
        repeated(torch.from_numpy(np.repeat(cosines, weights, axis=1)).float()),
        atol=1e-5,
    )


@pytest.mark.parametrize("n_rows", [1, 2])
@pytest.mark.parametrize("most_centres", [0, 6000])
def test_a_row_or_two(monkeypatch, n_rows, most_centres):
    monkeypatch.setattr(regression, "MOST_CENTRES", most_centres)
    case = problem(n=n_rows)
    _, left_out = learn(*case)
    if n_rows == 1:  # Nothing else is known: the mean, which is 0.
        np.testing.assert_allclose(left_out, 0, atol=1e-5)
    assert np.isfinite(left_out.numpy()).all()


@pytest.mark.parametrize("most_centres", [0, 6000])
def test_equal_and_empty_vectors(monkeypatch, most_centres):
    """Images that cannot be told apart: everything is predicted to be about the mean."""
    monkeypatch.setattr(regression, "MOST_CENTRES", most_centres)
    _, targets, is_annotated, weights = problem(n=20)
    targets = targets - weights @ targets / weights.sum()
    for vectors in (np.zeros((20, 3)), np.tile([[1.0, 0.0, 0.0]], (20, 1)), np.zeros((20, 0))):
        learned, left_out = learn(vectors, targets, is_annotated, weights)
        assert np.isfinite(left_out.numpy()).all()
        cosines = torch.from_numpy(vectors @ vectors.T).float()
        np.testing.assert_allclose(learned(cosines), 0, atol=1e-2)


@pytest.mark.parametrize("weight", [1e-20, 1e20])
@pytest.mark.parametrize("most_centres", [0, 6000])
def test_extreme_weights_of_equal_images(monkeypatch, weight, most_centres):
    """Equal images with other labels: with next to no noise, no solution would be left."""
    monkeypatch.setattr(regression, "MOST_CENTRES", most_centres)
    vectors, targets, is_annotated, weights = problem(n=20)
    vectors = np.repeat(vectors[:10], 2, axis=0)
    learned, left_out = learn(vectors, targets, is_annotated, weight * weights)
    assert np.isfinite(left_out.numpy()).all()
    answers = learned(torch.from_numpy(vectors @ vectors.T).float())
    assert answers.abs().max() < 10
