"""Multi-evidence: labels of the image, of the regions where they seem to be, and both together."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.heads import TokenModel


class MultiEvidenceModel(TokenModel):
    """Evidence of the whole image and of regions (after Ge et al., CVPR 2018). States are ignored.

    The first pass is a linear unit per label on the mean of the features; on each cell alone, it is
    the label's activation map. The `n_regions` most probable labels propose a region each: the box
    around the cells near the peak of their map that reach `threshold` of the way from its least to
    its largest value. The second pass, with `n_hidden` hidden units, scores all labels in each
    region. The other parameters are those of :class:`TokenModel`.
    """

    def __init__(self, n_labels, n_channels, *, n_regions, n_hidden, threshold, **where):
        super().__init__(n_labels, n_channels, width=max(1, n_regions * n_hidden // 64), **where)
        self.n_regions = min(n_regions, n_labels)
        self.threshold = threshold
        self.of_image = nn.Linear(n_channels, n_labels)
        self.hidden = nn.Linear(n_channels, n_hidden)
        self.of_region = nn.Linear(n_hidden, n_labels)
        nn.init.zeros_(self.of_image.weight)
        nn.init.zeros_(self.of_region.weight)

    def features_of(self, X, states):
        """Features (B, P, C), as many as states. Dropout is for regions, not for cells."""
        return self.image_features(X).repeat_interleave(len(states) // len(X), dim=0)

    def head(self, features, states):
        """Logits (2, B, L) of the image, and of the region where each label is most probable."""
        image = self.of_image(self.dropout(features.mean(dim=1)))
        regions = self.region_scores(features, self.propose(features)).amax(dim=1)
        return torch.stack([image, regions])

    def activation_maps(self, features):
        """The labels' maps (B, L, P), whose means are the labels' logits but for the bias."""
        return (features @ self.of_image.weight.to(features.dtype).T).transpose(1, 2)

    @torch.no_grad()
    def propose(self, features):
        """Regions (B, K, P), bool, of the labels that are the most probable by the first pass."""
        maps = self.activation_maps(features)
        logits = maps.mean(dim=2) + self.of_image.bias
        labels = logits.topk(self.n_regions, dim=1).indices
        chosen = maps.gather(1, labels[..., None].expand(-1, -1, maps.shape[2]))
        rows, columns = self._grid_of(features)
        return boxes(chosen.unflatten(2, (rows, columns)), self.threshold).flatten(2)

    def region_scores(self, features, regions):
        """Scores (B, K, L) of the mean features of regions (B, K, P)."""
        shares = regions.to(features.dtype)
        means = shares @ features / shares.sum(dim=2, keepdim=True)
        return self.of_region(self.dropout(torch.relu(self.hidden(self.dropout(means)))))

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.of_image.bias.copy_(log_odds)
        self.of_region.bias.copy_(log_odds)


def boxes(maps, threshold):
    """The box around the peak of each map, as bool of the maps' shape (B, K, h, w).

    A box holds the cells that are connected with the peak, also over corners, and reach
    `threshold`, in [0, 1], of the way from the least to the largest value of the map.
    """
    least, largest = (each[..., None, None] for each in maps.flatten(2).aminmax(dim=2))
    high = maps >= least + threshold * (largest - least)
    found = maps == largest
    # One of equal peaks, so that a flat map does not have several regions.
    first = found.flatten(2).int().argmax(dim=2)
    found = F.one_hot(first, maps[0, 0].numel()).bool().view_as(maps)
    while True:
        grown = F.max_pool2d(found.float(), 3, stride=1, padding=1).bool() & (high | found)
        if torch.equal(grown, found):
            break
        found = grown
    rows, columns = (_between(found.any(dim=side)) for side in (3, 2))
    return rows[..., :, None] & columns[..., None, :]


def _between(found):
    """All positions between the first and the last that is found, along the last dimension."""
    counts = found.int().cumsum(dim=-1)
    from_behind = found.flip(-1).int().cumsum(dim=-1).flip(-1)
    return (counts > 0) & (from_behind > 0)
