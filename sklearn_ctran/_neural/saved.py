"""A fitted net as plain values and tensors, and back: what a saved file holds of it."""

import numpy as np
import torch

from sklearn_ctran._neural.training import build_net
from sklearn_ctran._utils.devices import plain_torch, resolve_device
from sklearn_ctran._utils.randomness import all_drawing, drawing
from sklearn_ctran.modules.losses import LOSSES
from sklearn_ctran.modules.stored import (
    restore_backbone,
    restore_state,
    store_backbone,
    stored_state,
)

_ENTRIES = {"precision", "device", "loss", "pos_weight", "grid", "weights", "backbone"}
_OWN = "backbone."


def saved_net(estimator, storage):
    """The fitted net of an estimator as a dict; `storage` says how its weights are stored.

    Raises ValueError if it cannot be stored so.
    """
    net = estimator.net_
    module, criterion = net.module_, net.criterion_
    names = {function: name for name, function in LOSSES.items()}
    backbone, structure = None, estimator._structure
    if module.backbone is not None:
        where = structure["backbone"], structure["weights"]
        with plain_torch(), drawing(0), all_drawing():
            backbone = store_backbone(module.backbone, *where, storage)
    storage.applied.add("dtype")
    weights = stored_state(module, storage.dtype)
    return {
        "precision": net.precision,
        "device": torch.device(net.device).type,
        # What has no name is refused later, with its place.
        "loss": names.get(criterion.function, criterion.function),
        "pos_weight": criterion.pos_weight,
        "grid": tuple(int(n) for n in module.grid),
        "weights": {name: x for name, x in weights.items() if not name.startswith(_OWN)},
        "backbone": backbone,
    }


def restored_net(estimator, saved):
    """Undo :func:`saved_net` for an estimator that has all other fitted attributes.

    Raises ValueError if anything does not fit.
    """
    if saved.keys() != _ENTRIES:
        raise ValueError("it has a network with other entries")
    maker = _as_fitted(estimator, saved)
    device = resolve_device(estimator.device)
    if torch.device(device).type != saved["device"] and saved["precision"] != "float64":
        maker.precision = estimator.precision
    with plain_torch(), drawing(0):  # The file replaces all random weights.
        module = _module(maker, saved)
        net = build_net(
            maker,
            maker._net_class,
            module,
            maker.task_,
            parameter_groups=estimator._parameter_groups(),
            max_epochs=maker._plan.max_epochs,
            valid=None,
            pos_weight=_pos_weight(saved["pos_weight"], maker.task_),
            seed=0,
            device=device,
        )
        net.initialize()
    net.history.extend({**epoch, "batches": []} for epoch in estimator.history_)
    return net


def _as_fitted(estimator, saved):
    """An estimator with the parameters that the module was made by, which may be others by now."""
    params, structure = estimator.get_params(deep=False), estimator._structure
    params |= {name: value for name, value in structure.items() if name in params}
    params |= {name: saved[name] for name in ("loss", "precision") if name in params}
    maker = type(estimator)(**params)
    maker._validate_params()
    if not isinstance(saved["loss"], str):
        raise ValueError("its loss is not one of those with a name")
    if saved["backbone"] is not None:
        maker.train_backbone = not saved["backbone"]["frozen"]
    for name in maker._MADE_FROM:
        setattr(maker, name, getattr(estimator, name))
    made_by = maker._structure_params()
    if structure.keys() - made_by.keys():
        raise ValueError("the parameters of its network have other names")
    estimator._structure = made_by | structure
    return maker


def _module(maker, saved):
    weights, grid = saved["weights"], saved["grid"]
    if not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise ValueError("its network has weights that are no tensors")
    if not (len(grid) == 2 and all(type(n) is int and 0 <= n < 2**16 for n in grid)):
        raise ValueError("its network has another grid of features")
    if (maker._plan.n_layers or 0) > len(weights):
        raise ValueError("its network has fewer weights than layers")
    dtype, n_channels = weights["feature_mean"].dtype, len(weights["feature_mean"])
    if dtype not in (torch.float32, torch.float64):
        raise ValueError(f"its network computes in {dtype}")
    where = maker.task_.n_all_labels, n_channels
    backbone = None
    if saved["backbone"] is not None:
        with all_drawing():
            backbone = restore_backbone(maker.backbone, maker.weights, saved["backbone"])
        if backbone.n_channels != n_channels:
            raise ValueError("its backbone has another number of channels than its network")
    # Without values: nothing is drawn, nor allocated before the file has been seen to have it.
    with torch.device("meta"):
        module = maker._make_module(*where, grid=grid, backbone=backbone)
    if (module.backbone is None) != (backbone is None):
        raise ValueError("its network does not look at images, but there is a backbone")
    own, module.backbone = module.backbone, None
    restore_state(module.to(dtype), weights)
    module.backbone = own
    return module


def _pos_weight(tensor, task):
    values = tensor.numpy()
    if values.shape != (task.n_all_labels,) or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("the weights of its positive labels are others than it has labels")
    return values
