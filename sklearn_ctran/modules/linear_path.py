"""A linear model of image features and label states, beside the transformer."""

from torch import nn


class LinearPath(nn.Module):
    """Logits linear in the pooled image features and in what is known of the other labels.

    Parameters
    ----------
    n_labels : int
    n_features : int
        Width of the pooled features; 0 for none.
    dropout : float
        On the features.
    """

    # Known negatives are many and say little each: a small scale is a strong penalty on them.
    NEGATIVE_SCALE = 0.1

    def __init__(self, n_labels, n_features, dropout):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.features = nn.Linear(n_features, n_labels) if n_features else None
        self.positive = nn.Linear(n_labels, n_labels)
        self.negative = nn.Linear(n_labels, n_labels, bias=False)
        for layer in (self.features, self.positive, self.negative):
            if layer is not None:
                nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.positive.bias)

    def forward(self, features, states):
        """Pooled features (B, C) or None and states (B, L) to logits (B, L)."""
        dtype = self.positive.weight.dtype
        logits = self.positive((states == 1).to(dtype))
        logits = logits + self.negative((states == 0).to(dtype) * self.NEGATIVE_SCALE)
        if self.features is not None:
            logits = logits + self.features(self.dropout(features))
        return logits
