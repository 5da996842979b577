"""The memory of a model in operations that can be exported."""

import numpy as np
import torch
from torch import nn

from sklearn_ctran._memory.likeness import FAR, LEAST_LENGTH


class MemoryGraph(nn.Module):
    """Mixes the logits of a network with those of a LabelMemory.

    `share` is how much of the logits is the memory's.
    """

    def __init__(self, memory, network, share):
        super().__init__()
        self.share = share
        self._likeness = memory.likeness
        self._regression, self._relations = memory.regression, memory.relations
        self._retrieval = memory.retrieval
        self._vectors, self._centres = memory._vectors.float(), memory._centres.float()
        self._shift = torch.from_numpy(np.asarray(memory.log_pos_weight, dtype=np.float32))
        # As of `Summaries`, which the memory was learned from.
        self._is_mean = network.is_narrow and not network.has_fixed_tokens
        self._network = network

    def forward(self, logits, tokens, states):
        """Logits (n, n_labels) of a network that read tokens (n, P', C), with the memory's."""
        recalled = self._recalled(self._summary(tokens), states)
        return logits + self.share * (recalled - logits)

    def _summary(self, tokens):
        if not self._network.use_image:
            return tokens[:, :, 0]  # There are none: (n, 0).
        return tokens.mean(dim=1) if self._is_mean else self._network.summary(tokens)

    def _recalled(self, summaries, states):
        vectors = self._like(summaries)
        z = self._regression(vectors @ self._centres.T)
        if self._relations.covariance is not None:
            z = self._relations.given(z, states, _solve)
        alike = self._retrieval.likeness * (vectors @ self._vectors.T)
        return self._retrieval.logits([alike], z, states) + self._shift

    def _like(self, summaries):
        """The vectors that Likeness makes of summaries (n, n_features)."""
        own = self._likeness
        mean, scale = (torch.from_numpy(each).float() for each in (own.mean, own.scale))
        vectors = ((summaries - mean) / scale).clamp(-FAR, FAR)
        if own.directions is not None:
            vectors = vectors @ torch.from_numpy(own.directions)
        length = (vectors**2).sum(dim=1, keepdim=True).sqrt()
        return torch.where(length > LEAST_LENGTH, vectors / length.clamp(min=LEAST_LENGTH), 0.0)


def _solve(matrices, right):
    """Solutions of linear systems of positive definite matrices (n, L, L), by Gauss and Jordan.

    ONNX has no operation for it, but L steps of them; such matrices need no pivots.
    """
    n_labels = matrices.shape[1]
    both, unit = torch.cat([matrices, right], dim=2), torch.eye(int(n_labels))
    for i in range(int(n_labels)):
        row = both[:, i : i + 1] / both[:, i : i + 1, i : i + 1]
        both = both - (both[:, :, i : i + 1] - unit[i][None, :, None]) * row
    return both[:, :, -1:]
