"""Attention on other devices than CPUs, which torch computes, and the scale of dropout."""

from types import SimpleNamespace

import pytest
import torch

from sklearn_ctran.modules.attention import LabelBias, attend, attention_weights

B, T, Q, L, D, HEADS = 4, 6, 5, 3, 8, 2


class Elsewhere(torch.Tensor):
    """A tensor in the CPU's memory that says that it is not."""

    @property
    def device(self):
        return SimpleNamespace(type="elsewhere")


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    bias = LabelBias(torch.randn(3, HEADS, L, L), torch.randint(-1, 2, (B, L), dtype=torch.int8))
    return torch.randn(B, Q, D), torch.randn(B, T, 2 * D), bias


@pytest.mark.parametrize("has_bias", [True, False])
def test_torch_computes_the_same(inputs, has_bias):
    query, key_value, bias = inputs
    bias = bias if has_bias else None
    got = attend(query.as_subclass(Elsewhere), key_value, HEADS, bias)
    expected = attend(query, key_value, HEADS, bias)
    torch.testing.assert_close(got.as_subclass(torch.Tensor), expected)


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_what_dropout_keeps_is_scaled_up(inputs, is_elsewhere):
    query, key_value, bias = inputs
    many = [x.repeat(3000, 1, 1) for x in (query, key_value)]
    if is_elsewhere:
        many[0] = many[0].as_subclass(Elsewhere)
    states = bias.states.repeat(3000, 1)
    dropped = attend(*many, HEADS, LabelBias(bias.table, states), dropout=0.4)
    mean = dropped.as_subclass(torch.Tensor).unflatten(0, (3000, B)).mean(dim=0)
    torch.testing.assert_close(mean, attend(*inputs[:2], HEADS, bias), atol=0.1, rtol=0.1)
    assert attention_weights(query, key_value, HEADS, bias).sum(dim=3).allclose(torch.ones(1))
