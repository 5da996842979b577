"""The network beside the transformer."""

import pytest
import torch
from torch import nn

from sklearn_ctran.modules.shortcut import Shortcut


def test_starts_from_the_prior_alone():
    shortcut = Shortcut(3, 4).eval()
    shortcut.set_prior(torch.tensor([-1.0, 0.0, 2.0]))
    states = torch.tensor([[-1, 0, 1], [-1, -1, -1]], dtype=torch.int8)
    logits = shortcut(torch.randn(2, 4), states)
    assert torch.equal(logits, torch.tensor([[-1.0, 0.0, 2.0]] * 2))


def test_depends_on_features_and_on_states():
    torch.manual_seed(0)
    shortcut = Shortcut(3, 4).eval()
    for weight in (shortcut.linear.weight, shortcut.out.weight):
        nn.init.normal_(weight)
    features, unknown = torch.randn(1, 4), torch.full((1, 3), -1, dtype=torch.int8)
    base = shortcut(features, unknown)
    assert not torch.allclose(base, shortcut(features + 1, unknown))
    for state in (0, 1):
        known = unknown.clone()
        known[0, 1] = state
        assert not torch.allclose(base, shortcut(features, known))
    # Both ways count: the linear one and the one through the hidden layer.
    linear = shortcut.linear(torch.cat([torch.zeros(1, 6), features], dim=1))
    assert not torch.allclose(base, linear)


def test_without_an_image():
    shortcut = Shortcut(3, 0)
    assert shortcut(None, torch.tensor([[1, 0, -1]], dtype=torch.int8)).shape == (1, 3)


def test_dropout_acts_in_training_only():
    shortcut = Shortcut(3, 4)
    nn.init.normal_(shortcut.linear.weight)
    x, states = torch.randn(2, 4), torch.ones(2, 3, dtype=torch.int8)
    assert not torch.equal(shortcut.train()(x, states), shortcut(x, states))
    assert torch.equal(shortcut.eval()(x, states), shortcut(x, states))


@pytest.mark.parametrize("n_features", [0, 4])
def test_with_many_labels_states_go_through_the_hidden_layer_only(n_features):
    few, many = Shortcut(1000, n_features), Shortcut(1001, n_features)
    assert few.linear.in_features == n_features + 2000
    assert many.linear.in_features == n_features
    nn.init.normal_(many.out.weight)
    features = torch.randn(2, n_features) if n_features else None
    states = torch.full((2, 1001), -1, dtype=torch.int8)
    states[1, 0] = 1
    logits = many.eval()(None if features is None else features[:1].expand(2, -1), states)
    assert logits.shape == (2, 1001)
    assert not torch.allclose(logits[0], logits[1])
