"""Dropout: what is dropped, how much of it, and from which generator."""

import pytest
import torch
from torch import nn

from sklearn_ctran._utils.randomness import drawing
from sklearn_ctran.modules.dropout import ChannelDropout, Dropout, FastDropout, keep_mask


def test_channel_dropout_is_shared_by_tokens_and_keeps_the_mean():
    torch.manual_seed(0)
    dropped = ChannelDropout(0.3).train()(torch.ones(200, 5, 50))
    assert torch.equal(dropped, dropped[:, :1].expand(-1, 5, -1))
    assert 0.27 < (dropped == 0).float().mean() < 0.33
    assert 0.95 < dropped.mean() < 1.05
    assert torch.equal(ChannelDropout(0.3).eval()(dropped), dropped)


def test_channel_dropout_of_one_token_drops_entries():
    torch.manual_seed(0)
    dropped = ChannelDropout(0.3).train()(torch.ones(200, 50))
    assert 0.27 < (dropped == 0).float().mean() < 0.33
    assert 0 < (dropped == 0).float().mean(dim=0).min() < 1


@pytest.mark.parametrize("kind", [ChannelDropout, FastDropout])
@pytest.mark.parametrize("training", [False, True])
def test_adding_is_dropping_and_adding(kind, training):
    dropout = kind(0.3).train(training)
    residual, tokens = torch.randn(2, 3, 4, 50)
    torch.manual_seed(0)
    expected = residual + dropout(tokens)
    torch.manual_seed(0)
    torch.testing.assert_close(dropout.add(residual, tokens), expected)


@pytest.mark.parametrize("kind", [Dropout, FastDropout])
def test_dropout_drops_entries_by_themselves_and_keeps_the_mean(kind):
    torch.manual_seed(0)
    x = torch.ones(100, 7, 101, requires_grad=True)
    dropped = kind(0.1).train()(x)
    assert sorted(set(dropped.detach().flatten().tolist())) == [0.0, torch.tensor(1 / 0.9).item()]
    assert abs((dropped == 0).float().mean() - 0.1) < 0.005
    # Neither a token nor a channel is dropped as a whole, nor do neighbours go together.
    zero = (dropped == 0).float() - 0.1
    assert (zero[..., 1:] * zero[..., :-1]).mean().abs() < 0.002
    assert (zero[:, 1:] * zero[:, :-1]).mean().abs() < 0.002
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped.detach())
    assert torch.equal(kind(0.1).eval()(x), x)
    assert torch.equal(kind(0.0).train()(x), x)


def test_dropout_comes_from_the_generator():
    drawn = [keep_mask((3, 5), 0.5, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert keep_mask((2, 3), 0.0).all()


@pytest.mark.parametrize("kind", [ChannelDropout, Dropout, FastDropout])
def test_modules_draw_from_the_generator_of_the_fit(kind):
    tokens, before = torch.ones(3, 4, 50), torch.get_rng_state()
    drawn = []
    for seed in (1, 1, 2):
        with drawing(seed):
            drawn.append(kind(0.3).train()(tokens))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_dropout_has_torchs_numbers():
    tokens = torch.randn(3, 4, 50)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = nn.Dropout(0.3)(tokens)
    with drawing(5):
        assert torch.equal(Dropout(0.3)(tokens), expected)
