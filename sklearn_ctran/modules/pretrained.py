"""Weights of backbones: find them by name or path, read them, load them into a network."""

import os
import pickle
import re
from http.client import HTTPException
from pathlib import Path

import torch
from torch import nn

from sklearn_ctran.modules.tensor_files import read_tensors

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
    if isinstance(weights, str) and named is not None:
        name = weights.removeprefix(f"{named.__name__}.")
        if name in named.__members__:
            return named[name]
    return existing_file(weights, what, ["DEFAULT", *(each.name for each in named or ())])


def existing_file(weights, what, names):
    """The Path of weights; errors as of :func:`find_weights`, which knows the `names` too."""
    if not isinstance(weights, (str, os.PathLike)):
        raise TypeError(f"weights must be a name, a path or None, got {weights!r}.")
    path = Path(weights)
    if path.is_file():
        return path
    if isinstance(weights, os.PathLike) or path.suffix.lower() in _SUFFIXES:
        raise FileNotFoundError(
            f"weights: there is no file {os.fspath(weights)!r}. It is read whenever a model is "
            "fitted anew, also a clone of one that was loaded: set weights to where it is now."
        )
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
        raise unavailable(
            f"The weights {weights} of backbone {backbone!r}",
            error,
            f"{file} from {weights.url}\n"
            f"Cached as: {cached} (a copy put there is used; if it is there but broken, delete it)",
        ) from error


def unavailable(what, error, wanted):
    """A RuntimeError of weights that cannot be downloaded, with the way to go on without them."""
    return RuntimeError(
        f"{what} are not available: {error or type(error).__name__}\n"
        f"Wanted: {wanted}\n"
        "To go on, use weights='/path/to/the/file' with a copy of that file, or weights=None to "
        "train from scratch."
    )


def new_network(name):
    """A network of torchvision's with random weights."""
    # Imported here: torchvision takes longer to import than all of scikit-learn.
    from torchvision import models

    # With Inception's own initialisation, features are near 1e7 until batch normalisation has seen
    # images.
    arguments = {"init_weights": False} if name == "inception_v3" else {}
    return models.get_model(name, weights=None, **arguments)


def read_state(path):
    """Read a state dict from a file of weights; see :func:`read_tensors`."""
    return read_tensors(path, "weights: ")


def load_state(trunk, state, source, left_out=(), recognise=lambda state: None):
    """Load a state dict into a network; `source` is where it comes from, for messages.

    Names may start with the ``module.`` of DataParallel. The batch counts of batch normalisation,
    which old versions of torch did not write, may be missing. `left_out` names parts that `trunk`
    lacks, such as a classifier; their weights in `state` are ignored. Raises ValueError if a weight
    is missing, unknown, of another shape, no float, NaN or infinite, or a negative variance. Then
    ``recognise(state)`` is the name of the network that the weights fit, or None.
    """
    given, names = state, names_in(trunk, state)
    # A plain dict, without the versions a state_dict comes with: torch then adds batch counts.
    state = {
        names[key]: state[key]
        for key in state
        if not names[key].startswith(tuple(f"{name}." for name in left_out))
    }
    problems = _wrong_values(trunk, state)
    if problems:
        raise ValueError(f"weights: {source} cannot be used: {'; '.join(problems[:3])}.")
    try:
        for what, keys in trunk.load_state_dict(state, strict=False)._asdict().items():
            if keys:
                first = ", ".join(keys[:3])
                problems.append(f"{len(keys)} {what.replace('_', ' ')}, the first: {first}")
    except RuntimeError as error:
        problems = [line.strip() for line in str(error).splitlines() if "size mismatch" in line]
    if problems:
        name = recognise(given)
        hint = f" These are the weights of {name!r}: set backbone={name!r}." if name else ""
        text = "; ".join(problems[:3]).rstrip(".")
        raise ValueError(f"weights: {source} does not fit this backbone: {text}.{hint}")


def _wrong_values(trunk, state):
    """What is wrong with the values that a state dict has for a network's weights."""
    own = dict(_with_finite_values(trunk))
    problems = []
    for name in sorted(own.keys() & state.keys()):
        value, kind = state[name], own[name].dtype
        if kind.is_floating_point and not value.is_floating_point():
            problems.append(f"{name} is {value.dtype}, not a float")
            continue
        problem = value_problem(name, value.to(kind))
        problems += [f"{name} {problem}"] if problem else []
    return problems


def _with_finite_values(module):
    """Names and values of what must be finite: a buffer of a user's may well be infinite."""
    yield from module.named_parameters(remove_duplicate=False)
    for name, value in module.named_buffers(remove_duplicate=False):
        if name.endswith(("running_mean", "running_var")):
            yield name, value


def value_problem(name, value):
    """What is wrong with the values of one weight, or None; the name says what it is."""
    if not value.isfinite().all():
        return "has NaN or infinite values"
    if name.endswith("running_var") and (value < 0).any():
        return "has negative variances"
    return None


def check_module(module, what):
    """Raise ValueError if a user's module has weights without values, or NaN or infinite ones."""
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if value.is_meta and not nn.parameter.is_lazy(value):
            raise ValueError(
                f"{what}: {name} has no values, only a shape (device 'meta'). Build the module on "
                "the CPU and load its weights first."
            )
    for name, value in _with_finite_values(module):
        problem = None if nn.parameter.is_lazy(value) else value_problem(name, value)
        if problem:
            raise ValueError(f"{what}: {name} {problem}. Load its weights again.")


def names_in(trunk, state):
    """Names of a state dict -> the names that a network has for them."""
    # "module." is DataParallel's; "norm.1." for "norm1." is in torchvision's DenseNet files.
    is_wrapped = not any(key.startswith("module.") for key in trunk.state_dict())
    prefix = "module." if is_wrapped else ""
    old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.")
    return {key: old.sub(r"\1\2.", key.removeprefix(prefix)) for key in state}
