"""Order-free RNN: a recurrence that attends to the image, and learns in an order of its own."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.heads import TokenModel
from sklearn_ctran.modules.label_sequences import (
    LabelSequences,
    Recurrence,
    log_frequencies,
    search_width,
)
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN
from sklearn_ctran.modules.losses import binary_cross_entropy
from sklearn_ctran.modules.regions import pool_regions


class OrderFreeRNNModel(LabelSequences, TokenModel):
    """Order-free RNN with visual attention (Chen et al., AAAI 2018, section 3).

    Features are mapped to `n_hidden` numbers each, and to preliminary probabilities of the labels,
    which the recurrence reads first. `regions` is that of :func:`pool_regions`, or None. The other
    parameters are those of :class:`LabelSequences` and :class:`TokenModel`.
    """

    def __init__(self, n_labels, n_channels, *, n_classes, beam_width, n_hidden, regions, **where):
        super().__init__(n_labels, n_channels, width=search_width(beam_width, n_hidden), **where)
        self.follow_sequences(n_classes, beam_width)
        self.regions = regions
        self.mapping = nn.Linear(n_channels, n_hidden)
        self.preliminary = nn.Linear(n_channels, n_labels)
        nn.init.zeros_(self.preliminary.weight)
        self.to_keys = nn.Linear(n_hidden, n_hidden)
        self.to_query = nn.Linear(n_hidden, n_hidden, bias=False)
        self.attention = nn.Linear(n_hidden, 1, bias=False)
        self.from_labels = nn.Linear(n_labels, n_hidden)
        self.recurrence = Recurrence(2 * n_hidden, n_hidden)
        self.scores = nn.Linear(2 * n_hidden, n_labels + 1)

    @property
    def pooling(self):
        """The number of rows and columns of regions; None if features are not pooled."""
        return self.regions

    @property
    def needs_grid(self):
        """Whether pooling depends on the rows and columns of the features."""
        return self.regions is not None

    def pool(self, features, grid=None):
        """Features (B, P, C) to means over the image and its regions, (B, P', C)."""
        if self.regions is None:
            return features
        return pool_regions(features, grid or self._grid_of(features), self.regions)

    def begin(self, features):
        """What steps read of the image, and an empty memory.

        That is mapped features (B, P, n), keys (B, P, n) and preliminary probabilities (B, L).
        """
        mapped = torch.relu(self.mapping(features))
        empty = features.new_zeros(len(features), 1, self.recurrence.n_hidden)
        image = mapped, self.to_keys(mapped), self._preliminary_logits(features).sigmoid()
        return image, (empty, empty)

    def step(self, image, memory, label):
        """Logits (B, K, L + 1) of what comes next, and the memory."""
        mapped, keys, preliminary = image
        seen = self.attend(mapped, keys, memory[0])
        one_hot = F.one_hot(label, self.n_labels + 2)[..., : self.n_labels].to(mapped.dtype)
        is_first = (label == self.n_labels + 1)[..., None]
        last = torch.where(is_first, preliminary[:, None].to(mapped.dtype), one_hot)
        memory = self.recurrence(torch.cat([self.from_labels(last), seen], dim=-1), memory)
        hidden = self.dropout(memory[0])
        return self.scores(torch.cat([hidden, seen.to(hidden.dtype)], dim=-1)), memory

    def attend(self, mapped, keys, hidden):
        """Means (B, K, n) of mapped features, with weights that hidden units (B, K, n) ask for."""
        asked = torch.tanh(keys[:, None] + self.to_query(hidden)[:, :, None])
        weights = self.attention(asked)[..., 0].softmax(dim=-1)
        return weights.to(mapped.dtype) @ mapped

    def first_of(self, scores, remaining):
        """The remaining label (B,) that is the most probable next one."""
        return scores.masked_fill(~remaining, -torch.inf).argmax(dim=1)

    def losses(self, features, shown, true_states):
        """Losses (B,) of sequences, and of the preliminary probabilities of hidden labels."""
        hidden = (shown == UNKNOWN) & (true_states != UNKNOWN)
        logits = self._preliminary_logits(features)
        entries = binary_cross_entropy(logits, (true_states == POSITIVE).to(logits.dtype))
        preliminary = torch.where(hidden, entries, 0.0).sum(dim=1)
        return self.sequence_losses(features, shown, true_states) + preliminary

    def _preliminary_logits(self, features):
        # Where features are pooled, the first one is the mean of the image.
        whole = features.mean(dim=1) if self.regions is None else features[:, 0]
        return self.preliminary(whole)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' frequencies."""
        self.preliminary.bias.copy_(log_odds)
        self.scores.bias.copy_(log_frequencies(log_odds))
