"""Batches of images with their label states."""

import zlib

import numpy as np
import torch
from torch.utils.data import Dataset

from sklearn_ctran._neural.distributed import ALONE


class LabelledImages(Dataset):
    """Batches of images, or of their tokens, with label states.

    A batch is a pair, as skorch expects it: the inputs, a dict of "X", "states" and, in training,
    "weights"; and the targets' states, which only skorch's scoring callbacks read.

    `source` has ``len()`` and ``batch(rows) -> Tensor``; `rows` selects some of its rows, None all.
    `states` (n_samples, n_labels), int8, are true states in training and known states in
    prediction; the last `n_extra` labels are no targets. `weights` (n_samples,) is float, or None
    in prediction. `augment_seed` seeds the augmentation of images; None: no augmentation.
    `batch_size` images are predicted at a time; None: the net's `batch_size`. In training with
    others, of each batch the images of this process's `share` are fetched, and the labels of all.
    """

    def __init__(
        self,
        source,
        states,
        rows=None,
        *,
        n_extra=0,
        weights=None,
        augment_seed=None,
        batch_size=None,
        share=ALONE,
    ):
        self.source = source
        self.states = states
        self.n_targets = states.shape[1] - n_extra
        self.weights = weights
        self.rows = np.arange(len(source)) if rows is None else rows
        self.augment_seed = augment_seed
        self.batch_size = batch_size
        self.share = share

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
        own = self.share.own_rows(rows)
        states = self.states[own]
        inputs = {"X": self.source.batch(own, self._generator(own)), "states": states}
        if self.weights is not None:
            labels = self.share.all_labels(rows, self.states, self.weights)
            inputs["states"], inputs["weights"] = labels
        return inputs, states[:, : self.n_targets]

    def _generator(self, rows):
        """A generator seeded by the rows of the batch, so that every worker process draws alike."""
        if self.augment_seed is None:
            return None
        return torch.Generator().manual_seed(zlib.crc32(rows.tobytes(), self.augment_seed))

    def __getitem__(self, position):
        inputs, targets = self.__getitems__([position])
        return {name: part[0] for name, part in inputs.items()}, targets[0]
