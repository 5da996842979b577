"""The first layers of every network for images: backbone, pooling, standardisation."""

import math

import torch
from torch import nn

from sklearn_ctran.modules.regions import guess_grid


class ImageModel(nn.Module):
    """Base class that maps images or features to standardised features; subclasses add logits.

    A subclass's ``forward(X, states)`` returns logits of shape (n_paths, B, L).

    Parameters
    ----------
    n_labels : int
        L.
    n_channels : int
        C, the width of the image features.
    width : int
        Number of activations per token or image, for estimates of memory.
    grid : (int, int)
        Rows and columns (h, w) of the features in training.
    backbone : nn.Module or None
        Maps images (B, 3, H, W) to feature maps (B, C, h, w). None if inputs are features.
    use_image : bool
        Whether the network reads the image at all.
    """

    #: How features are pooled, hashable; None if they are not.
    pooling = None
    #: Whether pooling depends on the rows and columns of the features.
    needs_grid = False
    #: Whether the number of image features must equal that of `grid`.
    has_fixed_tokens = False

    def __init__(self, n_labels, n_channels, width, grid=(1, 1), backbone=None, use_image=True):
        super().__init__()
        self.n_labels = n_labels
        self.width = width
        self.grid = grid
        self.use_image = use_image
        self.backbone = backbone if use_image else None
        # Identity until `standardize_features`.
        self.register_buffer("feature_mean", torch.zeros(n_channels))
        self.register_buffer("feature_scale", torch.ones(n_channels))

    def image_features(self, X):
        """Map images, or pooled features, to standardised features (B, P', C)."""
        if not self.use_image:
            return None
        if X.ndim == 4:
            X = self.pool_map(self.backbone(X))
        return (X - self.feature_mean) / self.feature_scale

    def pool(self, features, grid=None):
        """Pool features (B, P, C) to those that the network reads (B, P', C)."""
        return features

    def pool_map(self, feature_map):
        """Pool a feature map (B, C, h, w) to the features that the network reads (B, P', C)."""
        self.check_grid(feature_map.shape[2:])
        return self.pool(feature_map.flatten(2).transpose(1, 2), feature_map.shape[2:])

    def check_grid(self, grid):
        """Raise ValueError if the model cannot read features of this grid."""
        if self.has_fixed_tokens and tuple(grid) != tuple(self.grid):
            raise ValueError(
                f"Images make a grid of {tuple(grid)} features, but the model was trained with "
                f"{tuple(self.grid)}: use images of the training size, or set image_size."
            )

    def cast(self, dtype):
        """Convert to float32 or float64, except for the backbone."""
        backbone, self.backbone = self.backbone, None
        self.to(dtype)
        self.backbone = backbone

    @torch.no_grad()
    def standardize_features(self, mean, scale):
        """Set the `mean` and `scale` of the features, Tensors of shape (C,)."""
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(scale)

    def set_prior(self, log_odds):
        """Let every path start from the labels' log-odds, of shape (L,)."""
        raise NotImplementedError

    def _grid_of(self, features):
        """Rows and columns of features: as in training if they can be, else a guess."""
        n_features = int(features.shape[1])
        return self.grid if math.prod(self.grid) == n_features else guess_grid(n_features)
