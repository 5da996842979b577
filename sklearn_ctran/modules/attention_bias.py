"""What labels are to one another, told to the attention."""

import torch
from torch import nn

from sklearn_ctran.modules.attention import LabelBias


class LabelAttentionBias(nn.Module):
    """A learned addition to the attention logits between labels.

    How much label i attends to label j depends on i, on j and on the state of j, per head. Content
    alone finds the few known positives among dozens of tokens only after many examples.

    Parameters
    ----------
    n_labels : int
    n_heads : int
    positive : float
        Where the bias towards known positives starts; everything else starts at zero.
    """

    def __init__(self, n_labels, n_heads, positive=3.0):
        super().__init__()
        # In any state of the label attended to, and more if it is known negative, known positive.
        self.pair = nn.Parameter(torch.zeros(3, n_heads, n_labels, n_labels))
        self.state = nn.Parameter(torch.tensor([0.0, 0.0, positive])[:, None].repeat(1, n_heads))

    def forward(self, states):
        """The bias for states (B, L), labels being the last tokens, as a LabelBias."""
        return LabelBias(self.pair + self.state[:, :, None, None], states)
