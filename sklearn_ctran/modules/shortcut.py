"""A small network of image features and label states that predicts beside the transformer."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.dropout import Dropout


class _LinearFromZero(nn.Linear):
    def reset_parameters(self):
        nn.init.zeros_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class Shortcut(nn.Module):
    """Logits from pooled image features and label states.

    A linear map plus one hidden layer. It learns relations between labels from fewer examples than
    attention does. With more than 1,000 labels only the hidden layer reads states. `n_features` is
    0 without an image; `dropout` is the rate for features, states and hidden units.
    """

    # Known positives are few and informative, known negatives many and less so. A larger input
    # needs smaller weights, which the same weight decay restrains less.
    POSITIVE_SCALE = 3.0
    NEGATIVE_SCALE = 0.1
    #: Largest number of labels whose states the linear map reads: its size grows with L ** 2.
    MAX_LABELS_LINEAR = 1000

    def __init__(self, n_labels, n_features, n_hidden=512, dropout=0.5):
        super().__init__()
        n_inputs = n_features + 2 * n_labels
        self.dropout = Dropout(dropout)
        reads_states = n_labels <= self.MAX_LABELS_LINEAR
        self.linear = _LinearFromZero(n_inputs if reads_states else n_features, n_labels)
        self.hidden = nn.Linear(n_inputs, n_hidden)
        self.out = _LinearFromZero(n_hidden, n_labels, bias=False)

    def forward(self, features, states):
        """Pooled features (B, C) or None and states (B, L) to logits (B, L)."""
        dtype = self.linear.weight.dtype
        inputs = [
            (states == 1).to(dtype) * self.POSITIVE_SCALE,
            (states == 0).to(dtype) * self.NEGATIVE_SCALE,
        ]
        if features is not None:
            inputs.append(features)
        inputs = self.dropout(torch.cat(inputs, dim=1))
        hidden = self.dropout(F.relu(self.hidden(inputs)))
        # Features come last, so that the linear map can read them alone.
        first = inputs.shape[1] - self.linear.in_features
        return self.linear(inputs[:, first:]) + self.out(hidden)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.linear.bias.copy_(log_odds)
