"""From final label tokens to logits."""

import math

import torch
from torch import nn


class LabelReadout(nn.Module):
    """One linear unit per label: logit i = w_i . l'_i + b_i (paper, eq. 5 before the sigmoid).

    Weights start from U(-1/sqrt(d), 1/sqrt(d)). So do biases if `init` is "uniform"; if it is
    "normal", they start at 0 until `set_prior`.
    """

    def __init__(self, n_labels, d_model, init="normal"):
        super().__init__()
        bound = 1 / math.sqrt(d_model)
        self.starts_from_prior = init == "normal"
        self.weight = nn.Parameter(torch.empty(n_labels, d_model).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(n_labels))
        if not self.starts_from_prior:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, label_tokens):
        """Label tokens (B, L, d) to logits (B, L): a row-wise dot product."""
        return (label_tokens * self.weight).sum(dim=2) + self.bias

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,), unless biases start at random."""
        if self.starts_from_prior:
            self.bias.copy_(log_odds)
