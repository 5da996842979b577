"""ML-Decoder: fixed queries for groups of labels, or queries made from vectors of labels."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.decoder import AttentionLayer
from sklearn_ctran.modules.dropout import FastDropout
from sklearn_ctran.modules.heads import TokenModel
from sklearn_ctran.modules.label_graph import LabelVectors
from sklearn_ctran.modules.linear import Linear


class MLDecoderModel(TokenModel):
    """Project features, and let queries attend to them once.

    `d_model` is the width, `n_hidden` that of the ReLU layer, `layer_dropout` the rate of the
    decoder. Without vectors, each of `n_groups` fixed random queries answers for an equal share of
    the labels, through a read-out of its own. With `n_dimensions`, that of the labels' vectors,
    each label has a query made from its vector, and all share one read-out.
    """

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        n_dimensions,
        n_groups,
        d_model,
        n_heads,
        n_hidden,
        layer_dropout,
        **where,
    ):
        super().__init__(n_labels, n_channels, width=6 * d_model + n_hidden, **where)
        self.project = Linear(n_channels, d_model)
        self.norm = nn.LayerNorm(d_model)
        self.query_dropout = FastDropout(layer_dropout)
        self.layer = AttentionLayer(d_model, n_heads, n_hidden, layer_dropout)
        self.bias = nn.Parameter(torch.zeros(n_labels))
        if n_dimensions is None:
            n_queries = min(n_groups, n_labels)
            n_shared = -(-n_labels // n_queries)
            self.vectors = None
            self.register_buffer("queries", torch.randn(n_queries, d_model))
            self.readout = nn.Parameter(torch.zeros(n_queries, d_model, n_shared))
        else:
            self.vectors = LabelVectors(n_labels, n_dimensions, learned=False)
            self.to_queries = Linear(n_dimensions, d_model)
            self.readout = nn.Parameter(torch.zeros(d_model))

    def head(self, features, states):
        """Logits (1, B, L)."""
        if self.vectors is not None:
            return (self._answers(features, self.vectors.values) + self.bias)[None]
        decoded = self._decode(features, self.queries)
        by_group = torch.einsum("bqd,qdn->bqn", decoded, self.readout.to(decoded.dtype))
        return (by_group.flatten(1)[:, : self.n_labels] + self.bias)[None]

    def new_logits(self, features, vectors):
        """Logits (B, n_new) of labels by their vectors (n_new, n_dimensions).

        `features` are standardised, (B, P, C). The bias is the mean of those of the seen labels.
        """
        return self._answers(features, vectors) + self.bias.mean()

    def _answers(self, features, vectors):
        decoded = self._decode(features, F.relu(self.to_queries(vectors)))
        return decoded @ self.readout.to(decoded.dtype)

    def _decode(self, features, queries):
        """What queries (Q, d) find in features (B, P, C): (B, Q, d)."""
        tokens = F.relu(self.project(features))
        queries = queries.to(tokens.dtype).expand(len(tokens), -1, -1)
        queries = self.norm(self.query_dropout.add(queries, queries))
        return self.layer(queries, queries, tokens, tokens)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.bias.copy_(log_odds)
