"""SSGRL: features of each label, by attention from its vector, that a label graph relates."""

import math

import torch
from torch import nn

from sklearn_ctran.modules.heads import TokenModel
from sklearn_ctran.modules.label_graph import GatedGraph, LabelVectors


class SemanticDecoupling(nn.Module):
    """Attention to image features from vectors of labels (paper, section 3.2).

    `width` is C, the number of channels of the features, and `n_attention` the width of what they
    and the vectors have in common.
    """

    def __init__(self, width, n_dimensions, n_attention):
        super().__init__()
        self.of_image = nn.Linear(width, n_attention, bias=False)
        self.of_label = nn.Linear(n_dimensions, n_attention, bias=False)
        self.joint = nn.Linear(n_attention, n_attention)
        self.score = nn.Linear(n_attention, 1)

    def forward(self, features, vectors):
        """Features (B, P, C) and vectors (L, n_dimensions) to a feature of each label (B, L, C)."""
        common = torch.tanh(self.of_image(features)[:, :, None] * self.of_label(vectors))
        # Two linear maps are one, and the softmax does not see the biases.
        scores = common @ (self.score.weight @ self.joint.weight)[0]
        return scores.softmax(dim=1).transpose(1, 2) @ features


class SSGRLModel(TokenModel):
    """Decoupled features of the labels, gated propagation between them, a classifier for each.

    `n_dimensions` is the size of the labels' vectors, which are learned or given. `d_model` is the
    width that features are mapped to at first; None keeps their own. `n_attention` and `n_output`
    are the widths of attention and of what classifiers read; None: as wide as the features. The
    other parameters are those of :class:`GatedGraph` and :class:`TokenModel`. The buffer ``graph``
    (L, L) has weights from row to column.
    """

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        n_dimensions,
        learned,
        d_model,
        n_attention,
        n_output,
        n_steps,
        shared_gate=False,
        grid=(1, 1),
        **where,
    ):
        n_tokens = math.prod(grid)
        # Attention has a number for each pair of a token and a label.
        n_pairs = -(-n_tokens * n_labels // (n_tokens + n_labels))
        super().__init__(n_labels, n_channels, width=n_attention * n_pairs, grid=grid, **where)
        width = d_model or n_channels
        self.reduce = nn.Linear(n_channels, width, bias=False) if d_model else nn.Identity()
        self.vectors = LabelVectors(n_labels, n_dimensions, learned=learned)
        if learned:
            nn.init.normal_(self.vectors.values)
        self.decouple = SemanticDecoupling(width, n_dimensions, n_attention)
        self.propagate = GatedGraph(width, n_steps, shared_gate)
        self.combine = nn.Linear(2 * width, n_output or width)
        self.classifiers = nn.Parameter(torch.empty(n_labels, n_output or width))
        self.bias = nn.Parameter(torch.zeros(n_labels))
        nn.init.zeros_(self.classifiers)
        self.register_buffer("graph", torch.zeros(n_labels, n_labels))

    def head(self, features, states):
        """Logits (1, B, L)."""
        outputs = self.label_outputs(features)
        return ((outputs * self.label_classifiers()).sum(dim=2) + self.bias)[None]

    def label_outputs(self, features):
        """What the classifier of each label reads (B, L, n_output), of features (B, P, C)."""
        decoupled = self.decouple(self.reduce(features), self.vectors.values)
        related = self.propagate(decoupled, self.graph)
        return torch.tanh(self.combine(torch.cat([related, decoupled], dim=2)))

    def label_classifiers(self):
        """The weights of each label's classifier (L, n_output)."""
        return self.classifiers

    @torch.no_grad()
    def set_graph(self, graph):
        """Propagate along the edges of a graph (L, L), by its weights."""
        self.graph.copy_(graph)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.bias.copy_(log_odds)
