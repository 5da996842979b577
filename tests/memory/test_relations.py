"""What known labels say of others: conditional normal distributions, by NumPy."""

import numpy as np
import pytest
import torch

from sklearn_ctran._memory import relations as module
from sklearn_ctran._memory.relations import LabelRelations


def learned(n=500, gaps=0.0, seed=0, n_labels=4):
    """Relations, and the residuals, annotations and weights that they are learned from."""
    rng = np.random.RandomState(seed)
    residuals = rng.randn(n, n_labels) @ rng.randn(n_labels, n_labels)
    is_annotated = rng.random_sample(residuals.shape) >= gaps
    weights = rng.randint(1, 4, size=n)
    prior = torch.from_numpy(rng.uniform(0.2, 0.8, size=n_labels)).float()
    arguments = (torch.from_numpy(each) for each in (residuals, is_annotated, weights))
    return LabelRelations.learn(prior, *arguments), residuals, is_annotated, weights


def test_the_covariance_is_that_of_pairs_that_are_annotated():
    relations, residuals, is_annotated, weights = learned(gaps=0.3)
    for i in range(4):
        for j in range(4):
            both = is_annotated[:, i] & is_annotated[:, j]
            expected = np.average(residuals[both, i] * residuals[both, j], weights=weights[both])
            assert relations.covariance[i, j].item() == pytest.approx(expected, abs=1e-3)
    n = weights @ is_annotated
    own = np.diag(relations.covariance) * (module._OWN + module._FEW / n) + 1e-3
    np.testing.assert_allclose(relations.own, own, rtol=1e-4)


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_predictions_are_conditional_means(monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    relations, *_ = learned()
    rng = np.random.RandomState(1)
    z, states = rng.randn(9, 4), rng.choice([-1, 0, 1], size=(9, 4)).astype(np.int8)
    states[0], states[1] = -1, 1
    found = relations(torch.from_numpy(z).float(), torch.from_numpy(states)).numpy()
    covariance, own = relations.covariance.double().numpy(), relations.own.double().numpy()
    prior = relations.prior.double().numpy()
    for q in range(9):
        known = states[q] >= 0
        among = covariance[np.ix_(known, known)] + np.diag(own[known])
        target = ((states[q] - prior) / np.sqrt(prior * (1 - prior)))[known]
        step = covariance[:, known] @ np.linalg.solve(among, target - z[q, known])
        expected = np.where(known, z[q], z[q] + step)
        np.testing.assert_allclose(found[q], expected, atol=1e-4)


def test_nothing_known_changes_nothing():
    relations, *_ = learned()
    z = torch.randn(3, 4)
    assert torch.equal(relations(z, torch.full((3, 4), -1, dtype=torch.int8)), z)


def test_many_labels_have_no_relations(monkeypatch):
    monkeypatch.setattr(module, "MOST_LABELS", 3)
    relations, *_ = learned()
    assert relations.covariance is None and relations.own is None
    z = torch.randn(3, 4)
    assert torch.equal(relations(z, torch.ones(3, 4, dtype=torch.int8)), z)


def test_pairs_that_contradict_each_other_and_labels_of_one_row_are_finite():
    for gaps, n in ((0.9, 12), (0.0, 1), (0.0, 2)):
        relations, *_ = learned(n, gaps=gaps, n_labels=6)
        assert np.linalg.eigvalsh(relations.covariance.double().numpy()).min() > -1e-4
        z = relations(torch.zeros(5, 6), torch.ones(5, 6, dtype=torch.int8).triu())
        assert torch.isfinite(z).all()
