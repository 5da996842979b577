"""Decision diagrams: rules that single groups cannot express stay narrow, or are refused."""

import pickle

import numpy as np
import pytest
import torch

from sklearn_ctran._rules.consistent import ConsistentLabels
from sklearn_ctran._rules.diagram import MAX_WIDTH, NEVER, EntangledRulesError


def unknown(n_rows, n_labels):
    return torch.full((n_rows, n_labels), -1, dtype=torch.int8)


def hierarchy(n_species, n_orders):
    species = tuple(range(n_species))
    orders = tuple(range(n_species, n_species + n_orders))
    of_order = [(i, n_species + i * n_orders // n_species) for i in species]
    return ConsistentLabels(n_species + n_orders, [(species, True), (orders, True)], of_order)


def test_a_hierarchy_is_a_softmax_of_its_leaves():
    consistent = hierarchy(200, 20)
    assert max(consistent.parts[0].sizes) <= 8
    z = torch.randn(64, 220)
    states = unknown(64, 220)
    states[1, 203], states[2, 0] = 1, 1
    leaves = z[:, :200] + z[:, 200:].repeat_interleave(10, dim=1)
    leaves[1, :30], leaves[1, 40:], leaves[2, 1:] = NEVER, NEVER, NEVER
    proba = consistent.marginals(z, states)
    assert torch.allclose(proba[:, :200], leaves.softmax(dim=1), atol=1e-6)
    assert torch.allclose(proba[:, 200:], proba[:, :200].unflatten(1, (20, 10)).sum(-1), atol=1e-6)


def test_classes_with_attributes_are_decided_before_the_attributes():
    rng = np.random.default_rng(0)
    implications = [(c, 40 + a) for c in range(40) for a in rng.permutation(60)[:20].tolist()]
    consistent = ConsistentLabels(100, [(tuple(range(40)), True)], implications)
    z = torch.randn(3, 100, dtype=torch.float64)
    needs = torch.zeros(40, 60, dtype=torch.float64)
    needs[tuple(torch.tensor(implications).T - torch.tensor([[0], [40]]))] = 1
    softplus = torch.nn.functional.softplus(z[:, 40:])
    scores = z[:, :40] + z[:, 40:] @ needs.T + softplus @ (1 - needs).T
    total = consistent.log_partition(z, unknown(3, 100))
    assert torch.allclose(total[:, 0], scores.logsumexp(dim=1))


def test_rules_that_are_too_entangled():
    rng = np.random.default_rng(0)
    pairs = [(tuple(rng.permutation(60)[:2].tolist()), False) for _ in range(150)]
    with pytest.raises(EntangledRulesError, match="these labels are too entangled") as caught:
        ConsistentLabels(60, pairs, [])
    assert len(caught.value.labels) > 50 and MAX_WIDTH == 4096
    assert pickle.loads(pickle.dumps(caught.value)).labels == caught.value.labels


def long_rules(n, start=0, width=6):
    """Pairs in a long row, beside pairs of its first and its last labels: wide all the way."""
    row = [(start + i, start + i + 1) for i in range(n - 1)]
    return [((start + i, start + n - 1 - i), False) for i in range(width)] + [
        (pair, False) for pair in row
    ]


def test_diagrams_that_are_too_long(monkeypatch):
    ConsistentLabels(400, long_rules(400), [])
    monkeypatch.setattr("sklearn_ctran._rules.diagram.MAX_NODES", 2000)
    with pytest.raises(EntangledRulesError):
        ConsistentLabels(400, long_rules(400), [])


def test_too_many_diagrams(monkeypatch):
    rules = [each for start in range(0, 800, 100) for each in long_rules(100, start)]
    n_nodes = sum(sum(part.sizes) // 2 for part in ConsistentLabels(800, rules, []).parts)
    monkeypatch.setattr("sklearn_ctran._rules.consistent.MAX_NODES", n_nodes - 1)
    with pytest.raises(EntangledRulesError):
        ConsistentLabels(800, rules, [])
