"""From constructor parameters to a net: its optimiser, callbacks and length of training."""

from typing import NamedTuple

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from skorch.helper import predefined_split

from sklearn_ctran._images.reader import forward_precision
from sklearn_ctran._neural.callbacks import OneCycle, ValidationScore, stop_early
from sklearn_ctran._neural.distributed import ALONE
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN
from sklearn_ctran.modules.losses import LOSSES, EntrywiseLoss


def build_net(
    params,
    net_class,
    module,
    task,
    *,
    parameter_groups,
    max_epochs,
    valid,
    pos_weight,
    seed,
    device,
    share=ALONE,
):
    """A net of class `net_class` (LabelMaskNet or a subclass) that is ready to be trained.

    `params` is the estimator, whose constructor parameters count. `parameter_groups` are skorch's
    ``optimizer__param_groups``, `valid` (LabelledImages or None) is what is held out, and
    `pos_weight` (n_all_labels,) is float32. `share` is this process's.
    """
    callbacks = []
    if params.lr_schedule == "one_cycle":
        callbacks.append(("lr_schedule", OneCycle()))
    if valid is not None:
        callbacks.append(("validation_score", ValidationScore(task.exclusive)))
        if params.early_stopping:
            callbacks.append(("early_stopping", stop_early(params.early_stopping, task.exclusive)))
    net_params = params.net_params or {}
    if "optimizer" not in net_params:
        # One pass over all weights instead of several over each.
        net_params = {"optimizer": torch.optim.AdamW, "optimizer__fused": True} | net_params
    defaults = {
        "criterion": EntrywiseLoss(LOSSES.get(params.loss, params.loss), torch.tensor(pos_weight)),
        "optimizer__param_groups": parameter_groups,
        "optimizer__weight_decay": params.weight_decay,
        "lr": params.lr,
        "batch_size": params.batch_size,
        "max_epochs": max_epochs,
        "train_split": None if valid is None else predefined_split(valid),
        "device": device,
        "verbose": 0,
        "unknown_fraction": params.unknown_fraction,
        "rules": task.rules,
        "n_extra": task.n_extra,
        "hide_positives": task.always_hides_positives,
        "mask_groups": params.mask_groups,
        "n_masks": params.n_masks,
        "precision": net_precision(params.precision, module, device),
        "seed": seed,
        "share": share,
    }
    callbacks += params.callbacks or []
    return net_class(**{"module": module, **defaults, **net_params, "callbacks": callbacks})


def net_precision(precision, module, device):
    """What a network, and a backbone that is trained with it, computes in.

    `precision` is "auto", "float32", "bfloat16" or "float64"; the result is any but "auto".
    """
    if precision == "float64":
        return "float64"
    if precision == "auto" and torch.device(device).type == "cpu":
        # Convolutions do not train faster in bfloat16, and batch normalisation less exactly.
        trains_backbone = module.backbone is not None and not module.backbone.frozen
        if module.n_labels * module.width < 2048 or trains_backbone:
            return "float32"
    return forward_precision(precision, device)


class Plan(NamedTuple):
    """How deep a network is and how long it is trained."""

    n_layers: int | None
    max_epochs: int


def n_epochs(n_train, batch_size, n_steps, most):
    """Epochs of about `n_steps` steps in all, but at least 5 and at most `most`."""
    epochs = np.rint(n_steps / np.ceil(n_train / batch_size))
    return int(np.clip(epochs, 5, most))


def split_rows(true_states, weights, n_classes, validation_fraction, rng, held_out=None):
    """Rows to train on, and rows to stop early by.

    The latter are those of `held_out`, bool, if it is given; else they are drawn, unless
    `validation_fraction` is None, with which they are None too. Rows of weight 0 are in neither
    part. The first `n_classes` labels are the classes of a 1-D `y`, by which the draw is
    stratified. Raises ValueError if no annotated row is left by the draw to learn a label from.
    """
    rows = np.flatnonzero(weights)
    if held_out is not None:
        return rows[~held_out[rows]], rows[held_out[rows]]
    if validation_fraction is None:
        return rows, None
    codes = true_states[rows, :n_classes].argmax(axis=1) if n_classes else None
    train, valid = train_test_split(
        rows,
        test_size=validation_fraction,
        random_state=rng,
        stratify=codes if codes is not None and np.bincount(codes).min() > 1 else None,
    )
    if not (true_states[train] != UNKNOWN).any(axis=0).all():
        raise ValueError(
            "early_stopping sets so many samples aside that a label has no annotated one left to "
            "learn from: lower validation_fraction, or use early_stopping=False."
        )
    return np.sort(train), np.sort(valid)


def check_scorable(true_states):
    """Raise ValueError unless the held-out samples, (n, n_targets), have a positive to score."""
    if not (true_states == POSITIVE).any():
        raise ValueError(
            "early_stopping='score' needs a positive label among the samples that are held out, by "
            "which it ranks epochs: hold out more or others, or use early_stopping=True."
        )


def scaled_weights(weights, true_states, train):
    """Weights whose mean over the annotated labels of the training rows is 1."""
    n_annotated = (true_states[train] != UNKNOWN).sum(axis=1)
    return weights * (n_annotated.sum() / (weights[train] @ n_annotated))


def finished_epochs(net):
    """The history of the epochs that came to their end, list of dict."""
    return [epoch for epoch in net.history if "train_loss" in epoch]


def check_trained(net):
    """Raise an error unless training came to the end of an epoch, and with finite weights."""
    if net.is_broken_off and not finished_epochs(net):
        raise KeyboardInterrupt(
            "Training was broken off in its first epoch; the estimator is as it was before."
        )
    if not all(torch.isfinite(weight).all() for weight in net.module_.parameters()):
        raise ValueError(
            "Weights became NaN or infinite in the last step. Lower `lr` (and `backbone_lr`), "
            "or look for extreme values in the features."
        )
