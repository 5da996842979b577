"""Exclusive groups and implications, against the enumeration of all label sets."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch

from sklearn_ctran._rules.consistent import ConsistentLabels

N_RULE_SETS = 150


def draw_rules(rng):
    """Some exclusive groups, which may overlap, and a directed acyclic graph of implications."""
    n_labels = int(rng.integers(2, 8))
    exclusive = [
        (tuple(rng.permutation(n_labels)[: rng.integers(2, 5)].tolist()), bool(rng.integers(2)))
        for _ in range(rng.integers(1, 4))
    ]
    rank = rng.permutation(n_labels)
    pairs = [(i, j) for i in range(n_labels) for j in range(n_labels) if rank[i] < rank[j]]
    n_pairs = int(rng.integers(0, 4))
    implications = [pairs[i] for i in rng.permutation(len(pairs))[:n_pairs]]
    return n_labels, exclusive, implications


def consistent_sets(labels, exclusive, implications):
    """All label sets on a component that obey the rules: (n, len(labels)), bool."""
    at = {label: i for i, label in enumerate(labels)}
    sets = np.array(list(itertools.product([False, True], repeat=len(labels))))
    valid = np.ones(len(sets), dtype=bool)
    for members, exactly_one in exclusive:
        if set(members) <= set(labels):
            count = sets[:, [at[i] for i in members]].sum(axis=1)
            valid &= (count == 1) | ((count == 0) & (not exactly_one))
    for child, parent in implications:
        if child in at:
            valid &= ~sets[:, at[child]] | sets[:, at[parent]]
    return sets[valid]


def agreeing(sets, states):
    return sets[((states == -1) | (states == sets)).all(axis=1)]


def draw_states(rng, sets, n_rows):
    """Rows known in part, each of which some label set agrees with; unknown where there is none."""
    if not len(sets):
        return np.full((n_rows, sets.shape[1]), -1, dtype=np.int8)
    rows = sets[rng.integers(len(sets), size=n_rows)].astype(np.int8)
    return np.where(rng.random(rows.shape) < rng.random((n_rows, 1)), rows, -1).astype(np.int8)


def draw_problem(seed, n_rows=5):
    """Rules, what they allow of each component, logits, states and complete targets."""
    rng = np.random.default_rng(seed)
    n_labels, exclusive, implications = draw_rules(rng)
    consistent = ConsistentLabels(n_labels, exclusive, implications)
    allowed = {
        labels: consistent_sets(labels, exclusive, implications) for labels in consistent.components
    }
    states = rng.integers(-1, 2, size=(n_rows, n_labels)).astype(np.int8)
    for labels, sets in allowed.items():
        states[:, labels] = draw_states(rng, sets, n_rows)
    logits = 3 * rng.standard_normal((n_rows, n_labels))
    return consistent, allowed, logits, states


@pytest.fixture(params=range(N_RULE_SETS), scope="module")
def problem(request):
    return draw_problem(request.param)


def test_log_partition(problem):
    consistent, allowed, logits, states = problem
    tensors = torch.tensor(logits), torch.tensor(states)
    total, greatest = (consistent.log_partition(*tensors, hard=h).numpy() for h in (False, True))
    assert total.shape == (5, len(allowed))
    for column, (labels, sets) in enumerate(allowed.items()):
        for row in range(5):
            scores = agreeing(sets, states[row, labels]) @ logits[row, labels]
            if not len(scores):
                assert total[row, column] < -1e29
                continue
            assert np.isclose(total[row, column], np.logaddexp.reduce(scores), atol=1e-10)
            assert np.isclose(greatest[row, column], scores.max(), atol=1e-10)


def test_marginals_and_the_most_probable_set(problem):
    consistent, allowed, logits, states = problem
    tensors = torch.tensor(logits), torch.tensor(states)
    proba, best = consistent.marginals(*tensors), consistent.most_probable(*tensors)
    implied = consistent.propagate(tensors[1]).numpy()
    assert proba.dtype == torch.float32 and best.dtype == torch.int8
    proba, best = proba.numpy(), best.numpy()
    for labels, sets in allowed.items():
        for row in range(5):
            left = agreeing(sets, states[row, labels])
            if not len(left):
                continue
            scores = left @ logits[row, labels]
            weights = np.exp(scores - np.logaddexp.reduce(scores))
            assert np.allclose(proba[row, labels], weights @ left, atol=1e-6)
            assert np.array_equal(best[row, labels], left[scores.argmax()])
            known = implied[row, labels] != -1
            assert np.array_equal(proba[row, labels][known], implied[row, labels][known])
            # Propagation does not find all that follows, but what it finds does follow.
            assert (left[:, known] == implied[row, labels][known]).all()
    free = ~consistent.bound.numpy()
    assert not proba[:, free].any() and not best[:, free].any()


def test_marginals_obey_the_rules(problem):
    consistent, allowed, logits, states = problem
    if not all(map(len, allowed.values())):
        pytest.skip("no label set obeys these rules")
    proba = consistent.marginals(torch.tensor(logits).float(), torch.tensor(states)).numpy()
    for child, parent in consistent.implications:
        assert (proba[:, child] <= proba[:, parent]).all()
    for members, exactly_one in consistent.exclusive:
        total = proba[:, members].sum(axis=1)
        assert (total <= 1 + 1e-6).all()
        assert not exactly_one or np.allclose(total, 1)


@pytest.mark.parametrize("scale", [1, 100])
def test_log_marginals_and_logits(problem, scale):
    consistent, allowed, logits, states = problem
    logits = scale * logits
    tensors = torch.tensor(logits), torch.tensor(states)
    totals, odds = consistent.log_marginals(*tensors).numpy(), consistent.logits(*tensors).numpy()
    free = ~consistent.bound.numpy()
    assert not totals[..., free].any()
    assert np.array_equal(odds[:, free], logits[:, free])
    for labels, sets in allowed.items():
        for row, k in itertools.product(range(5), range(len(labels))):
            left = agreeing(sets, states[row, labels])
            if not len(left):
                continue
            expected = [left[left[:, k] == s] @ logits[row, labels] for s in (0, 1)]
            expected = [np.logaddexp.reduce(scores, initial=-np.inf) for scores in expected]
            found = np.where(totals[:, row, labels[k]] < -1e29, -np.inf, totals[:, row, labels[k]])
            assert np.allclose(found, expected, rtol=1e-12, atol=1e-9)
            assert np.isclose(odds[row, labels[k]], expected[1] - expected[0], atol=1e-9)
    for child, parent in consistent.implications:
        assert (odds[:, child] <= odds[:, parent])[~np.isnan(odds[:, child])].all()


def test_nll(problem):
    consistent, allowed, logits, states = problem
    rng = np.random.default_rng(0)
    targets = np.full_like(states, -1)
    for labels, sets in allowed.items():
        for row in range(5):
            left = agreeing(sets, states[row, labels])
            if len(left):
                targets[row, labels] = left[rng.integers(len(left))]
    hidden = rng.random(targets.shape) < 0.3
    targets[hidden & (states == -1)] = -1
    z = torch.tensor(logits, requires_grad=True)
    nll = consistent.nll(z, torch.tensor(states), torch.tensor(targets))
    gradient = torch.autograd.grad(nll.sum(), z)[0]
    assert gradient.isfinite().all()
    for column, (labels, sets) in enumerate(allowed.items()):
        for row in range(5):
            left = agreeing(sets, states[row, labels])
            if not len(left):
                continue
            scores = left @ logits[row, labels]
            hit = agreeing(left, targets[row, labels]) @ logits[row, labels]
            expected = np.logaddexp.reduce(scores) - np.logaddexp.reduce(hit)
            assert np.isclose(nll[row, column].item(), expected, atol=1e-10)


def test_which_labels_can_be_positive(problem):
    consistent, allowed, *_ = problem
    for labels, sets in allowed.items():
        assert consistent.can_be_positive[list(labels)].tolist() == sets.any(axis=0).tolist()
    assert consistent.can_be_positive[~consistent.bound].all()


def test_propagation_keeps_known_states_and_ends(problem):
    consistent, _, _, states = problem
    rng = np.random.default_rng(0)
    for known in (states, rng.integers(-1, 2, size=states.shape).astype(np.int8)):
        states = torch.tensor(known)
        implied = consistent.propagate(states)
        assert implied.dtype == torch.int8
        assert torch.equal(implied[states != -1], states[states != -1])
        assert torch.equal(implied[:, ~consistent.bound], states[:, ~consistent.bound])
        assert torch.equal(consistent.propagate(implied), implied)


def test_contradictions_have_no_nan(problem):
    consistent, _, logits, _ = problem
    states = torch.tensor(list(itertools.product([0, 1], repeat=logits.shape[1])))
    states = states.to(torch.int8)
    for hard in (False, True):
        z = torch.tensor(logits[:1], dtype=torch.float32).repeat(len(states), 1).requires_grad_()
        total = consistent.log_partition(z, states, hard)
        assert total.isfinite().all()
        gradient = torch.autograd.grad(total.sum(), z)[0]
        assert gradient.isfinite().all()
        contradicting = (total < -1e29).all(dim=1)
        assert not gradient[contradicting].any()


@pytest.mark.parametrize("seed", range(8))
def test_gradients(seed):
    consistent, allowed, logits, states = draw_problem(seed)
    z, states = torch.tensor(logits, requires_grad=True), torch.tensor(states)
    targets = consistent.most_probable(z, states)
    targets[:, 0] = -1
    assert torch.autograd.gradcheck(lambda z: consistent.log_partition(z, states), z)
    assert torch.autograd.gradcheck(lambda z: consistent.nll(z, states, targets), z)


TREE = (5, [((0, 1, 2), True), ((3, 4), False)], [(0, 3), (1, 3), (2, 4)])


def unknown(n_rows, n_labels):
    return torch.full((n_rows, n_labels), -1, dtype=torch.int8)


def test_a_group_by_itself_is_a_softmax():
    consistent = ConsistentLabels(6, [((4, 1), False), ((0, 5), True)], [])
    assert consistent.components == [(0, 5), (1, 4)]
    assert consistent.bound.tolist() == [True, True, False, False, True, True]
    z = torch.randn(3, 6)
    proba = consistent.marginals(z, unknown(3, 6))
    assert torch.allclose(proba[:, [0, 5]], z[:, [0, 5]].softmax(dim=1))
    with_none = torch.cat([z[:, [1, 4]], torch.zeros(3, 1)], dim=1).softmax(dim=1)
    assert torch.allclose(proba[:, [1, 4]], with_none[:, :2])


def test_propagation_goes_on_until_nothing_follows():
    # 0 negative leaves 1; 1 implies 2, 2 excludes 3, 3 is implied by 4.
    consistent = ConsistentLabels(5, [((0, 1), True), ((2, 3), False)], [(1, 2), (4, 3)])
    states = torch.tensor([[0, -1, -1, -1, -1], [-1, -1, -1, -1, -1]], dtype=torch.int8)
    assert consistent.propagate(states).tolist() == [[0, 1, 1, 0, 0], [-1] * 5]
    assert consistent.implications == [(1, 2), (4, 3)]


def test_nothing_left_to_predict_costs_nothing():
    consistent = ConsistentLabels(*TREE)
    states = torch.tensor([[1, -1, -1, -1, -1], [-1, -1, -1, -1, 1]], dtype=torch.int8)
    z = torch.randn(2, 5) * 10
    assert not consistent.nll(z, states, consistent.propagate(states)).any()
    assert not consistent.nll(z, states, unknown(2, 5)).any()


def test_leading_dimensions_and_half_precision():
    consistent = ConsistentLabels(*TREE)
    z, states = torch.randn(2, 3, 4, 5), unknown(4, 5)
    states[1, 0] = 1
    total = consistent.log_partition(z, states)
    assert total.shape == (2, 3, 4, 1)
    for i, j in itertools.product(range(2), range(3)):
        assert torch.allclose(total[i, j], consistent.log_partition(z[i, j], states))
    half = consistent.log_partition(z.half(), states)
    assert half.dtype == torch.float32 and torch.allclose(half, total, atol=0.05)


def test_no_rows():
    consistent = ConsistentLabels(*TREE)
    z, states = torch.zeros(0, 5), unknown(0, 5)
    assert consistent.marginals(z, states).shape == (0, 5)
    assert consistent.most_probable(z, states).shape == (0, 5)
    assert consistent.propagate(states).shape == (0, 5)


def test_ties_give_a_valid_set():
    exclusive, implications = TREE[1:]
    consistent = ConsistentLabels(*TREE)
    best = consistent.most_probable(torch.zeros(1, 5), unknown(1, 5))[0].numpy()
    sets = consistent_sets(consistent.components[0], exclusive, implications)
    assert (sets == best).all(axis=1).any()
    alone = ConsistentLabels(3, [((0, 1, 2), True)], [])
    assert alone.most_probable(torch.zeros(1, 3), unknown(1, 3)).sum() == 1


def test_extreme_logits():
    consistent = ConsistentLabels(*TREE)
    z = torch.tensor([[1e4, -1e4, 0.0, -1e4, 1e4]], requires_grad=True)
    consistent.log_partition(z, unknown(1, 5)).sum().backward()
    assert z.grad.isfinite().all()
    assert consistent.marginals(z, unknown(1, 5)).isfinite().all()


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_gradients_around(context, dtype):
    consistent = ConsistentLabels(*TREE)
    z = torch.randn(2, 5, dtype=dtype)
    expected = consistent.marginals(z, unknown(2, 5)), consistent.most_probable(z, unknown(2, 5))
    with context():
        z, states = z.clone(), unknown(2, 5)
        assert torch.equal(consistent.marginals(z, states), expected[0])
        assert torch.equal(consistent.most_probable(z, states), expected[1])
        assert not consistent.log_partition(z, states).requires_grad


def test_copies_work_alike():
    consistent = ConsistentLabels(8, [*TREE[1], ((5, 6), True)], TREE[2])
    problem = torch.randn(2, 8), unknown(2, 8)
    for other in (copy.deepcopy(consistent), pickle.loads(pickle.dumps(consistent))):
        assert torch.equal(other.marginals(*problem), consistent.marginals(*problem))
        assert other.components == consistent.components
    assert not consistent.state_dict()


def test_rounding_does_not_break_the_rules(monkeypatch):
    consistent = ConsistentLabels(3, [], [(0, 1), (1, 2)])
    rounded = torch.tensor(
        [[0.5000002, 0.5000001, 0.5], [0.1, 0.9999999, 0.9999998], [-1e-7, 0.5, 1.0000002]]
    ).double()
    monkeypatch.setattr(consistent, "_gradient", lambda *args, **kwargs: rounded)
    states = torch.tensor([[-1, -1, -1], [-1, 1, -1], [-1, -1, -1]], dtype=torch.int8)
    proba = consistent.marginals(torch.zeros(3, 3), states)
    assert torch.equal(proba, torch.tensor([[0.5, 0.5, 0.5], [0.1, 1.0, 1.0], [0.0, 0.5, 1.0]]))


def test_ten_thousand_classes():
    consistent = ConsistentLabels(10_000, [(tuple(range(10_000)), True)], [])
    states = unknown(2, 10_000)
    states[1, 7] = 1
    implied = consistent.propagate(states)
    assert implied[0].eq(-1).all() and implied[1].sum() == 1 and implied[1, 7] == 1
    z = torch.randn(2, 10_000)
    assert torch.allclose(consistent.marginals(z, states)[0], z[0].softmax(dim=0), atol=1e-7)


def test_totals_are_in_the_order_of_components():
    pair, groups = (0, 1), [((2, 3), False), ((4, 5), True)]
    consistent = ConsistentLabels(6, groups, [pair])
    assert consistent.components == [(0, 1), (2, 3), (4, 5)]
    z = torch.randn(3, 6)
    total = consistent.log_partition(z, unknown(3, 6))
    alone = [ConsistentLabels(6, [], [pair]), *(ConsistentLabels(6, [each], []) for each in groups)]
    for column, part in zip(total.T, alone, strict=True):
        assert torch.allclose(column, part.log_partition(z, unknown(3, 6))[:, 0])


def test_components_with_some_labels_are_counted():
    consistent = ConsistentLabels(7, [((0, 1, 2), True), ((3, 4), False)], [(4, 5)])
    labels = torch.zeros(3, 7, dtype=torch.bool)
    labels[0, [0, 1, 3]] = labels[1, [5, 6]] = labels[2, 6] = True
    assert consistent.count_components(labels).item() == 3


def test_rules_that_no_label_set_obeys():
    pairs = [((0, 1), True), ((1, 2), True), ((0, 2), True)]
    consistent = ConsistentLabels(4, pairs, [])
    assert consistent.can_be_positive.tolist() == [False, False, False, True]
    assert consistent.log_partition(torch.zeros(1, 4), unknown(1, 4)) < -1e29


def test_wrong_rules():
    with pytest.raises(ValueError, match="no rules"):
        ConsistentLabels(3, [], [])
    with pytest.raises(ValueError, match=r"have a cycle: \(0, 1\)"):
        ConsistentLabels(3, [], [(0, 1), (1, 0)])
