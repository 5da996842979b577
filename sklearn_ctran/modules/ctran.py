"""C-Tran: image tokens and label tokens through one transformer encoder (paper, figure 3)."""

import math

import torch
from torch import nn

from sklearn_ctran.modules.attention_bias import LabelAttentionBias
from sklearn_ctran.modules.dropout import ChannelDropout
from sklearn_ctran.modules.embeddings import LabelEmbedding, LearnedPosition, SinePosition
from sklearn_ctran.modules.encoder import EncoderLayer
from sklearn_ctran.modules.image_model import ImageModel
from sklearn_ctran.modules.readout import LabelReadout
from sklearn_ctran.modules.regions import pool_regions
from sklearn_ctran.modules.shortcut import Shortcut

#: The shortcut reads up to this many numbers per image as they are, else the features' mean.
NARROW = 1024


class CTran(ImageModel):
    """The Classification Transformer.

    The defaults make the paper's model. `regions` and the parameters behind it extend it.

    Parameters
    ----------
    n_labels, n_channels, grid, backbone, use_image
        As of :class:`ImageModel`.
    d_model : int or None
        d, the width of the tokens; None for C, as in the paper.
    n_layers, n_heads, dropout : int, int, float
        Of the encoder.
    position : None, "sine" or "learned"
        Position embeddings of image tokens. The paper has none.
    init : "uniform" or "normal"
        How embeddings and the read-out's biases start: see :class:`LabelEmbedding` and
        :class:`LabelReadout`.
    regions : int or None
        Image tokens are means over a grid of regions x regions and over the whole image (see
        :func:`pool_regions`). None reads the h x w features as they are. So does any value where
        an image has at most 1,024 numbers.
    input_dropout : float
        Share of feature channels dropped in training.
    channel_dropout : bool
        Whether the encoder drops channels instead of entries and attention weights.
    attention_bias : bool
        Whether attention between labels has a learned bias.
    shortcut : bool
        Whether a small network of image features and label states predicts beside the transformer.
    """

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        grid=(1, 1),
        backbone=None,
        d_model=None,
        n_layers=3,
        n_heads=4,
        dropout=0.1,
        position=None,
        use_image=True,
        init="uniform",
        regions=None,
        input_dropout=0.0,
        channel_dropout=False,
        attention_bias=False,
        shortcut=False,
    ):
        d_model = n_channels if d_model is None else d_model
        super().__init__(n_labels, n_channels, d_model, grid, backbone, use_image)
        n_features = math.prod(grid)
        # The mean of narrow features says little: they are kept and read side by side.
        self.is_narrow = n_features > 1 and n_features * n_channels <= NARROW
        self.regions = None if self.is_narrow else regions
        self.input_dropout = ChannelDropout(input_dropout)
        has_projection = use_image and d_model != n_channels
        self.project = nn.Linear(n_channels, d_model) if has_projection else nn.Identity()
        self.position = self._make_position(position if use_image else None, d_model)
        self.label_embedding = LabelEmbedding(n_labels, d_model, init)
        self.input_norm = nn.LayerNorm(d_model)
        self.layers = nn.ModuleList(
            EncoderLayer(d_model, n_heads, dropout, channel_dropout) for _ in range(n_layers)
        )
        self.attention_biases = nn.ModuleList(
            LabelAttentionBias(n_labels, n_heads) for _ in range(n_layers if attention_bias else 0)
        )
        self.readout = LabelReadout(n_labels, d_model, init)
        self.shortcut = self._make_shortcut() if shortcut else None

    def forward(self, X, states):
        """Logits (n_paths, B, L) of all labels, given images and the shown states of their labels.

        `X` has images (B, 3, H, W), or features from :meth:`pool` (B, P', C). `states` are (B, L),
        int8, or (n B, L): n rows for each image in turn, which give n B rows of logits; each image
        goes through the backbone once. The paths are the transformer and, if there is one, the
        shortcut. In training each path has a loss of its own; the model predicts with the mean of
        their logits.
        """
        features = self.image_features(X)
        if features is not None and len(states) > len(X):
            features = features.repeat_interleave(len(states) // len(X), dim=0)
        logits = self.readout(self.encode(self.input_tokens(features, states), states))
        if self.shortcut is None:
            return logits[None]
        return torch.stack([logits, self.shortcut(self.summary(features), states)])

    def pool(self, features, grid=None):
        """Pool features (B, P, C) to the number of image tokens (B, P', C)."""
        if self.regions is None:
            return features
        return pool_regions(features, grid or self._grid_of(features), self.regions)

    def image_tokens(self, features):
        """Features (B, P', C) to image tokens (B, P', d)."""
        tokens = self.project(self.input_dropout(features))
        if self.position is None:
            return tokens
        # The mean over the whole image, which comes first, has no position.
        n_placeless = 0 if self.regions is None or tokens.shape[1] == 1 else 1
        placeless, tokens = tokens[:, :n_placeless], tokens[:, n_placeless:]
        return torch.cat([placeless, self.position(tokens, self._grid_of(tokens))], dim=1)

    def input_tokens(self, features, states):
        """What the encoder reads (B, T, d): image tokens, then label tokens."""
        tokens = self.label_embedding(states)
        if features is not None:
            tokens = torch.cat([self.image_tokens(features), tokens], dim=1)
        return self.input_norm(tokens)

    def attention_weights(self, X, states, of_image=False):
        """Attention weights of every layer, (B, n_layers, n_heads, L, T), labels attending.

        Arguments are as in `forward`, a row of `states` for each image. With `of_image`, all T
        tokens attend, image tokens first. `forward` computes no such matrix.
        """
        tokens = self.input_tokens(self.image_features(X), states)
        n_queries = tokens.shape[1] if of_image else states.shape[1]
        weights = []
        for i, layer in enumerate(self.layers):
            bias = self._bias(i, states)
            weights.append(layer.attention_weights(tokens, n_queries, bias))
            if i < len(self.layers) - 1:
                tokens = layer(tokens, bias=bias)
        return torch.stack(weights, dim=1)

    def summary(self, features):
        """Features (B, P', C) as one vector per image."""
        if features is None:
            return None
        if self.is_narrow:
            return features.flatten(1)
        return features.mean(dim=1) if self.regions is None else features[:, 0]

    def encode(self, tokens, states):
        """Tokens (B, T, d), labels last, to the labels' final states (B, L, d)."""
        n_tokens, n_labels = tokens.shape[1], states.shape[1]
        device = tokens.device.type
        if torch.is_autocast_enabled(device):
            # All of the encoder computes in that precision, not only its matrix products.
            tokens = tokens.to(torch.get_autocast_dtype(device))
        for i, layer in enumerate(self.layers):
            # Only label tokens are read out, so the last layer updates only them.
            n_queries = n_labels if i == len(self.layers) - 1 else n_tokens
            tokens = layer(tokens, n_queries, self._bias(i, states))
        return tokens

    def _bias(self, i, states):
        """The bias between labels in layer i, as a LabelBias; None if there is none."""
        return self.attention_biases[i](states) if self.attention_biases else None

    @property
    def pooling(self):
        """The number of rows and columns of regions; None if features are not pooled."""
        return self.regions

    @property
    def needs_grid(self):
        """Whether the rows and columns of the features matter, not only their number."""
        return self.regions is not None or self.has_fixed_tokens

    @property
    def has_fixed_tokens(self):
        """Whether the number of image features must equal that of `grid`."""
        is_learned = isinstance(self.position, LearnedPosition)
        return is_learned or (self.is_narrow and self.shortcut is not None)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Let every path start from the labels' log-odds, of shape (L,).

        With ``init="uniform"`` the transformer starts at random.
        """
        self.readout.set_prior(log_odds)
        if self.shortcut is not None:
            self.shortcut.set_prior(log_odds)

    def _make_shortcut(self):
        if not self.use_image:
            return Shortcut(self.n_labels, 0)
        n_side_by_side = math.prod(self.grid) if self.is_narrow else 1
        return Shortcut(self.n_labels, len(self.feature_mean) * n_side_by_side)

    def _make_position(self, position, d_model):
        if position is None:
            return None
        if position == "sine":
            return SinePosition(d_model)
        n_places = math.prod(self.grid)
        if self.regions is not None and 1 not in self.grid:
            n_places = min(n_places, self.regions**2)
        return LearnedPosition(n_places, d_model)
