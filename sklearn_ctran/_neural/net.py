"""The training loop: skorch's, with one step of label mask training in it."""

import sys
import warnings

import torch
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

from sklearn_ctran._labels.masks import leads, sample_label_states
from sklearn_ctran._utils.devices import autocast
from sklearn_ctran._utils.threads import BatchLoader
from sklearn_ctran.modules.label_states import UNKNOWN


def _as_fetched(batch):
    return batch


class LabelMaskNet(NeuralNet):
    """A skorch net that is told some labels and learns to predict the hidden ones.

    Parameters beyond :class:`skorch.NeuralNet`'s
    ---------------------------------------------
    unknown_fraction : (float, float) or None
        Range of the share of labels hidden in training; None hides all.
    n_masks : int
        How many times the labels of each image are hidden anew in a training step.
    rules : LabelRules or None
        Groups of labels, and labels that exclude or imply each other.
    n_extra : int
        How many of the labels, the last ones, are extra labels.
    hide_positives : bool
        Whether positive labels are always hidden.
    mask_groups : float
        Probability that a group of an image is hidden or shown as a whole.
    precision : {"float32", "bfloat16", "float64"}
        Of the forward pass. For "float64" the module must be in it.
    seed : int
        Of masks and batches.
    """

    def __init__(
        self,
        *args,
        unknown_fraction=(0.25, 1.0),
        n_masks=1,
        rules=None,
        n_extra=0,
        hide_positives=False,
        mask_groups=0.0,
        precision="float32",
        seed=0,
        **kwargs,
    ):
        if torch.device(kwargs.get("device", "cpu")).type != "cpu":
            # On a CPU, decoding ahead would slow the network down.
            kwargs = {"iterator_train": BatchLoader, "iterator_valid": BatchLoader} | kwargs
        super().__init__(*args, **kwargs)
        self.unknown_fraction = unknown_fraction
        self.n_masks = n_masks
        self.rules = rules
        self.n_extra = n_extra
        self.hide_positives = hide_positives
        self.mask_groups = mask_groups
        self.precision = precision
        self.seed = seed
        self.is_broken_off = False
        self.largest_batch = sys.maxsize

    def on_train_begin(self, *args, **kwargs):
        """Seed the generators; skorch calls this at the start of a fit."""
        super().on_train_begin(*args, **kwargs)
        seeds = torch.Generator().manual_seed(self.seed)
        draw = [int(torch.randint(2**31, (), generator=seeds)) for _ in range(2)]
        self._mask_generator = torch.Generator(self.device).manual_seed(draw[0])
        self._valid_generator = torch.Generator(self.device)
        self._valid_seed = draw[1]

    def on_epoch_begin(self, *args, **kwargs):
        """Let each epoch's validation hide the same labels; skorch calls this."""
        super().on_epoch_begin(*args, **kwargs)
        self._valid_generator.manual_seed(self._valid_seed)

    def on_train_end(self, *args, **kwargs):
        """Drop the generators: they cannot be copied. skorch calls this at the end of a fit."""
        super().on_train_end(*args, **kwargs)
        del self._mask_generator, self._valid_generator

    def get_iterator(self, dataset, training=False):
        """A loader that fetches whole batches, shuffled from the net's seed in training."""
        kwargs = self.get_params_for("iterator_train" if training else "iterator_valid")
        defaults = {
            "batch_size": getattr(dataset, "batch_size", None) or self.batch_size,
            "collate_fn": _as_fetched,
            # Copies to a GPU then go on while it computes.
            "pin_memory": torch.device(self.device).type == "cuda",
        }
        kwargs = defaults | kwargs
        # A loader without a generator would draw from torch's global one, even unshuffled.
        kwargs = {"generator": torch.Generator().manual_seed(self.seed), **kwargs}
        if training:
            kwargs = {"shuffle": True, **kwargs}
            # BatchNorm cannot learn from a last batch of a single image.
            alone = len(dataset) % kwargs["batch_size"] == 1 and len(dataset) > 1
            kwargs = {"drop_last": alone, **kwargs}
        loader = self.iterator_train if training else self.iterator_valid
        return loader(dataset, **kwargs)

    def train_step_single(self, batch, **fit_params):
        """One step of label mask training: hide, predict, score what was hidden."""
        self._set_training(True)
        X, *labels = self._to_device(batch)
        labels = [each.repeat_interleave(self.n_masks, dim=0) for each in labels]
        loss = self._masked_loss(X, *labels, self._mask_generator, **fit_params)
        if not torch.isfinite(loss):
            raise ValueError(
                f"The training loss became {loss.item()} in epoch {len(self.history)}. Lower `lr` "
                "(and `backbone_lr`), or look for extreme values in the features."
            )
        loss.backward()
        return {"loss": loss, "y_pred": None}

    def validation_step(self, batch, **fit_params):
        """The same loss on held-out samples, with the same labels hidden in every epoch."""
        self._set_training(False)
        X, targets, weights = self._to_device(batch)
        with torch.no_grad():
            loss = self._masked_loss(X, targets, weights, self._valid_generator, **fit_params)
        return {"loss": loss, "y_pred": None}

    def evaluation_step(self, batch, training=False):
        """Logits given the known labels of the batch.

        Where a GPU's memory does not suffice, batches of this fitted net are halved from then on.
        """
        self.check_is_fitted()
        X, states = batch
        size = min(len(X), self.largest_batch)
        if size < len(X):
            parts = zip(X.split(size), states.split(size), strict=True)
            return torch.cat([self.evaluation_step(part, training) for part in parts], dim=1)
        try:
            return self._evaluate(batch, training)
        except torch.cuda.OutOfMemoryError:
            if len(X) == 1:
                raise
        # Not inside `except`, where the traceback would hold on to the memory.
        self.largest_batch = len(X) // 2
        warnings.warn(
            f"Out of memory on {self.device} with {len(X)} images at a time: going on with "
            f"{self.largest_batch}.",
            stacklevel=2,
        )
        return self.evaluation_step(batch, training)

    def mean_logits(self, dataset):
        """The model's answers for a LabelledImages, the means of its paths.

        Returns
        -------
        logits : Tensor of shape (n_samples, n_labels), float32
        """
        # Around all batches, so that weights are cast to bfloat16 once and not for each batch.
        with self._autocast():
            return torch.cat([paths.mean(dim=0) for paths in self.forward_iter(dataset)])

    def _evaluate(self, batch, training):
        X, states = self._to_device(batch)
        with torch.set_grad_enabled(training), self._autocast():
            self._set_training(training)
            return self.infer({"X": X, "states": states}).float()

    def _masked_loss(self, X, targets, weights, generator, **fit_params):
        states, hidden = self._hide(targets, generator)
        with self._autocast():
            told = self._told(states, targets)
            logits = self.infer({"X": X, "states": told}, **fit_params)
        if logits.dtype != torch.float64:
            logits = logits.float()
        return self.get_loss(logits, targets, states, hidden, weights)

    def _hide(self, targets, generator):
        """What the model is told of a batch, and which labels it has to predict."""
        lead = None
        if self.rules is not None and self.rules.groups:
            lead = leads(self.rules.groups.values(), targets.shape[1]).to(targets.device)
        states, hidden = sample_label_states(
            targets,
            self.unknown_fraction,
            generator,
            n_extra=self.n_extra,
            hide_positives=self.hide_positives,
            lead=lead,
            tie=self.mask_groups,
        )
        if self._consistent is None:
            return states, hidden
        # As in prediction: what follows from known labels is known.
        states = self._consistent.settle(states)
        return states, hidden & (states == UNKNOWN)

    def _told(self, states, targets):
        """What the model is told in training, which a subclass may change."""
        return states

    @property
    def _consistent(self):
        return None if self.rules is None else self.rules.consistent

    def get_loss(self, logits, targets, states, hidden, weights):
        """Mean loss over the hidden labels, summed over the model's paths.

        Labels under rules count as one where the rules tie them together. Weights do not count:
        those of a whole training set have a mean of 1, and a batch of light samples makes a small
        step.

        Parameters
        ----------
        logits : Tensor of shape (n_paths, B, L)
        targets : Tensor of shape (B, L), int8
        states : Tensor of shape (B, L), int8
        hidden : Tensor of shape (B, L), bool
        weights : Tensor of shape (B,)

        Returns
        -------
        loss : Tensor, a scalar
        """
        by_sample, n_units = self.sample_losses(logits, targets, states, hidden)
        # A batch may hide nothing that was annotated: it then weighs nothing.
        return (weights * by_sample).sum() / n_units.clamp(min=1)

    def sample_losses(self, logits, targets, states, hidden):
        """Loss of each sample, summed over hidden labels and paths.

        Parameters
        ----------
        logits, targets, states, hidden
            As of :meth:`get_loss`.

        Returns
        -------
        by_sample : Tensor of shape (B,)
        n_units : Tensor, a scalar
            Hidden labels, those that rules tie together as one.
        """
        by_sample, n_units = 0.0, 0
        if self._consistent is not None:
            by_sample = self._consistent.nll(logits, states, targets).sum(dim=(0, 2))
            n_units = self._consistent.count_components(hidden)
            hidden = hidden & ~self._consistent.bound.to(hidden.device)
        y = targets.clamp(min=0).to(logits.dtype)
        for path in logits:
            by_sample = by_sample + torch.where(hidden, self.criterion_(path, y), 0.0).sum(dim=1)
        return by_sample, n_units + hidden.sum()

    def _to_device(self, batch):
        # From pinned memory; other devices than CUDA would not wait for the copy.
        is_cuda = torch.device(self.device).type == "cuda"
        return tuple(x.to(self.device, non_blocking=is_cuda) for x in batch)

    def _autocast(self):
        return autocast(self.device, self.precision)

    def run_single_epoch(self, *args, **kwargs):
        """As skorch's, but remember that the user broke off: skorch's fit does not tell."""
        try:
            super().run_single_epoch(*args, **kwargs)
        except KeyboardInterrupt:
            self.is_broken_off = True
            raise

    def __getstate__(self):
        # `module` is the very object that `module_` is; skorch would write it twice, and a second
        # time without a way from a GPU to a CPU.
        return super().__getstate__() | {"module": None}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.module = self.module_


class OneCycle(LRScheduler):
    """Learning rates up and down again over the whole fit (Smith and Topin, 2018), step by step.

    Each parameter group peaks at the learning rate it was given.
    """

    def __init__(self):
        super().__init__(policy=OneCycleLR, step_every="batch", event_name="lr")

    def on_train_begin(self, net, X=None, **kwargs):
        """Spread the cycle over the steps of this fit."""
        n_steps = net.max_epochs * len(net.get_iterator(X, training=True))
        peaks = [group["lr"] for group in net.optimizer_.param_groups]
        self.lr_scheduler_ = OneCycleLR(net.optimizer_, max_lr=peaks, total_steps=n_steps + 1)
        self.batch_idx_ = 0

    def on_train_end(self, net, **kwargs):
        """Let go of the optimiser and its tensors."""
        self.lr_scheduler_ = None
