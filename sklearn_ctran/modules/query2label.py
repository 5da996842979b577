"""Query2Label: a learned query for each label, which a transformer decoder answers."""

import math

import torch
from torch import nn

from sklearn_ctran.modules.decoder import Attention, AttentionLayer
from sklearn_ctran.modules.dropout import FastDropout
from sklearn_ctran.modules.heads import TokenModel
from sklearn_ctran.modules.linear import Linear

_BASE = 10_000.0


class Query2LabelModel(TokenModel):
    """Project features, encode them, and decode a query for each label.

    `d_model` is the width, a multiple of 4 and of `n_heads`; `n_hidden` that of the ReLU layers;
    `layer_dropout` their rate. With `self_attention`, queries attend to each other before each
    decoder layer.
    """

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        d_model,
        n_heads,
        n_hidden,
        n_encoder_layers,
        n_decoder_layers,
        self_attention,
        layer_dropout,
        **where,
    ):
        n_layers = n_encoder_layers + n_decoder_layers
        width = (4 * d_model + n_hidden) * n_layers
        super().__init__(n_labels, n_channels, width=width, **where)
        sizes = d_model, n_heads, n_hidden, layer_dropout
        self.project = Linear(n_channels, d_model)
        self.encoder = nn.ModuleList(AttentionLayer(*sizes) for _ in range(n_encoder_layers))
        self.decoder = nn.ModuleList(
            DecoderLayer(*sizes, self_attention=self_attention) for _ in range(n_decoder_layers)
        )
        self.norm = nn.LayerNorm(d_model)
        self.queries = nn.Parameter(torch.empty(n_labels, d_model))
        nn.init.normal_(self.queries)
        self.readout = nn.Parameter(torch.zeros(n_labels, d_model))
        self.bias = nn.Parameter(torch.zeros(n_labels))

    def head(self, features, states):
        """Logits (1, B, L)."""
        tokens = self.project(features)
        place = sine_positions(self._grid_of(features), tokens.shape[2]).to(tokens)
        for layer in self.encoder:
            placed = tokens + place
            tokens = layer(tokens, placed, placed, tokens)
        queries = self.queries.to(tokens.dtype).expand(len(tokens), -1, -1)
        found, placed = torch.zeros_like(queries), tokens + place
        for layer in self.decoder:
            found = layer(found, queries, placed, tokens)
        return ((self.norm(found) * self.readout).sum(dim=2) + self.bias)[None]

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.bias.copy_(log_odds)


class DecoderLayer(nn.Module):
    """Queries attend to the image, and with `self_attention` to each other before."""

    def __init__(self, d_model, n_heads, n_hidden, dropout, *, self_attention):
        super().__init__()
        self.among_queries = Attention(d_model, n_heads, dropout) if self_attention else None
        self.norm = nn.LayerNorm(d_model) if self_attention else None
        self.dropout = FastDropout(dropout)
        self.to_image = AttentionLayer(d_model, n_heads, n_hidden, dropout)

    def forward(self, found, queries, keys, values):
        """Add to what was found (B, L, d) for the queries by keys and values (B, P, d)."""
        if self.among_queries is not None:
            asking = found + queries
            heard = self.among_queries(asking, asking, found)
            found = self.norm(self.dropout.add(found, heard))
        return self.to_image(found, found + queries, keys, values)


def sine_positions(grid, width):
    """Sines and cosines of the row, then of the column, of each cell: (h * w, width).

    Rows and columns count to 2 pi, whatever their number. `width` is a multiple of 4.
    """
    n_rows, n_columns = grid
    rows = torch.arange(1, n_rows + 1) * (2 * math.pi / (n_rows + 1e-6))
    columns = torch.arange(1, n_columns + 1) * (2 * math.pi / (n_columns + 1e-6))
    periods = _BASE ** (4 * torch.arange(width // 4) / width)
    by_row, by_column = (_waves(each[:, None] / periods) for each in (rows, columns))
    cells = (
        by_row[:, None].expand(-1, n_columns, -1),
        by_column[None].expand(n_rows, -1, -1),
    )
    return torch.cat(cells, dim=2).flatten(0, 1)


def _waves(angles):
    """Sine and cosine of each angle, one after the other: (n, 2 k) of (n, k)."""
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
