"""The read-out."""

import torch

from sklearn_ctran.modules.readout import LabelReadout


def test_each_label_has_its_own_unit():
    readout = LabelReadout(3, 8)
    torch.nn.init.normal_(readout.bias)
    tokens = torch.randn(5, 3, 8)
    # The L x L product of the reference implementation, of which it uses the diagonal.
    dense = tokens @ readout.weight.T + readout.bias
    torch.testing.assert_close(readout(tokens), dense.diagonal(dim1=1, dim2=2))
