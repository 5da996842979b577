"""Networks that read image features, and label states or none: baselines for C-Tran."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.dropout import ChannelDropout, Dropout
from sklearn_ctran.modules.image_model import ImageModel
from sklearn_ctran.modules.label_states import UNKNOWN
from sklearn_ctran.modules.pooling import pool_features


class TokenModel(ImageModel):
    """Standardise the features of an image, and map them to logits by a head.

    `dropout` is the rate for channels of the features. The other parameters are those of
    :class:`ImageModel`; `width` is the number of activations per feature.
    """

    def __init__(self, n_labels, n_channels, *, dropout, width=1, grid=(1, 1), backbone=None):
        super().__init__(n_labels, n_channels, width, grid, backbone)
        self.dropout = ChannelDropout(dropout)

    def forward(self, X, states):
        """Logits (n_paths, B, L) of images or features and label states (B, L)."""
        return self.head(self.features_of(X, states), states)

    def features_of(self, X, states):
        """What the head reads, (B, P, C), of as many images or features, or a part as many."""
        features = self.dropout(self.image_features(X))
        return features.repeat_interleave(len(states) // len(X), dim=0)

    def head(self, features, states):
        """Features (B, P, C) and label states (B, L) to logits (n_paths, B, L)."""
        raise NotImplementedError


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
        return self.head(self.features_of(X, states), states)

    def features_of(self, X, states):
        """What the head reads, (B, C), of as many images or pooled features, or a part as many."""
        features = self.image_features(X)[:, 0]
        if len(states) > len(X):
            features = features.repeat_interleave(len(states) // len(X), dim=0)
        return features

    def head(self, features, states):
        """Features (B, C) and label states (B, L) to logits (n_paths, B, L)."""
        raise NotImplementedError


class LinearModel(PooledModel):
    """One linear unit per label. States are ignored.

    With `pool` "logits", it has a logit for each cell of the feature map, and the largest counts.
    """

    def __init__(self, n_labels, n_channels, *, pool, **where):
        super().__init__(n_labels, n_channels, pool=pool, **where)
        if pool == "logits":
            self.pooling = None
        self.linear = nn.Linear(n_channels, n_labels)
        nn.init.zeros_(self.linear.weight)

    def pool(self, features, grid=None):
        """Features (B, P, C) to (B, 1, C), or as they are if logits are pooled."""
        return features if self.pooling is None else super().pool(features, grid)

    def forward(self, X, states):
        """Logits (1, B, L) of images or pooled features and label states (B, L)."""
        if self.pooling is not None:
            return super().forward(X, states)
        features = self.image_features(X)
        return self.head(features.repeat_interleave(len(states) // len(X), dim=0), states)

    def head(self, features, states):
        """Logits (1, B, L) of features (B, C), or of those of all cells (B, P, C)."""
        logits = self.linear(self.dropout(features))
        return (logits.amax(dim=1) if features.ndim == 3 else logits)[None]

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.linear.bias.copy_(log_odds)


class MLPModel(PooledModel):
    """One hidden layer of `n_hidden` units, and one output per label. States are ignored.

    Without hidden units (None), outputs are linear in the features. The first `n_learned` labels
    have an output; the others always have their log-odds.
    """

    def __init__(self, n_labels, n_channels, *, n_learned, n_hidden, **where):
        super().__init__(n_labels, n_channels, width=n_hidden or 1, **where)
        self.hidden = None if n_hidden is None else nn.Linear(n_channels, n_hidden)
        self.out = nn.Linear(n_hidden or n_channels, n_learned)
        nn.init.zeros_(self.out.weight)
        self.register_buffer("rest", torch.zeros(n_labels - n_learned))

    def head(self, features, states):
        """Logits (1, B, L)."""
        if self.hidden is not None:
            features = F.relu(self.hidden(self.dropout(features)))
        logits = self.out(self.dropout(features))
        rest = self.rest.to(logits.dtype).expand(logits.shape[0], -1)
        return torch.cat([logits, rest], dim=1)[None]

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

    `passes` is what targets read of a concept: its "probabilities", or its "logits", where a known
    concept has the value of ``known_logits`` (2, n_concepts), known negative and known positive.
    """

    #: Initial weight of a target's own concept: near probability 1/2, their logits change alike.
    _OWN_WEIGHT = 2.0

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        n_targets,
        mode,
        concept_weight,
        passes="probabilities",
        **where,
    ):
        super().__init__(n_labels, n_channels, **where)
        self.first_concept = 0 if n_targets == n_labels else n_targets
        n_concepts = n_labels - self.first_concept
        self.mode = mode
        self.concept_weight = concept_weight
        self.passes = passes
        self.stage = None
        self.to_concepts = nn.Linear(n_channels, n_concepts)
        self.to_targets = nn.Linear(n_concepts, n_targets)
        if passes == "logits":
            self.register_buffer("known_logits", torch.zeros(2, n_concepts))
        nn.init.zeros_(self.to_concepts.weight)
        nn.init.zeros_(self.to_targets.weight)
        if not self.first_concept:
            # A target starts as its own concept. Otherwise predictions, and with them the loss
            # that early stopping reads, would not change for many epochs.
            own = 1.0 if passes == "logits" else self._OWN_WEIGHT
            self.to_targets.weight.data.copy_(own * torch.eye(n_targets))

    def head(self, features, states):
        """Logits (1, B, L); in training (2, B, L) where targets are their own concepts."""
        concept_logits = self.concept_logits(features)
        logits = self.to_targets(self._passed(concept_logits, states[:, self.first_concept :]))
        if self.mode == "joint":
            concept_logits = with_scaled_gradient(concept_logits, self.concept_weight)
        if self.first_concept:
            return torch.cat([logits, concept_logits], dim=1)[None]
        return torch.stack([logits, concept_logits]) if self.training else logits[None]

    def concept_logits(self, features):
        """Logits (B, n_concepts) of features (B, C)."""
        # In the second stage, targets learn from the concepts that they will meet.
        return self.to_concepts(features if self.stage == 2 else self.dropout(features))

    def _passed(self, concept_logits, shown):
        """What targets read of the concepts (B, n_concepts), known ones as they are known."""
        if self.mode != "joint":
            concept_logits = concept_logits.detach()
        is_unknown = shown == UNKNOWN
        if self.passes == "logits":
            low, high = self.known_logits.to(concept_logits.dtype)
            return torch.where(is_unknown, concept_logits, torch.where(shown == 1, high, low))
        concepts = torch.sigmoid(concept_logits)
        # Scaled to -1 and 1: with 0 and 1, a negative concept would contribute nothing.
        return 2 * torch.where(is_unknown, concepts, shown.to(concepts.dtype)) - 1

    def set_stage(self, stage):
        """Begin a stage: concepts train in 1, targets in 2, all parts if it is None."""
        self.stage = stage
        self.to_targets.requires_grad_(stage != 1)
        self.to_concepts.requires_grad_(stage != 2)
        if self.backbone is not None:
            self.backbone.hold(stage == 2)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        n_targets = len(self.to_targets.bias)
        concepts = log_odds[self.first_concept :]
        # With every concept at its prior, the targets are at theirs.
        passed = concepts if self.passes == "logits" else 2 * torch.sigmoid(concepts) - 1
        self.to_targets.bias.copy_(log_odds[:n_targets] - self.to_targets.weight @ passed)
        self.to_concepts.bias.copy_(concepts)


def with_scaled_gradient(x, factor):
    """`x` with its gradient multiplied by `factor`, which weights the loss computed from it."""
    return x.detach() + factor * (x - x.detach())
