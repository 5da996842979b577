"""ML-ZSL's network: how beliefs travel."""

import torch

from sklearn_ctran.modules.ml_zsl import MLZSLModel, Relation

SIZES = {"n_dimensions": 2, "learned": True, "n_belief": 3, "n_hidden": 6, "dropout": 0.0}
STATES = torch.full((4, 3), -1)


def made(n_relations=1, n_steps=2, **params):
    torch.manual_seed(0)
    params = SIZES | {"pool": "mean"} | params
    module = MLZSLModel(3, 5, n_relations=n_relations, n_steps=n_steps, **params)
    torch.nn.init.normal_(module.out.weight)
    return module.eval()


def test_an_answer_depends_on_labels_that_are_heard_within_the_steps():
    module, X = made(), torch.randn(4, 1, 5)
    module.set_graph(torch.tensor([[[0.0, 1, 0], [0, 0, 1], [0, 0, 0]]]))
    for n_steps, reached in ((1, [False, True, True]), (2, [True, True, True])):
        module.n_steps = n_steps
        before = module(X, STATES)
        module.vectors.values.data[2] += 1
        changed = (module(X, STATES) - before).abs().amax(dim=(0, 1)) > 1e-6
        assert changed.tolist() == reached


def test_relations_differ_and_are_directed():
    torch.manual_seed(0)
    relation, vectors = Relation(2, 6, 3), torch.randn(3, 2)
    edges = torch.tensor([[0.0, 2, 0], [1, 0, 0], [0, 0, 0]])
    matrices = relation(vectors, edges)
    assert matrices.shape == (3, 3, 3, 3)
    assert matrices[edges == 0].abs().max() == 0
    assert not torch.allclose(matrices[0, 1], 2 * matrices[1, 0])
    torch.testing.assert_close(relation(vectors, 3 * edges), 3 * matrices)
    module, X = made(n_relations=2), torch.randn(4, 1, 5)
    edges = torch.ones(3, 3) - torch.eye(3)
    module.set_graph(torch.stack([edges, 0 * edges]))
    first = module(X, STATES)
    module.set_graph(torch.stack([0 * edges, edges]))
    assert (module(X, STATES) - first).abs().max() > 1e-4


def test_every_step_is_trained_the_last_one_most():
    module, X = made(n_steps=3), torch.randn(4, 1, 5)
    module.set_prior(torch.tensor([1.0, -1.0, 0.0]))
    last = module(X, STATES)
    assert last.shape == (1, 4, 3)
    steps = module.train()(X, STATES)
    assert steps.shape == (3, 4, 3)
    torch.testing.assert_close(steps[-1:], last)
    gradients = [
        torch.autograd.grad(step.sum(), module.out.bias, retain_graph=True)[0] for step in steps
    ]
    torch.testing.assert_close(torch.cat(gradients), torch.tensor([1 / 3, 1 / 2, 1]) * 12)


def test_new_labels_hear_seen_ones_and_change_nothing():
    module, features = made(n_relations=2), torch.randn(4, 5)
    module.set_graph(torch.ones(2, 3, 3))
    module.set_prior(torch.tensor([1.0, 2.0, 6.0]))
    vectors, heard = torch.randn(2, 2), torch.zeros(2, 2, 3)
    alone = module.new_logits(features, vectors, heard)
    assert alone.shape == (4, 2)
    heard[0, 1, 2] = 1
    told = module.new_logits(features, vectors, heard)
    assert ((told - alone).abs().amax(dim=0) > 1e-6).tolist() == [True, False]
    # A new label with a seen one's vector and ears has its answer, but for the log-odds.
    same = module.new_logits(features, module.vectors.values[:1].data, torch.ones(1, 2, 3))
    logits = module(features[:, None], STATES)
    torch.testing.assert_close(same[:, 0], logits[0, :, 0] + 2.0)
