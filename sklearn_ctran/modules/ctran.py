"""C-Tran: image tokens and label tokens through one transformer encoder (paper, figure 3)."""

import torch
from torch import nn

from sklearn_ctran.modules.embeddings import LabelEmbedding, LearnedPosition, SinePosition
from sklearn_ctran.modules.encoder import EncoderLayer
from sklearn_ctran.modules.linear_path import LinearPath
from sklearn_ctran.modules.readout import LabelReadout


class CTran(nn.Module):
    """The Classification Transformer.

    Parameters
    ----------
    n_labels : int
        L.
    n_channels : int
        C, the width of the image features.
    grid : (int, int)
        Rows and columns (h, w) of the image tokens, for `position`.
    backbone : nn.Module or None
        Turns images (B, 3, H, W) into feature maps (B, C, h, w). None: features are given.
    d_model : int or None
        d, the width of the tokens; None for C, as in the paper.
    n_layers, n_heads : int
    dropout, attention_dropout : float
        Of the encoder.
    position : None, "sine" or "learned"
        What tells image tokens their place. The paper has nothing.
    use_image : bool
        False leaves the image tokens out (the paper's "no image").
    linear_path : bool
        Whether a linear model of pooled features and label states stands beside the transformer.
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
        attention_dropout=0.1,
        input_dropout=0.0,
        position=None,
        use_image=True,
        linear_path=False,
    ):
        super().__init__()
        d_model = n_channels if d_model is None else d_model
        self.grid = grid
        self.use_image = use_image
        self.backbone = backbone if use_image else None
        # Identity until `standardize_features`.
        self.register_buffer("feature_mean", torch.zeros(n_channels))
        self.register_buffer("feature_scale", torch.ones(n_channels))
        self.input_dropout = nn.Dropout(input_dropout)
        self.project = nn.Identity()
        if use_image and d_model != n_channels:
            self.project = nn.Linear(n_channels, d_model)
        self.position = make_position(position if use_image else None, grid, d_model)
        self.label_embedding = LabelEmbedding(n_labels, d_model)
        self.input_norm = nn.LayerNorm(d_model)
        self.layers = nn.ModuleList(
            EncoderLayer(d_model, n_heads, dropout, attention_dropout) for _ in range(n_layers)
        )
        self.readout = LabelReadout(n_labels, d_model)
        self.linear_path = None
        if linear_path:
            self.linear_path = LinearPath(n_labels, n_channels if use_image else 0, input_dropout)

    def forward(self, X, states):
        """Logits of all labels given an image and what is known of its labels.

        Parameters
        ----------
        X : Tensor
            Images (B, 3, H, W), or features (B, P, C).
        states : Tensor of shape (B, L), int8
            -1 unknown, 0 known negative, 1 known positive.

        Returns
        -------
        logits : Tensor of shape (n_paths, B, L)
            Of the transformer and, where there is one, of the linear path. Training scores each
            path by itself; the model's answer is their mean.
        """
        tokens = self.label_embedding(states)
        n_labels = tokens.shape[1]
        features = self.image_features(X)
        if features is not None:
            tokens = torch.cat([self.image_tokens(features), tokens], dim=1)
        tokens = self.input_norm(tokens)
        for layer in self.layers[:-1]:
            tokens = layer(tokens)
        # Only labels are read out, so the last layer updates them alone.
        label_tokens = self.layers[-1](tokens, n_queries=n_labels)
        logits = self.readout(label_tokens)
        if self.linear_path is None:
            return logits[None]
        pooled = None if features is None else features.mean(dim=1)
        return torch.stack([logits, self.linear_path(pooled, states)])

    def image_features(self, X):
        """Images, or features as given, to standardised features (B, P, C)."""
        if not self.use_image:
            return None
        if X.ndim == 4:
            X = self.backbone(X).flatten(2).transpose(1, 2)
        return (X - self.feature_mean) / self.feature_scale

    def image_tokens(self, features):
        """Features (B, P, C) to image tokens (B, P, d)."""
        tokens = self.project(self.input_dropout(features))
        return tokens if self.position is None else self.position(tokens, self.grid)

    @torch.no_grad()
    def standardize_features(self, mean, scale):
        """From now on subtract `mean` and divide by `scale`, both of shape (C,)."""
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(scale)


def make_position(position, grid, d_model):
    """The module that tells image tokens of a grid (h, w) their place, or None."""
    if position is None:
        return None
    if position == "sine":
        return SinePosition(d_model)
    return LearnedPosition(grid[0] * grid[1], d_model)
