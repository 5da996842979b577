"""A fit by several processes, which ``accelerate launch`` starts: each trains on a part of a batch.

All processes read the same data and draw the same batches and the same masks. Of each batch, every
process passes its own images through the network; gradients and losses are summed over processes.
So N processes take the very steps of one process with batches N times as large.
"""

import importlib
from contextlib import nullcontext
from importlib.util import find_spec

import numpy as np
import torch
from skorch.callbacks.scoring import ScoringBase

from sklearn_ctran._utils.randomness import drawing
from sklearn_ctran.modules.label_states import UNKNOWN

#: The weight of rows that stand in where a batch cannot be divided evenly.
_STAND_IN = -1.0


class Share:
    """This process's share of a fit; without an Accelerator, it is all of it.

    Attributes
    ----------
    rank, n : int
        Which of how many processes this is.
    """

    def __init__(self, accelerator=None):
        self._accelerator = accelerator
        self._wrapped = None
        self.rank = 0 if accelerator is None else accelerator.process_index
        self.n = 1 if accelerator is None else accelerator.num_processes

    @property
    def is_first(self):
        """Whether this process is the one that writes and prints."""
        return self.rank == 0

    def from_first(self, value):
        """What the first process has for `value`."""
        if self.n == 1:
            return value
        return importlib.import_module("accelerate.utils").broadcast_object_list([value])[0]

    def from_all(self, value):
        """The values of all processes, list."""
        if self.n == 1:
            return [value]
        return importlib.import_module("accelerate.utils").gather_object([value])

    def total(self, value):
        """The sum of a Tensor, without its gradient, over the processes."""
        if self.n == 1:
            return value
        return self._accelerator.reduce(value.detach().clone(), reduction="sum")

    def wrapped(self, module):
        """The module of this fit, whose gradients are then the mean over the processes."""
        if self.n == 1:
            return module
        if self._wrapped is None:
            self._wrapped = self._accelerator.prepare_model(module)
        return self._wrapped

    def drawing(self, seed):
        """A block in which dropout of the other processes draws other numbers than the first's."""
        return drawing(seed + self.rank) if self.rank else nullcontext()

    def own_rows(self, rows):
        """Of a batch's rows, those whose images this process reads; as many in every process."""
        if self.n == 1:
            return rows
        n_each = -(-len(rows) // self.n)
        return np.resize(rows, n_each * self.n)[self.rank :: self.n]

    def all_labels(self, rows, states, weights):
        """States and weights of the rows of all processes, to go with :meth:`own_rows`.

        (B', n, L) and (B', n) for B' rows of each of n processes, of which rows may stand in.
        """
        states, weights = states[rows], weights[rows]
        if self.n == 1:
            return states, weights
        n_each = -(-len(rows) // self.n)
        n_missing = n_each * self.n - len(rows)
        states = torch.cat([states, states.new_full((n_missing, *states.shape[1:]), UNKNOWN)])
        weights = torch.cat([weights, weights.new_full((n_missing,), _STAND_IN)])
        return states.unflatten(0, (n_each, self.n)), weights.unflatten(0, (n_each, self.n))

    def of_batch(self, states, weights):
        """States (B, L) and weights (B,) of a batch of all, from what `all_labels` returned."""
        if self.n == 1:
            return states, weights
        is_row = weights.flatten() != _STAND_IN
        return states.flatten(0, 1)[is_row], weights.flatten()[is_row]

    def own(self, values, fill, n_masks=1):
        """This process's rows of a batch's (B * n_masks, ...); rows that stand in have `fill`."""
        if self.n == 1:
            return values
        values = values.unflatten(0, (-1, n_masks))
        own = values[self.rank :: self.n]
        if 0 < len(values) % self.n <= self.rank:
            own = torch.cat([own, own.new_full((1, *values.shape[1:]), fill)])
        return own.flatten(0, 1)


#: The share of a fit by one process.
ALONE = Share()


def launched_share(device, callbacks=None):
    """The Share of this process among those that ``accelerate launch`` started, and its device.

    Raises ImportError if accelerate is not installed, ValueError if there are several processes,
    and scoring `callbacks`, each of which would see a part of the images only.
    """
    if find_spec("accelerate") is None:
        raise ImportError(
            "distributed='accelerate' needs accelerate, which is not installed: "
            "pip install 'sklearn-ctran[accelerate]'."
        )
    accelerator = importlib.import_module("accelerate").Accelerator(
        cpu=torch.device(device).type == "cpu",
        mixed_precision="no",  # The estimator's own `precision` counts.
    )
    share = Share(accelerator)
    named = [each[1] if isinstance(each, tuple) else each for each in callbacks or []]
    scoring = [each for each in named if isinstance(each, ScoringBase)]
    if share.n > 1 and scoring:
        raise ValueError(
            f"callbacks has {type(scoring[0]).__name__}, but in each of {share.n} processes it "
            "would score other images. Leave scoring callbacks out; `history_` has the losses of "
            "all images."
        )
    return share, str(accelerator.device)
