"""CSRA: class-specific residual attention, the scores of cells pooled for each label."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.heads import TokenModel

_MAXIMUM = float("inf")
#: Temperatures of the heads by their number (paper, section 3.3).
TEMPERATURES = {
    1: (1.0,),
    2: (1.0, _MAXIMUM),
    4: (1.0, 2.0, 4.0, _MAXIMUM),
    6: (1.0, 2.0, 3.0, 4.0, 5.0, _MAXIMUM),
    8: (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, _MAXIMUM),
}


class CSRAModel(TokenModel):
    """Cells' scores by unit vectors, their mean plus `residual_weight` times attention to them.

    Attributes
    ----------
    classifiers : Parameter of shape (n_heads, L, C)
        Scores are dot products of cells and these vectors, scaled to length 1.
    bias : Parameter of shape (L,)
    """

    def __init__(self, n_labels, n_channels, *, n_heads, residual_weight, **where):
        super().__init__(n_labels, n_channels, width=n_heads * n_labels, **where)
        self.temperatures = TEMPERATURES[n_heads]
        self.residual_weight = residual_weight
        self.classifiers = nn.Parameter(torch.empty(n_heads, n_labels, n_channels))
        nn.init.normal_(self.classifiers, std=n_channels**-0.5)
        self.bias = nn.Parameter(torch.zeros(n_labels))

    def head(self, features, states):
        """Logits (1, B, L)."""
        logits = self.bias
        for temperature, vectors in zip(self.temperatures, self.classifiers, strict=True):
            scores = features @ F.normalize(vectors, dim=1).T
            attended = attended_scores(scores, temperature)
            logits = logits + scores.mean(dim=1) + self.residual_weight * attended
        return logits[None]

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Let labels' biases start from their log-odds, of shape (L,)."""
        self.bias.copy_(log_odds)


def attended_scores(scores, temperature):
    """Scores (B, P, L) weighted by their own softmax over cells, (B, L); infinite: the largest."""
    if temperature == _MAXIMUM:
        return scores.amax(dim=1)
    return (scores * (temperature * scores).softmax(dim=1)).sum(dim=1)
