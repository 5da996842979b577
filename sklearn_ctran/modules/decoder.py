"""Attention from queries to other tokens: layers of decoders with a query for each label."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.attention import attend
from sklearn_ctran.modules.dropout import FastDropout
from sklearn_ctran.modules.linear import Linear


class Attention(nn.Module):
    """Multi-head attention whose queries, keys and values are made from different tokens."""

    def __init__(self, d_model, n_heads, dropout):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"d_model={d_model} must be a multiple of n_heads={n_heads}.")
        self.n_heads = n_heads
        self.dropout = dropout
        bound = (6 / (4 * d_model)) ** 0.5  # Xavier's for one map of all three, as in torch.
        for name in ("query", "key", "value", "out"):
            layer = Linear(d_model, d_model)
            if name != "out":
                nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.zeros_(layer.bias)
            self.add_module(name, layer)

    def forward(self, queries, keys, values):
        """What `queries` (B, Q, d) find among `keys` and `values` (B, T, d): (B, Q, d)."""
        key_value = torch.cat([self.key(keys), self.value(values)], dim=2)
        dropout = self.dropout if self.training else 0.0
        return self.out(attend(self.query(queries), key_value, self.n_heads, dropout=dropout))


class AttentionLayer(nn.Module):
    """Attention and a ReLU layer of width `n_hidden`, each with residual and LayerNorm.

    `dropout` is the rate for attention weights, hidden units and the output of both sublayers.
    """

    def __init__(self, d_model, n_heads, n_hidden, dropout):
        super().__init__()
        self.attention = Attention(d_model, n_heads, dropout)
        self.norm1 = nn.LayerNorm(d_model)
        self.linear1 = Linear(d_model, n_hidden)
        self.linear2 = Linear(n_hidden, d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = FastDropout(dropout)

    def forward(self, tokens, queries, keys, values):
        """Update `tokens` (B, Q, d); queries are made from `queries` (B, Q, d)."""
        attended = self.attention(queries, keys, values)
        tokens = self.norm1(self.dropout.add(tokens, attended))
        hidden = self.dropout(F.relu(self.linear1(tokens)))
        return self.norm2(self.dropout.add(tokens, self.linear2(hidden)))
