"""ML-GCN: classifiers of labels that a graph convolution makes of the labels' vectors."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.heads import PooledModel
from sklearn_ctran.modules.label_graph import LabelVectors

#: Of LeakyReLU between the layers (section 4.1 of the paper).
_SLOPE = 0.2


class MLGCNModel(PooledModel):
    """Dot products of image features and classifiers, which two graph convolutions make.

    `n_dimensions` is the size of the labels' vectors, which are learned or given; `n_hidden` the
    width between the layers. The buffer ``propagation`` (L, L) says how much of each label's vector
    (column) reaches each label (row).
    """

    def __init__(self, n_labels, n_channels, *, n_dimensions, learned, n_hidden, **where):
        super().__init__(n_labels, n_channels, **where)
        self.vectors = LabelVectors(n_labels, n_dimensions, learned=learned)
        self.first = GraphConvolution(n_dimensions, n_hidden)
        self.second = GraphConvolution(n_hidden, n_channels)
        self.bias = nn.Parameter(torch.zeros(n_labels))
        self.register_buffer("propagation", torch.eye(n_labels))

    def head(self, features, states):
        """Logits (1, B, L)."""
        return F.linear(self.dropout(features), self.classifiers(), self.bias)[None]

    def classifiers(self):
        """The weights of each label's classifier (L, C)."""
        hidden = F.leaky_relu(self.first(self.vectors.values, self.propagation), _SLOPE)
        return self.second(hidden, self.propagation)

    @torch.no_grad()
    def set_graph(self, graph, threshold, neighbor_share):
        """Propagate along the edges of a graph (L, L) of conditional probabilities."""
        reweighted = reweighted_graph(graph, threshold, neighbor_share)
        self.propagation.copy_(normalized_graph(reweighted))

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.bias.copy_(log_odds)


class GraphConvolution(nn.Module):
    """The product of a propagation matrix, nodes and weights (Kipf and Welling, ICLR 2017)."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out))
        nn.init.uniform_(self.weight, -(n_out**-0.5), n_out**-0.5)

    def forward(self, nodes, propagation):
        """Nodes (L, n_in) to nodes (L, n_out)."""
        return propagation @ (nodes @ self.weight)


def reweighted_graph(graph, threshold, neighbor_share):
    """The graph of paper, eq. 7 and 8, (L, L): binary edges, and a fixed share of all neighbours.

    An edge counts if its weight is `threshold` or above. A node has the weight
    ``1 - neighbor_share``, its neighbours have `neighbor_share` together.
    """
    is_self = torch.eye(len(graph), dtype=torch.bool, device=graph.device)
    edges = ((graph >= threshold) & ~is_self).to(graph.dtype)
    shares = neighbor_share * edges / edges.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.where(is_self, 1 - neighbor_share, shares)


def normalized_graph(graph):
    """D^-1/2 A D^-1/2 of a graph A (L, L), where D has its row sums."""
    scale = graph.sum(dim=1).rsqrt()
    return scale[:, None] * graph * scale
