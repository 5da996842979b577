"""From final label tokens to logits."""

import math

import torch
from torch import nn


class LabelReadout(nn.Module):
    """One linear unit per label: logit i = w_i . l'_i + b_i (paper, eq. 5 before the sigmoid)."""

    def __init__(self, n_labels, d_model):
        super().__init__()
        bound = 1 / math.sqrt(d_model)
        self.weight = nn.Parameter(torch.empty(n_labels, d_model).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(n_labels))

    def forward(self, label_tokens):
        """Label tokens (B, L, d) to logits (B, L): a row-wise dot product."""
        return (label_tokens * self.weight).sum(dim=2) + self.bias
