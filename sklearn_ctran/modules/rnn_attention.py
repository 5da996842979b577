"""RNN-Attention: a recurrence that looks at one region of the image after the other."""

import math

import torch
from torch import nn

from sklearn_ctran.modules.heads import TokenModel
from sklearn_ctran.modules.label_sequences import Recurrence


class RNNAttentionModel(TokenModel):
    """Recurrent memorized-attention (Wang et al., ICCV 2017, section 3). States are ignored.

    A spatial transformer cuts `n_regions` regions out of the feature map. Of each, the recurrence
    of `n_hidden` units gives scores of the labels, and where the next region is. `region_size` is
    the number of points at which the map is read along each side of a region. `location_weight` is
    the weight of the loss of places. The other parameters are those of :class:`TokenModel`.
    """

    #: Largest and smallest scale of a region without a loss (the paper's alpha and beta).
    _LARGEST, _SMALLEST = 0.5, 0.1
    #: Weights of the losses of centres and of small scales beside that of large scales (lambda).
    _OF_CENTRES, _OF_SMALL = 0.01, 0.1

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        n_regions,
        n_hidden,
        region_size,
        location_weight,
        **where,
    ):
        super().__init__(n_labels, n_channels, width=max(1, n_hidden // 16), **where)
        self.n_regions = n_regions
        self.region_size = region_size
        self.location_weight = location_weight
        self.from_region = nn.Linear(n_channels, n_hidden)
        self.recurrence = Recurrence(n_hidden, n_hidden)
        self.hidden = nn.Linear(n_hidden, n_hidden)
        self.scores = nn.Linear(n_hidden, n_labels)
        self.next_place = nn.Linear(n_hidden, 4)
        nn.init.zeros_(self.scores.weight)
        nn.init.zeros_(self.next_place.weight)

    def features_of(self, X, states):
        """Features (B, P, C), as many as states. Dropout is for regions, not for cells."""
        return self.image_features(X).repeat_interleave(len(states) // len(X), dim=0)

    def head(self, features, states):
        """Logits (1, B, L): the largest score of each label over the regions.

        In training (1, B, L + 1), with the loss of places, which is no logit, at the end.
        """
        scores, places = self.look(features)
        logits = scores.amax(dim=1)
        if self.training:
            penalty = self.location_weight * self.place_loss(places)
            logits = torch.cat([logits, penalty[:, None].to(logits.dtype)], dim=1)
        return logits[None]

    def look(self, features):
        """Scores (B, K, L) and places (B, K, 4) of the regions, in the order they are looked at.

        A place is the scales and the centre of a region, (s_x, s_y, t_x, t_y), where the image
        reaches from -1 to 1 in both directions.
        """
        grid = self._grid_of(features)
        place = features.new_tensor([1.0, 1.0, 0.0, 0.0]).expand(len(features), -1)
        empty = features.new_zeros(len(features), self.recurrence.n_hidden)
        memory, scores, places = (empty, empty), [], []
        for step in range(self.n_regions + 1):
            region = self.dropout(read_region(features, grid, place, self.region_size))
            memory = self.recurrence(torch.relu(self.from_region(region)), memory)
            hidden = torch.relu(self.hidden(self.dropout(memory[0])))
            if step:  # The first look, at the whole image, gives no scores.
                scores.append(self.scores(hidden))
                places.append(place)
            place = self.next_place(hidden).to(features.dtype)
        return torch.stack(scores, dim=1), torch.stack(places, dim=1)

    def place_loss(self, places):
        """Loss (B,) of the places (B, K, 4) of regions (the paper's anchor, scale and positive)."""
        scales, centres = places[..., :2], places[..., 2:]
        # The first region looks for what is most telling, wherever that is.
        apart = centres[:, 1:] - anchors(self.n_regions - 1).to(places)
        far = apart.square().sum(dim=(1, 2)) / 2
        large = (scales.abs() - self._LARGEST).clamp(min=0).square().sum(dim=(1, 2))
        small = (self._SMALLEST - scales).clamp(min=0).sum(dim=(1, 2))
        return large + self._OF_CENTRES * far + self._OF_SMALL * small

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,), and from regions in the middle."""
        self.scores.bias.copy_(log_odds)
        middle = [self._LARGEST, self._LARGEST, 0.0, 0.0]
        self.next_place.bias.copy_(torch.tensor(middle))


def anchors(n_points):
    """Points (n_points, 2) that regions are drawn to, on a circle around the middle."""
    turns = torch.arange(n_points) / max(1, n_points)
    angles = 2 * math.pi * turns + math.pi / 4
    return torch.stack([angles.cos(), angles.sin()], dim=1) * math.sqrt(0.5)


def read_region(features, grid, place, size):
    """Mean (B, C) of features (B, P, C) over size x size points of a region, read bilinearly.

    `features` are row-major over `grid`, (rows, columns). `place` is (B, 4), as in
    :meth:`RNNAttentionModel.look`. Points outside the image have the value at its border. As
    regions are not turned, rows and columns have weights of their own.
    """
    rows, columns = grid
    of_rows = _weights(place[:, 1], place[:, 3], rows, size)
    of_columns = _weights(place[:, 0], place[:, 2], columns, size)
    weights = (of_rows[:, :, None] * of_columns[:, None, :]).flatten(1)
    return (weights[:, None] @ features)[:, 0]


def _weights(scale, centre, n_cells, size):
    """Weights (B, n_cells) of the cells along one side, for points in equal distances."""
    within = (2 * torch.arange(size, device=scale.device) + 1).to(scale) / size - 1
    points = scale[:, None] * within + centre[:, None]
    positions = ((points + 1) * n_cells / 2 - 0.5).clamp(0, n_cells - 1)
    distances = positions[..., None] - torch.arange(n_cells, device=scale.device)
    return (1 - distances.abs()).clamp(min=0).mean(dim=1)
