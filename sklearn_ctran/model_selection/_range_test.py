"""What ``find_lr`` does between the steps of a training."""

import numpy as np
from skorch.callbacks import Callback

#: Training is over once the mean of the last losses is so many times the lowest one.
_DIVERGED = 4.0
#: How much of this mean is the one before.
_INERTIA = 0.9


class IsOver(Exception):
    """The test has come to its end."""


class RangeTest(Callback):
    """Sets the learning rate of each step, and notes its loss; raises IsOver at the end."""

    def __init__(self, rates, progress):
        self.rates = rates
        self.progress = progress
        self.losses = []

    def on_train_begin(self, net, **kwargs):
        """Note by how much each group of parameters learns faster than others."""
        self._groups = [(group, group["lr"] / net.lr) for group in net.optimizer_.param_groups]
        self._mean, self._lowest = 0.0, np.inf

    def on_batch_begin(self, net, training=False, **kwargs):
        """Set the rates of the step."""
        for group, ratio in self._groups:
            group["lr"] = ratio * self.rates[len(self.losses)]

    def on_batch_end(self, net, training=False, **kwargs):
        """Note the loss; end the test at its last step, or if the loss diverges."""
        loss = net.history[-1, "batches", -1, "train_loss"]
        self.losses.append(loss)
        self.progress.update(rate=self.rates[len(self.losses) - 1], loss=loss)
        self._mean = _INERTIA * self._mean + (1 - _INERTIA) * loss
        mean = self._mean / (1 - _INERTIA ** len(self.losses))
        self._lowest = min(self._lowest, mean)
        if len(self.losses) == len(self.rates) or mean > _DIVERGED * self._lowest:
            raise IsOver
