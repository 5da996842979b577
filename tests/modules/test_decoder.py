"""Attention between different tokens: as torch's, and dropout from the generator of the fit."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran._utils.randomness import drawing
from sklearn_ctran.modules.decoder import Attention, AttentionLayer


@pytest.fixture
def tokens():
    torch.manual_seed(0)
    return torch.randn(3, 2, 8), torch.randn(3, 5, 8), torch.randn(3, 5, 8)


def test_attention_is_that_of_torch(tokens):
    ours = Attention(8, 4, dropout=0.5).eval()
    theirs = nn.MultiheadAttention(8, 4, batch_first=True)
    maps = ours.query, ours.key, ours.value
    theirs.in_proj_weight.data = torch.cat([each.weight for each in maps]).detach()
    theirs.in_proj_bias.data = torch.cat([each.bias for each in maps]).detach()
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    torch.testing.assert_close(ours(*tokens), theirs(*tokens)[0])


def test_gradients_reach_keys_and_values(tokens):
    for each in tokens:
        each.requires_grad_()
    Attention(8, 2, dropout=0.0)(*tokens).sum().backward()
    assert all(each.grad.abs().sum() > 0 for each in tokens[2:])


def test_a_layer_by_hand(tokens):
    queries, keys, values = tokens
    layer = AttentionLayer(8, 2, n_hidden=6, dropout=0.5).eval()
    first = layer.norm1(queries + layer.attention(queries + 1, keys, values))
    expected = layer.norm2(first + layer.linear2(F.relu(layer.linear1(first))))
    torch.testing.assert_close(layer(queries, queries + 1, keys, values), expected)


def test_dropout_is_of_the_fit(tokens):
    layer = AttentionLayer(8, 2, n_hidden=6, dropout=0.5).train()
    made = []
    for seed in (0, 0, 1):
        with drawing(seed):
            made.append(layer(tokens[0], *tokens))
    torch.testing.assert_close(made[0], made[1])
    assert not torch.allclose(made[0], made[2])


def test_heads_divide_the_width():
    with pytest.raises(ValueError, match="d_model=8 must be a multiple of n_heads=3"):
        Attention(8, 3, dropout=0.0)
