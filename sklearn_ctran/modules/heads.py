"""Networks that read one feature vector per image: baselines for C-Tran."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.dropout import Dropout
from sklearn_ctran.modules.image_model import ImageModel
from sklearn_ctran.modules.label_states import UNKNOWN
from sklearn_ctran.modules.pooling import pool_features


class PooledModel(ImageModel):
    """Pool and standardise features, and map them to logits by a head.

    `pool` is "mean", "max" or "gem"; `dropout` is the rate for the pooled features, and for hidden
    units if there are any. The other parameters are those of :class:`ImageModel`.
    """

    def __init__(self, n_labels, n_channels, *, pool, dropout, width=1, grid=(1, 1), backbone=None):
        super().__init__(n_labels, n_channels, width, grid, backbone)
        self.pooling = pool
        self.dropout = Dropout(dropout)

    def pool(self, features, grid=None):
        """Features (B, P, C) to (B, 1, C)."""
        return pool_features(features, self.pooling)[:, None]

    def forward(self, X, states):
        """Logits (n_paths, B, L) of images or pooled features and label states (B, L)."""
        features = self.image_features(X)[:, 0]
        features = features.repeat_interleave(len(states) // len(X), dim=0)
        return self.head(features, states)

    def head(self, features, states):
        """Features (B, C) and label states (B, L) to logits (n_paths, B, L)."""
        raise NotImplementedError


class LinearModel(PooledModel):
    """One linear unit per label. States are ignored."""

    def __init__(self, n_labels, n_channels, **where):
        super().__init__(n_labels, n_channels, **where)
        self.linear = nn.Linear(n_channels, n_labels)
        nn.init.zeros_(self.linear.weight)

    def head(self, features, states):
        """Logits (1, B, L)."""
        return self.linear(self.dropout(features))[None]

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.linear.bias.copy_(log_odds)


class MLPModel(PooledModel):
    """One hidden layer of `n_hidden` units, and one output per label. States are ignored.

    The first `n_learned` labels have an output; the others always have their log-odds.
    """

    def __init__(self, n_labels, n_channels, *, n_learned, n_hidden, **where):
        super().__init__(n_labels, n_channels, width=n_hidden, **where)
        self.hidden = nn.Linear(n_channels, n_hidden)
        self.out = nn.Linear(n_hidden, n_learned)
        nn.init.zeros_(self.out.weight)
        self.register_buffer("rest", torch.zeros(n_labels - n_learned))

    def head(self, features, states):
        """Logits (1, B, L)."""
        hidden = F.relu(self.hidden(self.dropout(features)))
        logits = self.out(self.dropout(hidden))
        return torch.cat([logits, self.rest.to(logits.dtype).expand(len(logits), -1)], dim=1)[None]

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        n_learned = len(self.out.bias)
        self.out.bias.copy_(log_odds[:n_learned])
        self.rest.copy_(log_odds[n_learned:])


class BottleneckModel(PooledModel):
    """Predict concepts from features, and targets from concepts; known concepts as they are known.

    The first `n_targets` labels are targets, the others concepts. If all labels are targets, they
    are their own concepts. `mode` is what targets learn from in training: "independent", from the
    true concepts, which must be known in the states; "sequential", from predicted concepts;
    "joint", from predicted concepts, which are trained by the targets' loss too. `concept_weight`
    is the weight of the concepts' loss relative to the targets', for "joint".
    """

    #: Initial weight of a target's own concept: near probability 1/2, their logits change alike.
    _OWN_WEIGHT = 2.0

    def __init__(self, n_labels, n_channels, *, n_targets, mode, concept_weight, **where):
        super().__init__(n_labels, n_channels, **where)
        self.first_concept = 0 if n_targets == n_labels else n_targets
        n_concepts = n_labels - self.first_concept
        self.mode = mode
        self.concept_weight = concept_weight
        self.to_concepts = nn.Linear(n_channels, n_concepts)
        self.to_targets = nn.Linear(n_concepts, n_targets)
        nn.init.zeros_(self.to_concepts.weight)
        nn.init.zeros_(self.to_targets.weight)
        if not self.first_concept:
            # A target starts as its own concept. Otherwise predictions, and with them the loss
            # that early stopping reads, would not change for many epochs.
            self.to_targets.weight.data.copy_(self._OWN_WEIGHT * torch.eye(n_targets))

    def head(self, features, states):
        """Logits (1, B, L); in training (2, B, L) where targets are their own concepts."""
        concept_logits = self.to_concepts(self.dropout(features))
        shown = states[:, self.first_concept :]
        concepts = torch.sigmoid(concept_logits)
        if self.mode != "joint":
            concepts = concepts.detach()
        concepts = torch.where(shown == UNKNOWN, concepts, shown.to(concepts.dtype))
        # Scaled to -1 and 1: with 0 and 1, a negative concept would contribute nothing.
        logits = self.to_targets(2 * concepts - 1)
        if self.mode == "joint":
            concept_logits = _with_scaled_gradient(concept_logits, self.concept_weight)
        if self.first_concept:
            return torch.cat([logits, concept_logits], dim=1)[None]
        return torch.stack([logits, concept_logits]) if self.training else logits[None]

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        n_targets = len(self.to_targets.bias)
        # With every concept at its prior, the targets are at theirs.
        concepts = torch.sigmoid(log_odds[self.first_concept :])
        added = self.to_targets.weight @ (2 * concepts - 1)
        self.to_targets.bias.copy_(log_odds[:n_targets] - added)
        self.to_concepts.bias.copy_(log_odds[self.first_concept :])


def _with_scaled_gradient(x, factor):
    """`x` with its gradient multiplied by `factor`, which weights the loss computed from it."""
    return x.detach() + factor * (x - x.detach())
