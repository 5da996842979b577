"""Networks of one feature vector per image."""

import pytest
import torch

from sklearn_ctran.modules.heads import BottleneckModel, LinearModel, MLPModel

WHERE = {"pool": "mean", "dropout": 0.0}
FEATURES = torch.randn(3, 1, 5, generator=torch.Generator().manual_seed(0))
UNKNOWN = torch.full((3, 4), -1, dtype=torch.int8)


def bottleneck(n_targets, mode="joint", weight=1.0):
    torch.manual_seed(0)
    model = BottleneckModel(4, 5, n_targets=n_targets, mode=mode, concept_weight=weight, **WHERE)
    for weights in model.parameters():
        torch.nn.init.normal_(weights)
    return model


def test_a_linear_model_is_one():
    model = LinearModel(4, 5, **WHERE)
    torch.nn.init.normal_(model.linear.weight)
    model.set_prior(torch.arange(4.0))
    expected = FEATURES[:, 0] @ model.linear.weight.T + torch.arange(4.0)
    torch.testing.assert_close(model(FEATURES, UNKNOWN)[0], expected)
    known = torch.ones_like(UNKNOWN)
    assert torch.equal(model(FEATURES, UNKNOWN), model(FEATURES, known))


def test_cells_of_a_feature_map_are_pooled_then_standardised():
    model = LinearModel(4, 5, pool="max", dropout=0.0)
    torch.nn.init.normal_(model.linear.weight)
    model.standardize_features(torch.arange(5.0), torch.full((5,), 2.0))
    cells = torch.randn(3, 6, 5)
    expected = model.linear((cells.amax(dim=1) - torch.arange(5.0)) / 2)
    torch.testing.assert_close(model(model.pool(cells), UNKNOWN)[0], expected)


def test_several_states_of_an_image_are_several_rows():
    model = LinearModel(4, 5, **WHERE)
    torch.nn.init.normal_(model.linear.weight)
    twice = model(FEATURES, UNKNOWN.repeat_interleave(2, dim=0))
    torch.testing.assert_close(twice[0, ::2], model(FEATURES, UNKNOWN)[0])
    assert twice.shape == (1, 6, 4)


def test_a_perceptron_and_the_labels_that_it_does_not_learn():
    model = MLPModel(4, 5, n_learned=3, n_hidden=7, **WHERE)
    torch.nn.init.normal_(model.out.weight)
    model.set_prior(torch.tensor([0.0, 1.0, 2.0, 3.0]))
    logits = model(FEATURES, UNKNOWN)[0]
    hidden = torch.relu(model.hidden(FEATURES[:, 0]))
    expected = hidden @ model.out.weight.T + torch.tensor([0.0, 1.0, 2.0])
    torch.testing.assert_close(logits[:, :3], expected)
    assert (logits[:, 3] == 3).all()


def test_targets_see_the_image_through_concepts_only():
    model = bottleneck(n_targets=2)
    states = UNKNOWN.clone()
    states[:, 2:] = torch.tensor([[0, 1], [1, 1], [0, 0]])
    told = model(FEATURES, states)[0]
    torch.testing.assert_close(told[:, :2], model(torch.randn(3, 1, 5), states)[0, :, :2])
    expected = model.to_targets(2 * states[:, 2:].float() - 1)
    torch.testing.assert_close(told[:, :2], expected)
    states[:, 3] = -1  # the other one is predicted
    concepts = torch.stack([states[:, 2].float(), torch.sigmoid(told[:, 3])], dim=1)
    expected = model.to_targets(2 * concepts - 1)
    torch.testing.assert_close(model(FEATURES, states)[0, :, :2], expected)


def test_without_other_labels_targets_are_their_own_concepts():
    model = bottleneck(n_targets=4)
    assert model.train()(FEATURES, UNKNOWN).shape == (2, 3, 4)
    logits = model.eval()(FEATURES, UNKNOWN)
    assert logits.shape == (1, 3, 4)
    states = UNKNOWN.clone()
    states[:, 0] = 1
    changed = model(FEATURES, states) != logits
    assert changed[0, :, 1:].all()


@pytest.mark.parametrize("mode", ["independent", "sequential", "joint"])
def test_who_teaches_the_concepts(mode):
    model = bottleneck(n_targets=2, mode=mode, weight=3.0)
    (from_targets,) = torch.autograd.grad(
        model(FEATURES, UNKNOWN)[0, :, :2].sum(), model.to_concepts.weight
    )
    assert bool(from_targets.any()) == (mode == "joint")
    (from_concepts,) = torch.autograd.grad(
        model(FEATURES, UNKNOWN)[0, :, 2:].sum(), model.to_concepts.weight
    )
    weight = 3.0 if mode == "joint" else 1.0
    expected = weight * FEATURES[:, 0].sum(dim=0).expand(2, -1)
    torch.testing.assert_close(from_concepts, expected)
