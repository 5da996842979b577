"""Vectors of labels, and gated propagation."""

import torch

from sklearn_ctran.modules.label_graph import GatedGraph, LabelVectors


def test_given_vectors_stay_and_learned_ones_do_not():
    given, learned = (LabelVectors(3, 5, learned=is_learned) for is_learned in (False, True))
    given.give(torch.ones(3, 5))
    assert torch.equal(given.values, torch.ones(3, 5))
    assert not list(given.parameters())
    assert [parameter.shape for parameter in learned.parameters()] == [(3, 5)]
    assert learned.values.std() > 0


def test_a_state_reaches_both_ends_of_an_edge_one_edge_a_step():
    graph = torch.zeros(4, 4)
    graph[0, 1] = graph[1, 2] = 1.0
    for n_steps, moved in ((0, []), (1, [0, 1, 2]), (2, [0, 1, 2])):
        torch.manual_seed(0)
        gated = GatedGraph(5, n_steps)
        states = torch.randn(4, 5)
        before = gated(states, graph)
        after = gated(states + torch.eye(4)[1][:, None], graph)
        changed = (before - after).abs().amax(dim=1) > 1e-6
        assert changed.nonzero().flatten().tolist() == (moved or [1])
        # From node 0, node 2 is two edges away.
        far = gated(states + torch.eye(4)[0][:, None], graph)
        assert ((before - far).abs().amax(dim=1) > 1e-6)[2] == (n_steps == 2)


def test_one_step_by_hand():
    torch.manual_seed(1)
    gated = GatedGraph(3, 1)
    states, graph = torch.randn(2, 3), torch.tensor([[0.0, 0.5], [0.25, 0.0]])
    heard = torch.cat([graph @ states, graph.T @ states], dim=1)
    update = (gated.update_heard(heard) + gated.update_own(states)).sigmoid()
    reset = (gated.reset_heard(heard) + gated.reset_own(states)).sigmoid()
    new = (gated.new_heard(heard) + gated.new_own(reset * states)).tanh()
    torch.testing.assert_close(gated(states, graph), (1 - update) * states + update * new)
    assert gated.reset_own is not gated.update_own
    shared = GatedGraph(3, 1, shared_gate=True)
    assert shared.reset_own is shared.update_own
