"""CNN-RNN: labels and the image in one space, and a recurrence over labels."""

import torch
from torch import nn

from sklearn_ctran.modules.heads import PooledModel
from sklearn_ctran.modules.label_sequences import (
    LabelSequences,
    Recurrence,
    log_frequencies,
    search_width,
)


class CNNRNNModel(LabelSequences, PooledModel):
    """CNN-RNN (Wang et al., CVPR 2016, section 3): labels of a sequence in the order of frequency.

    A label has an embedding of size `n_embedding`, which the recurrence of `n_hidden` units reads,
    and which scores it as the next one. `order` is "frequent" or "rare", the labels that come
    first. The other parameters are those of :class:`LabelSequences` and :class:`PooledModel`.
    """

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        n_classes,
        beam_width,
        n_embedding,
        n_hidden,
        order,
        **where,
    ):
        super().__init__(n_labels, n_channels, width=search_width(beam_width, n_hidden), **where)
        self.follow_sequences(n_classes, beam_width)
        self.order = order
        # Behind the labels: the end, which is never read, and the start, which is never scored.
        self.embeddings = nn.Embedding(n_labels + 2, n_embedding)
        nn.init.normal_(self.embeddings.weight, std=n_embedding**-0.5)
        self.recurrence = Recurrence(n_embedding, n_hidden)
        self.from_memory = nn.Linear(n_hidden, n_embedding, bias=False)
        self.from_image = nn.Linear(n_channels, n_embedding)
        self.bias = nn.Parameter(torch.zeros(n_labels + 1))
        self.register_buffer("position", torch.zeros(n_labels))

    def begin(self, features):
        """The image in the labels' space (B, 1, n_embedding), and an empty memory."""
        image = self.from_image(self.dropout(features))[:, None]
        empty = features.new_zeros(len(features), 1, self.recurrence.n_hidden)
        return image, (empty, empty)

    def step(self, image, memory, label):
        """Logits (B, K, L + 1) of what comes next, and the memory."""
        memory = self.recurrence(self.embeddings(label), memory)
        projected = torch.relu(self.from_memory(self.dropout(memory[0])) + image)
        return nn.functional.linear(projected, self.embeddings.weight[:-1], self.bias), memory

    def first_of(self, scores, remaining):
        """The remaining label (B,) that is first in the order."""
        return torch.where(remaining, self.position, torch.inf).argmin(dim=1)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' frequencies, and put the labels in order by them."""
        self.bias.copy_(log_frequencies(log_odds))
        ranked = log_odds.argsort(descending=self.order == "frequent", stable=True)
        self.position[ranked] = torch.arange(float(self.n_labels)).to(self.position)
