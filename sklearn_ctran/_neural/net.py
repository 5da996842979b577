"""The training loop: skorch's, with one step of label mask training in it."""

import itertools
import sys
from contextlib import contextmanager

import numpy as np
import torch
from scipy.special import expit
from skorch import NeuralNet
from skorch.callbacks.scoring import ScoringBase
from torch.utils.data import default_collate

from sklearn_ctran._labels.masks import check_unknown_fraction, leads, sample_label_states
from sklearn_ctran._neural.batches import LabelledImages
from sklearn_ctran._neural.distributed import ALONE
from sklearn_ctran._utils.checks import Diverged, check_count
from sklearn_ctran._utils.devices import autocast
from sklearn_ctran._utils.interrupts import noticing_ctrl_c
from sklearn_ctran._utils.threads import BatchLoader
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.modules.label_states import UNKNOWN


def _as_fetched(batch):
    return batch


class LabelMaskNet(NeuralNet):
    """A skorch net trained by label mask training (paper, section 3.4).

    Each step hides some labels of each image, shows the others to the module, and takes the loss on
    the hidden ones.

    Parameters beyond :class:`skorch.NeuralNet`'s
    ---------------------------------------------
    unknown_fraction : (float, float) or None
        Range of the share of labels hidden in training; None hides all.
    extra_unknown_fraction : (float, float) or None
        The same for extra labels; None hides all of them in half of the draws, any number in the
        others.
    n_masks : int
        How many masks are drawn for each image in a training step.
    rules : LabelRules or None
    n_extra : int
        Number of extra labels, which are the last labels.
    hide_positives : bool
        Whether positive labels are always hidden.
    mask_groups : float
        Probability that a group of an image is hidden or shown as a whole.
    precision : {"float32", "bfloat16", "float64"}
        Of the forward pass. "float64" needs a module in float64.
    seed : int
        Seeds masks and the order of batches.
    share : Share
        Of this process, where several train together; `batch_size` is that of each.
    reduction : {"mean", "sum"}
        Whether the loss of a batch is the mean over its hidden labels, or their sum, as in the
        authors' code, with which a step grows with the number of hidden labels.
    accumulate : int
        A training step is that of so many batches, whose gradients are added.
    patience : int or None
        Epochs that early stopping waits for a better one; None: it never stops.
    """

    #: Whether no other stage of training follows; and which cycle of the learning rate it is.
    is_last_stage = True
    cycle = 1

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
        share=ALONE,
        reduction="mean",
        accumulate=1,
        extra_unknown_fraction=None,
        patience=5,
        **kwargs,
    ):
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}.")
        check_count("accumulate", accumulate)
        if patience is not None:
            check_count("patience", patience)
        check_unknown_fraction(extra_unknown_fraction, "extra_unknown_fraction")
        if torch.device(kwargs.get("device", "cpu")).type != "cpu":
            # On a CPU, decoding ahead would take processor time from the network.
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
        self.share = share
        self.reduction = reduction
        self.accumulate = accumulate
        self.extra_unknown_fraction = extra_unknown_fraction
        self.patience = patience
        self.is_broken_off = False
        self.n_to_skip = 0
        self.largest_batch = sys.maxsize

    @property
    def cycle_lengths(self):
        """Epochs of each cycle of the learning rate."""
        return [self.max_epochs]

    def on_train_begin(self, *args, **kwargs):
        """Seed the generators; skorch calls this at the start of a fit."""
        super().on_train_begin(*args, **kwargs)
        seeds = torch.Generator().manual_seed(self.seed)
        draw = [int(torch.randint(2**31, (), generator=seeds)) for _ in range(2)]
        self.mask_generator = torch.Generator(self.device).manual_seed(draw[0])
        self._valid_generator = torch.Generator(self.device)
        self._valid_seed = draw[1]

    def on_epoch_begin(self, *args, **kwargs):
        """Make every epoch's validation hide the same labels; skorch calls this."""
        super().on_epoch_begin(*args, **kwargs)
        self._valid_generator.manual_seed(self._valid_seed)

    def on_train_end(self, *args, **kwargs):
        """Drop the generators, which cannot be copied; skorch calls this at the end of a fit."""
        super().on_train_end(*args, **kwargs)
        del self.mask_generator, self._valid_generator
        vars(self).pop("order_generator", None)

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        """Count the images of all processes, by which mean losses are weighted; skorch calls it."""
        super().on_batch_end(net, batch=batch, training=training, **kwargs)
        n_images = len(self.share.of_batch(batch[0]["states"], batch[0]["weights"])[1])
        self.history.record_batch("train_batch_size" if training else "valid_batch_size", n_images)

    def get_iterator(self, dataset, training=False):
        """A loader that fetches whole batches; in training, in an order drawn from the seed."""
        kwargs = self.get_params_for("iterator_train" if training else "iterator_valid")
        n_batches = self.share.n * (self.accumulate if training else 1)
        defaults = {
            "batch_size": getattr(dataset, "batch_size", None) or self.batch_size * n_batches,
            # Another dataset is what a scoring callback makes of one batch.
            "collate_fn": _as_fetched if isinstance(dataset, LabelledImages) else default_collate,
            # Copies from pinned memory overlap with the GPU's computation.
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
        if training and hasattr(self, "mask_generator"):
            self.order_generator = kwargs["generator"]
        loader = self.iterator_train if training else self.iterator_valid
        return loader(dataset, **kwargs)

    def train_step_single(self, batch, **fit_params):
        """One step of label mask training: hide labels, predict them, take the loss there.

        What the loader makes for a step goes through the network in `accumulate` parts. So whatever
        counts batches counts steps, and an epoch's last step may be of fewer images.
        """
        self._set_training(True)
        X, *labels = self._training_inputs(batch)
        labels = [each.repeat_interleave(self.n_masks, dim=0) for each in labels]
        total = 0.0
        losses = self._masked_losses(X, *labels, self.mask_generator, self.n_masks, **fit_params)
        for loss in losses:
            if not torch.isfinite(loss):
                raise Diverged(
                    f"The training loss became {loss.item()} in epoch {len(self.history)}. Lower "
                    "`lr` (and `backbone_lr`), or look for extreme values in the features."
                )
            # Gradients are the mean over the processes, each of which has a part of the loss.
            (loss * self.share.n).backward()
            total = total + loss.detach()
        return {"loss": self.share.total(total), "y_pred": self._to_score(batch)}

    def validation_step(self, batch, **fit_params):
        """The same loss on held-out samples, with the same labels hidden in every epoch."""
        self._set_training(False)
        inputs = self._training_inputs(batch)
        with torch.no_grad():
            (loss,) = self._masked_losses(*inputs, self._valid_generator, **fit_params)
        return {"loss": self.share.total(loss), "y_pred": self._to_score(batch)}

    def _to_score(self, batch):
        """Logits of a batch for skorch's scoring callbacks, None if there are none."""
        is_scored = any(isinstance(callback, ScoringBase) for _, callback in self.callbacks_)
        return self.evaluation_step(batch) if is_scored else None

    def evaluation_step(self, batch, training=False):
        """Logits (n_paths, B, L) of a batch, given its known labels; in training none is known.

        If a GPU runs out of memory, this net predicts in batches of half the size from then on.
        """
        self.check_is_fitted()
        inputs, _ = batch
        X, states = inputs["X"], inputs["states"]
        if "weights" in inputs:
            states = torch.full_like(states, UNKNOWN)
        return self._evaluate_in_parts(X, states, training)

    def _evaluate_in_parts(self, X, states, training):
        size = min(len(X), self.largest_batch)
        if size < len(X):
            parts = zip(X.split(size), states.split(size), strict=True)
            return torch.cat([self._evaluate_in_parts(*part, training) for part in parts], dim=1)
        try:
            return self._evaluate(X, states, training)
        except torch.cuda.OutOfMemoryError:
            if len(X) == 1:
                raise
        # Outside of `except`: inside, the traceback would keep the memory in use.
        self.largest_batch = len(X) // 2
        warn(
            f"Out of memory on {self.device} with {len(X)} images at a time: going on with "
            f"{self.largest_batch}."
        )
        return self._evaluate_in_parts(X, states, training)

    def mean_logits(self, dataset):
        """Logits (n_samples, n_labels), float32, of a LabelledImages: the mean over paths."""
        # One context for all batches, so that weights are cast to bfloat16 only once.
        with self._autocast():
            return torch.cat([paths.mean(dim=0) for paths in self.forward_iter(dataset)])

    @property
    def classes_(self):
        """``[[0, 1]] * n_targets``; scikit-learn's scorers ask for it."""
        return [np.array([0, 1])] * (self.module_.n_labels - self.n_extra)

    def predict_proba(self, X):
        """Probabilities (n_samples, n_targets), for scoring callbacks."""
        return self._answer(X)[0]

    def predict(self, X):
        """Labels (n_samples, n_targets), int64, for scoring callbacks."""
        proba, logits, states = self._answer(X)
        labels = (proba > 0.5).astype(np.int64)
        return labels if self.rules is None else self.rules.complete(labels, logits, states)

    def _answer(self, X):
        """Probabilities of the targets, logits and states of all labels, of which none is known."""
        logits = self.mean_logits(X).numpy()
        states = np.full(logits.shape, UNKNOWN, dtype=np.int8)
        proba = expit(logits) if self.rules is None else self.rules.probabilities(logits, states)
        return proba[:, : proba.shape[1] - self.n_extra], logits, states

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"  # Else scorers would not ask for probabilities.
        return tags

    def _evaluate(self, X, states, training):
        X, states = self._to_device(X, states)
        with torch.set_grad_enabled(training), self._autocast():
            # Setting the mode takes several times as long as looking at it.
            if training or any(each.training for each in self.module_.modules()):
                self._set_training(training)
            return self.infer({"X": X, "states": states}).float()

    def _masked_losses(self, X, true_states, weights, generator, n_masks=1, **fit_params):
        """The losses of a batch's parts, which add up to that of the batch, one by one."""
        shown, hidden = self._draw_masks(true_states, generator)
        fills = (true_states, UNKNOWN), (weights, 0.0), (shown, UNKNOWN), (hidden, False)
        own = [self.share.own(values, fill, n_masks) for values, fill in fills]
        n_labels = self.share.total(self.n_hidden(own[-1]))
        is_training = torch.is_grad_enabled()
        module = self.share.wrapped(self.module_) if is_training else self.module_
        for start, end in self._parts(len(X)) if is_training else [(0, len(X))]:
            masks = slice(start * n_masks, end * n_masks)
            true_states, weights, shown, hidden = (each[masks] for each in own)
            with self._autocast():
                states = self._module_states(shown, true_states)
                logits = module(X=X[start:end], states=states, **fit_params)
            if logits.dtype != torch.float64:
                logits = logits.float()
            yield self.get_loss(logits, true_states, shown, hidden, weights, n_labels)

    def _parts(self, n_images):
        """First row and end of each part in which a batch goes through the network."""
        n_parts = min(self.accumulate, -(-n_images // self.batch_size))
        if self.batch_size > 1:
            # BatchNorm cannot learn from a part of a single image.
            n_parts = min(n_parts, max(n_images // 2, 1))
        ends = [number * n_images // n_parts for number in range(n_parts + 1)]
        return itertools.pairwise(ends)

    def _draw_masks(self, true_states, generator):
        """The shown states of a batch, int8, and the hidden labels, bool, both (B, L)."""
        lead = None
        if self.rules is not None and self.rules.groups:
            lead = leads(self.rules.groups.values(), true_states.shape[1]).to(true_states.device)
        shown, hidden = sample_label_states(
            true_states,
            self.unknown_fraction,
            generator,
            n_extra=self.n_extra,
            extra_unknown_fraction=self.extra_unknown_fraction,
            hide_positives=self.hide_positives,
            lead=lead,
            tie=self.mask_groups,
        )
        if self._consistent is None:
            return shown, hidden
        # As in prediction, what shown labels imply is known.
        shown = self._consistent.propagate(shown)
        return shown, hidden & (shown == UNKNOWN)

    def _module_states(self, shown, true_states):
        """The states that the module reads in training; a subclass may choose others."""
        return shown

    @property
    def _consistent(self):
        return None if self.rules is None else self.rules.consistent

    def get_loss(self, logits, true_states, shown, hidden, weights, n_labels):
        """Loss (a scalar Tensor) of the hidden labels, summed over the module's paths.

        `logits` are (n_paths, B, L), `weights` (B,), all else (B, L). For a mean the sum is divided
        by `n_labels`, the number of hidden labels of the step, not by their weight: weights have a
        mean of 1 over the whole training set, and a batch of light samples should make a small
        step.
        """
        loss = (weights * self.sample_losses(logits, true_states, shown, hidden)).sum()
        # A batch may have no hidden annotated label; clamping avoids 0 / 0.
        return loss if self.reduction == "sum" else loss / n_labels.clamp(min=1)

    def sample_losses(self, logits, true_states, shown, hidden):
        """Loss of each sample (B,), summed over hidden labels and paths.

        Arguments are as in :meth:`get_loss`.
        """
        by_sample = 0.0
        if self._consistent is not None:
            by_sample = self._consistent.nll(logits, shown, true_states).sum(dim=(0, 2))
            hidden = hidden & ~self._consistent.bound.to(hidden.device)
        y = true_states.clamp(min=0).to(logits.dtype)
        for path in logits:
            by_sample = by_sample + torch.where(hidden, self.criterion_(path, y), 0.0).sum(dim=1)
        return by_sample

    def n_hidden(self, hidden):
        """The number, a scalar Tensor, of hidden labels; labels that rules tie together are one."""
        if self._consistent is None:
            return hidden.sum()
        n_components = self._consistent.count_components(hidden)
        return n_components + (hidden & ~self._consistent.bound.to(hidden.device)).sum()

    def _training_inputs(self, batch):
        """Images of this process, true states and weights of a batch, on the device."""
        inputs, _ = batch
        X, *labels = self._to_device(inputs["X"], inputs["states"], inputs["weights"])
        return X, *self.share.of_batch(*labels)

    def _to_device(self, *tensors):
        # Only CUDA waits for a copy that does not block.
        is_cuda = torch.device(self.device).type == "cuda"
        return tuple(x.to(self.device, non_blocking=is_cuda) for x in tensors)

    def _autocast(self):
        return autocast(self.device, self.precision)

    @contextmanager
    def watched(self, **callbacks):
        """Have further callbacks, after all others, in a ``with`` block; a fit may be in it."""
        n_others = len(self.callbacks)
        self.set_params(callbacks=[*self.callbacks, *callbacks.items()])
        try:
            yield
        finally:
            del self.callbacks[n_others:]
            held = getattr(self, "callbacks_", [])
            self.callbacks_ = [pair for pair in held if pair[1] not in callbacks.values()]

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """As skorch's, but only the epochs that are left, if some are done already.

        Ctrl-C is recorded: skorch takes it as the end of training, as early stopping is.
        """
        epochs = self.max_epochs - len(self.history) if epochs is None else epochs
        with noticing_ctrl_c(self._break_off):
            return super().fit_loop(X, y, epochs, **fit_params)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """As skorch's, but a KeyboardInterrupt within an epoch is no end of training.

        The first `n_to_skip` batches of a training epoch, which are done already, are left out.
        """
        n_skipped = self.n_to_skip if training else 0
        if n_skipped:
            iterator, self.n_to_skip = itertools.islice(iterator, n_skipped, None), 0
        try:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        except KeyboardInterrupt:
            self._break_off()
            raise
        if n_skipped:
            count = n_skipped + self.history[-1, f"{prefix}_batch_count"]
            self.history.record(f"{prefix}_batch_count", count)

    def _break_off(self):
        self.is_broken_off = True

    def __getstate__(self):
        # `module` is the same object as `module_`. skorch would pickle it twice, the second time
        # in a way that a machine without a GPU cannot load.
        return super().__getstate__() | {"module": None}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.module = self.module_
