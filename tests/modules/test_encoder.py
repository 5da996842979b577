"""The encoder layer against torch's own."""

import pytest
import torch
from torch import nn

from sklearn_ctran.modules.encoder import EncoderLayer


def torch_twin(layer, d_model, n_heads):
    """nn.TransformerEncoderLayer (post-norm, ReLU, width d) with the weights of `layer`."""
    twin = nn.TransformerEncoderLayer(d_model, n_heads, d_model, dropout=0.0, batch_first=True)
    state = layer.state_dict()
    for kind in ("weight", "bias"):
        both = [state.pop(f"{part}.{kind}") for part in ("query", "key_value")]
        state[f"self_attn.in_proj_{kind}"] = torch.cat(both)
        state[f"self_attn.out_proj.{kind}"] = state.pop(f"out.{kind}")
    twin.load_state_dict(state)
    return twin


@pytest.mark.parametrize("training", [True, False])
def test_equals_the_plain_formulation(training):
    torch.manual_seed(0)
    layer = EncoderLayer(16, 4, dropout=0.0).train(training)
    for bias in (layer.query.bias, layer.key_value.bias, layer.out.bias):
        nn.init.normal_(bias)
    tokens = torch.randn(3, 7, 16)
    expected = torch_twin(layer, 16, 4).train(training)(tokens)
    torch.testing.assert_close(layer(tokens), expected, atol=1e-5, rtol=0)


def test_asking_for_the_last_tokens_only_gives_the_same_tokens():
    torch.manual_seed(0)
    layer = EncoderLayer(16, 2, dropout=0.0)
    tokens = torch.randn(3, 7, 16)
    last = layer(tokens, n_queries=4)
    torch.testing.assert_close(last, layer(tokens)[:, 3:], atol=1e-5, rtol=0)


@pytest.mark.parametrize("channel_dropout", [False, True])
def test_dropout_acts_in_training_only(channel_dropout):
    layer = EncoderLayer(16, 2, dropout=0.5, channel_dropout=channel_dropout)
    tokens = torch.randn(2, 5, 16)
    assert not torch.equal(layer.train()(tokens), layer(tokens))
    assert torch.equal(layer.eval()(tokens), layer(tokens))


def test_the_paper_drops_attention_weights_too():
    assert EncoderLayer(16, 2, dropout=0.5).attention_dropout == 0.5
    layer = EncoderLayer(16, 2, dropout=0.5)
    layer.dropout.p = 0.0
    tokens = torch.randn(2, 5, 16)
    assert not torch.equal(layer.train()(tokens), layer(tokens))
    assert EncoderLayer(16, 2, dropout=0.5, channel_dropout=True).attention_dropout == 0


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="d_model=10 must be a multiple of n_heads=4"):
        EncoderLayer(10, 4, dropout=0.0)
