"""Weights of backbones: find them by name or path, read them, load them into a network."""

import os
import pickle
import re
from http.client import HTTPException
from pathlib import Path

import torch

_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".tar", ".safetensors")

_UNREADABLE = (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError)


def find_weights(weights, what, named=None):
    """Find the file (Path) or torchvision's weights (a member of `named`) that `weights` names.

    `weights` is a path or a member of `named`, with or without the name of the enumeration; None
    stays None. If `named` is None, torchvision has no weights of this network, and "DEFAULT" means
    no weights. `what` is the network, for messages. Raises FileNotFoundError if `weights` looks
    like a path, but there is no such file; ValueError, with the names, if it is neither a file nor
    a name; TypeError if it is neither str, path-like nor None.
    """
    if weights is None or (weights == "DEFAULT" and named is None):
        return None
    if not isinstance(weights, (str, os.PathLike)):
        raise TypeError(f"weights must be a name, a path or None, got {weights!r}.")
    if isinstance(weights, str) and named is not None:
        name = weights.removeprefix(f"{named.__name__}.")
        if name in named.__members__:
            return named[name]
    return _existing_file(weights, what, ["DEFAULT", *(each.name for each in named or ())])


def _existing_file(weights, what, names):
    path = Path(weights)
    if path.is_file():
        return path
    if isinstance(weights, os.PathLike) or path.suffix.lower() in _SUFFIXES:
        raise FileNotFoundError(f"weights: there is no file {os.fspath(weights)!r}.")
    raise ValueError(
        f"weights={weights!r} is neither an existing file nor a name of weights of {what}. "
        f"The names are: {', '.join(map(repr, names))}."
    )


def download(weights, backbone):
    """Read torchvision's weights from torch's cache, or download them; return Tensors on the CPU.

    `backbone` is the network's name. Raises RuntimeError if they cannot be downloaded or read. The
    message says where they come from and how to go on without them.
    """
    file = weights.url.rsplit("/", 1)[1]
    cached = os.path.join(torch.hub.get_dir(), "checkpoints", file)
    try:
        return weights.get_state_dict(check_hash=True, map_location="cpu", weights_only=True)
    except (*_UNREADABLE, HTTPException) as error:
        raise RuntimeError(
            f"The weights {weights} of backbone {backbone!r} are not available: "
            f"{error or type(error).__name__}\n"
            f"Wanted: {file} from {weights.url}\n"
            f"Cached as: {cached} (a copy put there is used; if it is there but broken, delete it)"
            "\nTo go on, use weights='/path/to/the/file' with a copy of that file, or weights=None "
            "to train from scratch."
        ) from error


def read_state(path):
    """Read a state dict, on the CPU, from a ``.safetensors`` file or one of ``torch.save``.

    The latter has the state dict itself or a dictionary with it under ``state_dict``, and is read
    with ``weights_only=True``. Raises ValueError if the file cannot be read or holds anything else.
    """
    try:
        if path.suffix.lower() == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    # safetensors has an exception class of its own, a direct subclass of Exception.
    except Exception as error:
        raise ValueError(
            f"weights: {str(path)!r} cannot be read as a file of tensors, as torch.save("
            f"model.state_dict(), ...) writes it: {error or type(error).__name__}"
        ) from error
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not (isinstance(state, dict) and all(torch.is_tensor(value) for value in state.values())):
        raise ValueError(f"weights: {str(path)!r} holds no state_dict (names and their tensors).")
    return state


def load_state(trunk, state, source, left_out=()):
    """Load a state dict into a network; `source` is where it comes from, for messages.

    Names may start with the ``module.`` of DataParallel. The batch counts of batch normalisation,
    which old versions of torch did not write, may be missing. `left_out` names parts that `trunk`
    lacks, such as a classifier; their weights in `state` are ignored. Raises ValueError if a weight
    is missing, unknown or of another shape.
    """
    names = _names_in(trunk, state)
    # A plain dict, without the versions a state_dict comes with: torch then adds batch counts.
    state = {
        names[key]: state[key]
        for key in state
        if not names[key].startswith(tuple(f"{name}." for name in left_out))
    }
    problems = []
    try:
        for what, keys in trunk.load_state_dict(state, strict=False)._asdict().items():
            if keys:
                first = ", ".join(keys[:3])
                problems.append(f"{len(keys)} {what.replace('_', ' ')}, the first: {first}")
    except RuntimeError as error:
        problems = [line.strip() for line in str(error).splitlines() if "size mismatch" in line]
    if problems:
        raise ValueError(f"weights: {source} does not fit this backbone: {'; '.join(problems[:3])}")


def _names_in(trunk, state):
    """Names of a state dict -> the names that a network has for them."""
    # "module." is DataParallel's; "norm.1." for "norm1." is in torchvision's DenseNet files.
    is_wrapped = not any(key.startswith("module.") for key in trunk.state_dict())
    prefix = "module." if is_wrapped else ""
    old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.")
    return {key: old.sub(r"\1\2.", key.removeprefix(prefix)) for key in state}
