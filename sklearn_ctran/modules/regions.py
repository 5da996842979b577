"""Image tokens as means over regions of the image."""

import math
from functools import lru_cache

import torch
from torch.nn import functional as F


def pool_regions(features, grid, regions):
    """Means over the whole image and over a grid of regions, (B, 1 + regions ** 2, C).

    `features` (B, P, C) are row-major over `grid`, (rows, columns). If there are no more features
    than regions, or if the grid has one row or one column, the features themselves are used:
    (B, 1 + P, C). The mean of the whole image comes first. A single feature, (B, 1, C), is returned
    alone.
    """
    n_features = int(features.shape[1])  # int: a tensor while it is traced
    if n_features == 1:
        return features
    whole = features.mean(dim=1, keepdim=True)
    if n_features > regions**2 and 1 not in grid:
        # A matrix product: not every device can pool grids that `regions` does not divide.
        features = _weights(tuple(map(int, grid)), regions).to(features) @ features
    return torch.cat([whole, features], dim=1)


# Made once, so that exported networks have it as a constant.
@lru_cache(maxsize=64)
def _weights(grid, regions):
    """The share of each feature in each region, (regions ** 2, P)."""
    with torch.inference_mode(False):
        n_features = math.prod(grid)
        one_hot = torch.eye(n_features).view(n_features, *grid)
        return F.adaptive_avg_pool2d(one_hot, regions).flatten(1).T


def guess_grid(n_features):
    """Guess rows and columns of features: a square if their number is one, else a single row."""
    side = math.isqrt(n_features)
    return (side, side) if side**2 == n_features else (1, n_features)
