"""SRN: attention maps of all labels, and what they tell together about each label."""

import torch
from torch import nn

from sklearn_ctran.modules.dropout import ChannelDropout
from sklearn_ctran.modules.heads import TokenModel


class SRNModel(TokenModel):
    """A linear main net, and a network of the labels' maps (Zhu et al., CVPR 2017, section 3).

    `n_hidden` is the width of convolutions, `n_kernels` the number of kernels for each channel of
    the last of them, `image_share` the main net's share of the logits. States are ignored. The
    other parameters are those of :class:`TokenModel`.

    Parts train in stages: 1 the main net, and the backbone if it is not frozen; 2 attention and
    confidence; 3 what reads the maps; 4, or None, all.
    """

    #: Kernels have the size of the map.
    has_fixed_tokens = True

    def __init__(
        self, n_labels, n_channels, *, n_hidden, n_kernels, image_share, grid=(1, 1), **where
    ):
        width = max(1, (n_hidden + n_labels) // 16)
        super().__init__(n_labels, n_channels, width=width, grid=grid, **where)
        self.image_share = image_share
        self.stage = None
        # Noise of single cells would hardly be left in their mean.
        self.drop_channels = ChannelDropout(self.dropout.p)
        self.of_image = nn.Linear(n_channels, n_labels)
        # A linear unit on cells is a convolution with a kernel of 1 x 1.
        self.reduce = nn.Linear(n_channels, n_hidden)
        self.surround = nn.Conv2d(n_hidden, n_hidden, 3, padding=1)
        self.attend = nn.Linear(n_hidden, n_labels)
        self.confide = nn.Linear(n_channels, n_labels)
        self.relate = nn.Linear(n_labels, n_hidden)
        self.relate_again = nn.Linear(n_hidden, n_hidden)
        n_cells = grid[0] * grid[1]
        self.kernels = nn.Parameter(torch.empty(n_hidden, n_kernels, n_cells))
        self.kernel_bias = nn.Parameter(torch.zeros(n_hidden, n_kernels))
        self.of_maps = nn.Linear(n_hidden * n_kernels, n_labels)
        nn.init.normal_(self.kernels, std=(2 / n_cells) ** 0.5)
        for part in (self.of_image, self.attend, self.confide, self.of_maps):
            nn.init.zeros_(part.weight)

    def features_of(self, X, states):
        """Features (B, P, C), as many as states. Each part drops its own."""
        return self.image_features(X).repeat_interleave(len(states) // len(X), dim=0)

    def head(self, features, states):
        """Logits (1, B, L); in training, those that the stage learns, (n_paths, B, L)."""
        stage = self.stage if self.training else None
        image = self.of_image(self.dropout(features.mean(dim=1))) if stage in (None, 1, 4) else None
        if stage == 1:
            return image[None]
        attention, confidence = self.maps(features)
        attended = (attention * confidence).sum(dim=2)
        if stage == 2:
            return attended[None]
        regular = self.regularize(confidence.sigmoid() * attention)
        if stage == 3:
            return regular[None]
        logits = self.image_share * image + (1 - self.image_share) * regular
        return torch.stack([logits, attended]) if self.training else logits[None]

    def maps(self, features):
        """Attention, which sums to 1, and confidence, a logit, of each label's cells (B, L, P)."""
        drop = nn.Identity() if self.stage == 3 else self.drop_channels  # It is fixed there.
        features = drop(features)
        hidden = drop(torch.relu(self.reduce(features))).transpose(1, 2)
        hidden = torch.relu(self.surround(hidden.unflatten(2, self._grid_of(features))))
        attention = self.attend(drop(hidden.flatten(2).transpose(1, 2))).softmax(dim=1)
        return attention.transpose(1, 2), self.confide(features).transpose(1, 2)

    def regularize(self, maps):
        """Logits (B, L) of weighted attention maps (B, L, P), of all labels together."""
        # With their number, cells have values about 1, however many there are.
        cells = maps.shape[2] * maps.transpose(1, 2)
        hidden = torch.relu(self.relate_again(torch.relu(self.relate(cells))))
        # Each kernel, of the size of the map, sees one channel of it.
        seen = torch.einsum("bph,hkp->bhk", hidden, self.kernels.to(hidden.dtype))
        return self.of_maps(self.dropout(torch.relu(seen + self.kernel_bias).flatten(1)))

    def set_stage(self, stage):
        """Begin a stage, 1 to 4; None: all parts train."""
        self.stage = stage
        if stage == 2 and not self.confide.weight.any():
            self._begin_confidence()
        parts = {
            1: [self.of_image],
            2: [self.reduce, self.surround, self.attend, self.confide],
            3: [self.relate, self.relate_again, self.of_maps],
        }
        for number, members in parts.items():
            for part in members:
                part.requires_grad_(stage in (None, number, 4))
        for weights in (self.kernels, self.kernel_bias):
            weights.requires_grad_(stage in (None, 3, 4))
        if self.backbone is not None and not self.backbone.frozen:
            self.backbone.hold(stage in (2, 3))
            self.train(self.training)

    @torch.no_grad()
    def _begin_confidence(self):
        """Let confidence in cells start from the main net: without attention, they are the same."""
        self.confide.load_state_dict(self.of_image.state_dict())

    def train(self, mode=True):
        """As in torch, but statistics of a backbone stay in stages that do not train it."""
        super().train(mode)
        if self.stage in (2, 3) and self.backbone is not None:
            self.backbone.eval()
        return self

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        for part in (self.of_image, self.confide, self.of_maps):
            part.bias.copy_(log_odds)
