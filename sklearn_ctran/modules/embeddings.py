"""Embeddings of labels, of their states and of image positions."""

import math

import torch
from torch import nn


class LabelEmbedding(nn.Module):
    """Label embeddings plus the embeddings of their states (paper, eq. 1).

    They start from N(0, 1) if `init` is "normal", from U(-1/sqrt(d), 1/sqrt(d)) if it is "uniform".

    Attributes
    ----------
    label : Parameter of shape (n_labels, d_model)
    state : Parameter of shape (2, d_model)
        Negative, positive. The unknown state adds nothing and has no row.
    """

    def __init__(self, n_labels, d_model, init="normal"):
        super().__init__()
        self.label = nn.Parameter(torch.empty(n_labels, d_model))
        self.state = nn.Parameter(torch.empty(2, d_model))
        bound = 1 / math.sqrt(d_model)
        for embedding in (self.label, self.state):
            if init == "normal":
                nn.init.normal_(embedding)
            else:
                nn.init.uniform_(embedding, -bound, bound)

    def forward(self, states):
        """Embed states (B, L), int8 in {-1, 0, 1}, as tokens (B, L, d)."""
        is_negative, is_positive = (states == 0), (states == 1)
        known = torch.stack([is_negative, is_positive], dim=-1).to(self.state.dtype)
        return self.label + known @ self.state

    @torch.no_grad()
    def start_from(self, vectors):
        """Let the first labels start from a random linear map of vectors (n, n_dimensions).

        They have unit length, and come out as long as they were: labels that are alike start alike.
        """
        n_labels, n_dimensions = vectors.shape
        label = self.label[:n_labels]
        label.copy_(vectors @ torch.randn(n_dimensions, label.shape[1]) * label.std())


class SinePosition(nn.Module):
    """Fixed 2-D sine and cosine positions, for any number of image tokens."""

    def __init__(self, d_model):
        super().__init__()
        if d_model % 4:
            raise ValueError(f"position='sine' needs d_model to be a multiple of 4, got {d_model}.")
        self.d_model = d_model

    def forward(self, tokens, grid):
        """Add positions to tokens (B, P, d) of a grid (h, w) with P = h * w."""
        quarter = self.d_model // 4
        device = tokens.device
        frequency = 10000.0 ** (-torch.arange(quarter, device=device) / quarter)
        rows, columns = (torch.arange(size, device=device)[:, None] * frequency for size in grid)
        rows = torch.cat([rows.sin(), rows.cos()], dim=1)[:, None].expand(-1, grid[1], -1)
        columns = torch.cat([columns.sin(), columns.cos()], dim=1).expand(grid[0], -1, -1)
        return tokens + torch.cat([rows, columns], dim=2).flatten(0, 1).to(tokens.dtype)


class LearnedPosition(nn.Module):
    """One learned embedding per image token; the number of tokens is fixed."""

    def __init__(self, n_tokens, d_model):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(n_tokens, d_model) * 0.02)

    def forward(self, tokens, grid):
        """Add positions to tokens (B, P, d)."""
        if tokens.shape[1] != len(self.embedding):
            raise ValueError(
                f"position='learned' was trained with {len(self.embedding)} image tokens, got "
                f"{tokens.shape[1]}: keep the image size, or use position='sine' or None."
            )
        return tokens + self.embedding
