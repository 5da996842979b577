"""A learned bias for the attention between labels."""

import torch
from torch import nn

from sklearn_ctran.modules.attention import LabelBias


class LabelAttentionBias(nn.Module):
    """A learned bias added to the attention logits between labels.

    It depends, for each head, on the attending label, on the attended label and on the state of the
    latter. Without it, attention needs many examples to find the few known positives among dozens
    of tokens. `positive` is the initial bias towards known positives; all others start at zero.
    """

    def __init__(self, n_labels, n_heads, positive=3.0):
        super().__init__()
        # For any state of the attended label, and added where it is negative, positive.
        self.pair = nn.Parameter(torch.zeros(3, n_heads, n_labels, n_labels))
        self.state = nn.Parameter(torch.tensor([0.0, 0.0, positive])[:, None].repeat(1, n_heads))

    def forward(self, states):
        """The bias for states (B, L), labels being the last tokens, as a LabelBias."""
        return LabelBias(self.pair + self.state[:, :, None, None], states)
