"""What happens between the steps of training: the learning rate, scores, progress."""

import numpy as np
import torch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

from sklearn_ctran._neural.batches import LabelledImages
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran.metrics._ranking import mean_average_precision
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Entries of the history -> their names behind the bar, of which a narrow terminal shows the first.
_SHOWN = {
    "valid_mAP": "mAP",
    "valid_accuracy": "accuracy",
    "train_loss": "loss",
    "valid_loss": "valid_loss",
}


class OneCycle(LRScheduler):
    """One cycle of the learning rate over the whole fit (Smith and Topin, 2018), step by step.

    Each parameter group peaks at the learning rate that it was given. A net may have several
    cycles, one after the other: its ``cycle`` and ``cycle_lengths`` say so.
    """

    def __init__(self):
        super().__init__(policy=OneCycleLR, step_every="batch", event_name="lr")

    def on_train_begin(self, net, X=None, **kwargs):
        """Begin the first cycle."""
        self._n_steps = len(net.get_iterator(X, training=True))
        self._peaks = [group["lr"] for group in net.optimizer_.param_groups]
        self.batch_idx_ = 0
        self._begin_cycle(net, 1)

    def on_epoch_begin(self, net, **kwargs):
        """Begin another cycle when it is time, but not again if the fit goes on within it."""
        if net.cycle != self.cycle_:
            self._begin_cycle(net, net.cycle)

    def _begin_cycle(self, net, number):
        """Spread a cycle over its steps."""
        self.cycle_ = number
        n_steps = net.cycle_lengths[number - 1] * self._n_steps
        optimizer, peaks = net.optimizer_, self._peaks
        self.lr_scheduler_ = OneCycleLR(optimizer, max_lr=peaks, total_steps=n_steps + 1)

    def on_train_end(self, net, **kwargs):
        """Drop the scheduler, which holds the optimiser and its tensors."""
        self.lr_scheduler_ = None


def stop_early(by, exclusive):
    """The StopEarly of an `early_stopping`: by the loss (True) or the "score".

    That of `exclusive` labels is the accuracy.
    """
    if by == "score":
        name = "valid_accuracy" if exclusive else "valid_mAP"
        goal = {"monitor": name, "lower_is_better": False, "threshold": 0}
    else:
        goal = {"monitor": "valid_loss"}
    return StopEarly(load_best=True, sink=_say_nothing, **goal)


def _say_nothing(message):
    pass


class StopEarly(EarlyStopping):
    """As skorch's, by the net's `patience`, in the last stage of a net that trains in stages."""

    def on_train_begin(self, net, **kwargs):
        """Begin to wait for better epochs; skorch calls this."""
        super().on_train_begin(net, **kwargs)
        self.patience = net.patience

    def on_epoch_end(self, net, **kwargs):
        """Stop if there has been no better epoch for long; skorch calls this."""
        if net.is_last_stage:
            super().on_epoch_end(net, **kwargs)


class ValidationScore(Callback):
    """Records the score of the held-out images after each epoch, with no label known.

    It is ``valid_mAP``, or ``valid_accuracy`` if labels are the classes of a 1-D `y`
    (`exclusive`). NaN if there is nothing to score. Every one of several processes scores all
    held-out images.
    """

    def __init__(self, exclusive):
        self.exclusive = exclusive

    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        """Predict the held-out images, and record their score."""
        states = dataset_valid.states
        n_extra = states.shape[1] - dataset_valid.n_targets
        nothing = torch.full_like(states, UNKNOWN)
        images = LabelledImages(dataset_valid.source, nothing, dataset_valid.rows, n_extra=n_extra)
        proba = net.predict_proba(images)
        truth = states[dataset_valid.rows, : dataset_valid.n_targets].numpy()
        score, name = (_accuracy, "accuracy") if self.exclusive else (_mean_precision, "mAP")
        net.history.record(f"valid_{name}", score(truth, proba))


def _mean_precision(truth, proba):
    if not (truth == POSITIVE).any():
        return float("nan")
    # average=None does not warn of labels without a positive, of which a small part has many.
    return float(np.nanmean(mean_average_precision(truth, proba, average=None)))


def _accuracy(truth, proba):
    is_given = (truth == POSITIVE).any(axis=1)
    if not is_given.any():
        return float("nan")
    return float((truth.argmax(axis=1) == proba.argmax(axis=1))[is_given].mean())


class TrainingBar(Callback):
    """Shows the steps of training, its losses and scores; used as a block around a fit.

    `verbose` is that of :class:`Progress`. Steps that were done before an interruption count as
    done. Training that stops early ends before the bar is full.
    """

    def __init__(self, verbose=0):
        self.verbose = verbose

    def __enter__(self):
        self._progress = None
        return self

    def __exit__(self, *error):
        if self._progress is not None:
            self._progress.close()
        self._progress = None

    def on_train_begin(self, net, X=None, **kwargs):
        """Count the steps of this fit."""
        self._n_steps = len(net.get_iterator(X, training=True))
        self._scores = {}

    def on_batch_end(self, net, training=False, **kwargs):
        """Count a step; the loss is that of the step until an epoch has come to its end."""
        if not training:
            return
        epoch = len(net.history)
        if self._progress is None:
            done = (epoch - 1) * self._n_steps + len(net.history[-1, "batches"]) - 1
            total = net.max_epochs * self._n_steps
            self._progress = Progress("training", total, " steps", verbose=self.verbose, done=done)
        loss = {"loss": net.history[-1, "batches", -1, "train_loss"]}
        self._progress.update(**(self._scores or loss), epoch=f"{epoch}/{net.max_epochs}")

    def on_epoch_end(self, net, **kwargs):
        """Take over the losses and the score of the epoch."""
        epoch = net.history[-1]
        self._scores = {name: float(epoch[key]) for key, name in _SHOWN.items() if key in epoch}
        if self._progress is not None:
            self._progress.update(0, **self._scores, epoch=f"{len(net.history)}/{net.max_epochs}")
