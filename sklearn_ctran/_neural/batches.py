"""Batches of images with their label states."""

import zlib

import numpy as np
import torch
from torch.utils.data import Dataset


class LabelledImages(Dataset):
    """Batches of images, or of their tokens, with label states.

    `source` has ``len()`` and ``batch(rows) -> Tensor``; `rows` selects some of its rows, None all.
    `states` (n_samples, n_labels), int8, are true states in training and known states in
    prediction. `weights` (n_samples,), float, are the third part of each batch; with None batches
    have two parts. `augment_seed` seeds the augmentation of images; None: no augmentation.
    `batch_size` images are predicted at a time; None: the net's `batch_size`.
    """

    def __init__(
        self, source, states, rows=None, *, weights=None, augment_seed=None, batch_size=None
    ):
        self.source = source
        self.states = states
        self.weights = weights
        self.rows = np.arange(len(source)) if rows is None else rows
        self.augment_seed = augment_seed
        self.batch_size = batch_size

    def __len__(self):
        return len(self.rows)

    @property
    def prefetchable(self):
        """Whether it pays that a thread makes batches ahead of the network.

        It does for images, which have to be decoded, but not for tokens.
        """
        return hasattr(self.source, "preprocess")

    def __getitems__(self, positions):
        """Fetch a whole batch, which is faster than row by row."""
        rows = self.rows[positions]
        batch = self.source.batch(rows, self._generator(rows)), self.states[rows]
        return batch if self.weights is None else (*batch, self.weights[rows])

    def _generator(self, rows):
        """A generator seeded by the rows of the batch, so that every worker process draws alike."""
        if self.augment_seed is None:
            return None
        return torch.Generator().manual_seed(zlib.crc32(rows.tobytes(), self.augment_seed))

    def __getitem__(self, position):
        return tuple(part[0] for part in self.__getitems__([position]))
