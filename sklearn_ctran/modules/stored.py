"""Weights as they are stored in a file, and backbones that get them back."""

import hashlib

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from sklearn_ctran.modules.backbone import MOST_INPUTS, find_source, make_backbone, trunk_size
from sklearn_ctran.modules.pretrained import load_state
from sklearn_ctran.modules.timm_weights import is_timm

_BACKBONE = {"frozen", "mean", "std", "digest", "weights"}


def stored_state(module, dtype=None):
    """Name -> weight of a module, on the CPU; with a `dtype` of "float16", matrices in it.

    A matrix with numbers that float16 does not have stays as it is.
    """
    state = module.state_dict()
    return {name: _stored(value.detach().cpu(), dtype) for name, value in state.items()}


def _stored(value, dtype):
    if dtype is None or value.ndim < 2 or not value.is_floating_point():
        return value
    small = value.half()
    return small if small.isfinite().all() else value


def restore_state(module, state):
    """Undo :func:`stored_state`, for a module on the device "meta", which comes to the CPU.

    Raises ValueError for other names, shapes, kinds or values.
    """
    _check_state(module, state)
    module.to_empty(device="cpu")  # All buffers of this package's networks are in the state.
    module.load_state_dict(state)


def _check_state(module, state):
    own = module.state_dict()
    other = sorted(own.keys() ^ state.keys())
    if other:
        raise ValueError(f"the weight {other[0]!r} is missing, or nothing has it")
    for name, value in state.items():
        if value.shape != own[name].shape:
            shapes = tuple(value.shape), tuple(own[name].shape)
            raise ValueError(f"the weight {name!r} has the shape {shapes[0]}, not {shapes[1]}")
        is_half = value.dtype == torch.float16 and own[name].is_floating_point()
        if value.dtype != own[name].dtype and not is_half:
            raise ValueError(f"the weight {name!r} is {value.dtype}, not {own[name].dtype}")
        if not value.isfinite().all():
            raise ValueError(f"the weight {name!r} has NaN or infinite values")


def store_backbone(backbone, name, weights, storage):
    """A Backbone as a dict; `name` and `weights` are the parameters that made it.

    `storage`, a Storage, says how its weights are stored.

    Raises ValueError if weights that are nowhere else are to be left out.
    """
    storage.applied.update(["dtype", "backbone"])
    with_weights = storage.backbone
    is_elsewhere = backbone.frozen and find_source(name, weights) is not None
    if not (with_weights or is_elsewhere):
        raise ValueError(
            "backbone=False: the backbone was trained, or has random weights, so that they are "
            "nowhere but here. Save them: backbone=True."
        )
    digest = None if with_weights else _digest(backbone)
    if not (with_weights or digest == _digest(make_backbone(name, weights, backbone.n_inputs))):
        raise ValueError(
            f"backbone=False: weights={weights!r} are others by now than this backbone's, so that "
            "nobody could load it. Save them: backbone=True."
        )
    return {
        "frozen": backbone.frozen,
        "mean": backbone.mean.flatten().tolist(),
        "std": backbone.std.flatten().tolist(),
        "digest": digest,
        "weights": stored_state(backbone.trunk, storage.dtype) if with_weights else None,
    }


def restore_backbone(name, weights, stored):
    """Undo :func:`store_backbone`; `weights` is where those are that were left out.

    Raises ValueError if anything does not fit, and as :func:`make_backbone`.
    """
    if not isinstance(name, str) or stored.keys() != _BACKBONE:
        raise ValueError("it has a backbone with other entries")
    state, n_inputs = stored["weights"], len(stored["mean"])
    if n_inputs != 3 and not (is_timm(name) and 0 < n_inputs <= MOST_INPUTS):
        raise ValueError("its images have another mean or standard deviation")
    if state is None:
        backbone = make_backbone(name, weights, n_inputs)
        if _digest(backbone) != stored["digest"]:
            raise ValueError(
                f"weights={weights!r} has other weights of {name!r} than the model was fitted "
                "with: load(path, weights=...) takes the right ones"
            )
    else:
        # Before anything is allocated that the file does not have.
        if trunk_size(name, n_inputs) > 2 * sum(value.numel() for value in state.values()):
            raise ValueError(f"it has fewer weights than the backbone {name!r}")
        with _WithoutDrawing():
            backbone = make_backbone(name, None, n_inputs)
        load_state(backbone.trunk, state, "its backbone")
    for buffer, values in ((backbone.mean, stored["mean"]), (backbone.std, stored["std"])):
        if len(values) != n_inputs or not all(-1e6 < value < 1e6 for value in values):
            raise ValueError("its images have another mean or standard deviation")
        buffer.copy_(torch.tensor(values).view(-1, 1, 1))
    return backbone.freeze() if stored["frozen"] is True else backbone


class _WithoutDrawing(TorchFunctionMode):
    """Makes weights zero that would be drawn at random, which takes longer than to load them.

    Only for networks of which every weight is replaced.
    """

    _DRAW = (
        torch.Tensor.normal_,
        torch.Tensor.uniform_,
        nn.init.normal_,
        nn.init.uniform_,
        nn.init.trunc_normal_,
        nn.init.kaiming_normal_,
        nn.init.kaiming_uniform_,
        nn.init.xavier_uniform_,
    )

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in self._DRAW:
            tensor = args[0] if args else kwargs["tensor"]
            return tensor.detach().zero_()
        return function(*args, **kwargs)


def _digest(backbone):
    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(backbone.trunk.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
