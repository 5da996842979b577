"""Attention by blocks against the formula, and the matrix that it never stores."""

import math

import pytest
import torch

from sklearn_ctran.modules import attention
from sklearn_ctran.modules.attention import LabelBias, attend, attention_weights

B, T, Q, L, D, HEADS = 5, 9, 7, 4, 12, 3


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    query = torch.randn(B, Q, D, dtype=torch.float64, requires_grad=True)
    key_value = torch.randn(B, T, 2 * D, dtype=torch.float64, requires_grad=True)
    table = torch.randn(3, HEADS, L, L, dtype=torch.float64, requires_grad=True)
    states = torch.randint(-1, 2, (B, L), dtype=torch.int8)
    return query, key_value, LabelBias(table, states)


def formula(query, key_value, bias):
    """Softmax of the scaled products plus bias, entry by entry as the paper writes it."""
    key, value = key_value.chunk(2, dim=2)
    heads = []
    for head in range(HEADS):
        part = slice(head * D // HEADS, (head + 1) * D // HEADS)
        logits = query[..., part] @ key[..., part].transpose(1, 2) / math.sqrt(D / HEADS)
        if bias is not None:
            logits = logits + bias.dense(Q, T)[:, head]
        heads.append(logits.softmax(dim=2) @ value[..., part])
    return torch.cat(heads, dim=2)


# All at once; a few samples at a time; a few queries of one sample, labels in two blocks.
BLOCKS = [1 << 20, 2 * HEADS * Q * T * 8, 2 * HEADS * T * 8]


@pytest.mark.parametrize("block_bytes", BLOCKS)
@pytest.mark.parametrize("has_bias", [False, True])
def test_values_and_gradients_are_those_of_the_formula(inputs, monkeypatch, block_bytes, has_bias):
    monkeypatch.setattr(attention, "BLOCK_BYTES", block_bytes)
    query, key_value, bias = inputs
    bias = bias if has_bias else None
    leaves = [query, key_value, *([bias.table] if has_bias else [])]
    got, expected = attend(query, key_value, HEADS, bias), formula(query, key_value, bias)
    torch.testing.assert_close(got, expected)
    weight = torch.randn_like(expected)
    gradients = [torch.autograd.grad((x * weight).sum(), leaves) for x in (got, expected)]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("block_bytes", BLOCKS[1:])
def test_dropout_is_the_same_in_both_passes(inputs, monkeypatch, block_bytes):
    monkeypatch.setattr(attention, "BLOCK_BYTES", block_bytes)
    query, key_value, bias = inputs

    def seeded(query, key_value, table):
        torch.manual_seed(0)
        return attend(query, key_value, HEADS, LabelBias(table, bias.states), dropout=0.4)

    assert torch.autograd.gradcheck(seeded, (query, key_value, bias.table))
    assert not torch.allclose(seeded(query, key_value, bias.table), formula(*inputs))


def test_weights_on_request(inputs):
    query, key_value, bias = inputs
    weights = attention_weights(query, key_value, HEADS, bias)
    assert weights.shape == (B, HEADS, Q, T)
    values = key_value[..., D:].unflatten(2, (HEADS, -1)).transpose(1, 2)
    attended = (weights @ values).transpose(1, 2).flatten(2)
    torch.testing.assert_close(attended, attend(query, key_value, HEADS, bias))


def test_memory_is_that_of_a_block(monkeypatch):
    """The matrix of 2 x 4 heads x 300 x 300 would take 2.9 MB."""
    monkeypatch.setattr(attention, "BLOCK_BYTES", 1 << 16)
    sizes = []
    softmax = torch.Tensor.softmax

    def watch(logits, dim):
        sizes.append(logits.numel() * logits.element_size())
        return softmax(logits, dim=dim)

    monkeypatch.setattr(torch.Tensor, "softmax", watch)
    query, key_value = torch.randn(2, 300, 8), torch.randn(2, 300, 16, requires_grad=True)
    attend(query, key_value, 4).sum().backward()
    assert len(sizes) == 2 * 2 * math.ceil(300 / 13)  # both passes, two samples
    assert max(sizes) <= 1 << 16


def test_bias_by_pair_of_labels_and_state_of_the_one_attended_to(inputs):
    _, _, bias = inputs
    added = bias.dense(n_queries=Q, n_tokens=T)
    assert added.shape == (B, HEADS, Q, T)
    # Image tokens come first: no bias to or from them.
    assert not added[:, :, : Q - L].any()
    assert not added[..., : T - L].any()
    for sample in range(B):
        for asking in range(L):
            for answering in range(L):
                state = int(bias.states[sample, answering])
                expected = bias.table[0, :, asking, answering]
                if state >= 0:
                    expected = expected + bias.table[1 + state, :, asking, answering]
                got = added[sample, :, Q - L + asking, T - L + answering]
                torch.testing.assert_close(got, expected)
