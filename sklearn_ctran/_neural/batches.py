"""Batches of images with their label states."""

import zlib

import numpy as np
import torch
from torch.utils.data import Dataset


class LabelledImages(Dataset):
    """Batches of images (or tokens) with their label states.

    Parameters
    ----------
    source : object with ``len()`` and ``batch(rows) -> Tensor``
        Images or tokens.
    states : Tensor of shape (n_samples, n_labels), int8
        Targets in training, known labels in prediction.
    rows : ndarray of int, default=None
        The rows of `source` to use; None for all.
    weights : Tensor of shape (n_samples,), float, default=None
        Of the samples; batches then have them too. None: batches are without.
    augment_seed : int, default=None
        Augment the images, at random from this seed. None: no augmentation.
    batch_size : int, default=None
        How many to predict at a time; None leaves it to the net.
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
        """Whether a thread should make batches ahead of the network: of images to be decoded.

        Tokens are gathered in no time.
        """
        preprocess = getattr(self.source, "preprocess", None)
        if preprocess is None:
            return False
        return self.augment_seed is None or not preprocess.draws_globally

    def __getitems__(self, positions):
        """Fetch a whole batch: decoding in threads and slicing beat one row at a time."""
        rows = self.rows[positions]
        batch = self.source.batch(rows, self._generator(rows)), self.states[rows]
        return batch if self.weights is None else (*batch, self.weights[rows])

    def _generator(self, rows):
        """Seeded by what is in the batch: the same in whichever worker process it is made."""
        if self.augment_seed is None:
            return None
        return torch.Generator().manual_seed(zlib.crc32(rows.tobytes(), self.augment_seed))

    def __getitem__(self, position):
        return tuple(part[0] for part in self.__getitems__([position]))
