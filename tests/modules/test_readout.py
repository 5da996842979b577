"""The read-out."""

import pytest
import torch

from sklearn_ctran.modules.readout import LabelReadout


def test_each_label_has_its_own_unit():
    readout = LabelReadout(3, 8)
    torch.nn.init.normal_(readout.bias)
    tokens = torch.randn(5, 3, 8)
    # The L x L product of the reference implementation, of which it uses the diagonal.
    dense = tokens @ readout.weight.T + readout.bias
    torch.testing.assert_close(readout(tokens), dense.diagonal(dim1=1, dim2=2))


def test_biases_start_from_the_prior():
    readout, log_odds = LabelReadout(3, 8), torch.randn(3)
    assert not readout.bias.any()
    readout.set_prior(log_odds)
    assert torch.equal(readout.bias, log_odds)


def test_biases_start_from_a_uniform_distribution():
    torch.manual_seed(0)
    readout = LabelReadout(2000, 16, init="uniform")
    readout.set_prior(torch.full((2000,), -3.0))
    assert 0.24 < readout.bias.abs().max() <= 0.25
    assert readout.bias.mean().abs() < 0.02
    assert readout.bias.var().item() == pytest.approx(0.25**2 / 3, rel=0.1)
    torch.manual_seed(0)
    assert torch.equal(readout.weight, LabelReadout(2000, 16).weight)
