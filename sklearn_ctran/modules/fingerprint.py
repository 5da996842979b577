"""A digest of all that a module's output depends on."""

import contextlib
import functools
import hashlib
import secrets
import types
import weakref

import numpy as np
import torch
from torch import nn

_KNOWN = ("builtins", "torch", "torchvision", "numpy")


_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))


#: What torch itself keeps in every module; `training` is not what counts in evaluation.
_TORCHS = frozenset(vars(nn.Module())) - {"_forward_hooks", "_forward_pre_hooks"}


#: Module -> (what its weights were known by, their digest): weights are long to read.
_digests = weakref.WeakKeyDictionary()


def fingerprint(module):
    """Hexadecimal digest of a module's structure, code, weights and buffers.

    Two modules with the same digest compute the same in evaluation mode. It goes by the weights,
    the attributes, the hooks and the code of the methods of classes that are not torch's or
    torchvision's, whose versions count instead; not by the functions and modules of other files
    that these call. An attribute that cannot be described makes every digest a new one.

    Parameters
    ----------
    module : nn.Module

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    return _module(module, ())


def describe(value):
    """A text that is the same in every process for what computes the same.

    Parameters
    ----------
    value : object
        As of a module's attributes, see :func:`fingerprint`.

    Returns
    -------
    str
        Each time another one if `value` cannot be described.
    """
    return _describe(value, ())


def _module(module, seen):
    digest = hashlib.blake2b(torch.__version__.encode(), digest_size=16)
    for name, part in module.named_modules(remove_duplicate=False):
        if isinstance(part, (torch.fx.GraphModule, torch.jit.ScriptModule)):
            text = part.code  # Its class does not tell what it does.
        else:
            settings = {key: value for key, value in vars(part).items() if key not in _TORCHS}
            text = part.extra_repr() + _describe(settings, (*seen, module, part))
        digest.update(f"{name} {_class(type(part))} {text}".encode())
    digest.update(_weights(module))
    return digest.hexdigest()


def _weights(module):
    """Digest of parameters and buffers, remembered until one of them changes."""
    named = (*module.named_parameters(), *module.named_buffers())
    if not named or any(tensor.is_inference() for _, tensor in named):
        return _read(named)  # Such tensors do not tell whether they have changed.
    # Their sums too, for changes by way of `.data` are not counted as versions.
    sums = torch.stack([tensor.detach().sum(dtype=torch.float64).cpu() for _, tensor in named])
    known_by = [
        (id(tensor), tensor.data_ptr(), tensor._version, total)
        for (_, tensor), total in zip(named, sums.tolist(), strict=True)
    ]
    if _digests.get(module, (None,))[0] != known_by:
        _digests[module] = known_by, _read(named)
    return _digests[module][1]


def _read(named):
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in named:
        digest.update(name.encode())
        digest.update(_tensor(tensor).encode())
    return digest.digest()


def _tensor(tensor):
    values = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    return f"{tensor.dtype} {tuple(tensor.shape)} {hashlib.blake2b(values).hexdigest()}"


def _class(kind):
    """A class's name and, as far as it is nobody's well-known one, all that it defines."""
    # Not __qualname__: pickling by value, as for worker processes, shortens it.
    name = f"{kind.__module__}.{kind.__name__}"
    if name.startswith("torchvision."):
        import torchvision

        return f"{name} {torchvision.__version__}"
    own = [base for base in kind.__mro__ if base.__module__.partition(".")[0] not in _KNOWN]
    defined = [
        f"{key}={_describe(value, (kind,))}"
        for base in own
        for key, value in sorted(vars(base).items())
        if not (key.startswith("__") and not callable(value))  # __doc__, __module__, ...
    ]
    return f"{name} {defined}"


def _describe(value, seen):
    """A text that is the same in every process for what computes the same.

    `seen` are the objects around `value`, which may refer to them.
    """
    if any(value is other for other in seen):
        return "around"
    within = (*seen, value)
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, dict):
        return str([(_describe(k, within), _describe(v, within)) for k, v in value.items()])
    if isinstance(value, (set, frozenset)):
        return str(sorted(_describe(item, within) for item in value))
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__}{[_describe(item, within) for item in value]}"
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"{value.dtype} {value.shape} {hashlib.blake2b(value.tobytes()).hexdigest()}"
    if isinstance(value, nn.Module):
        return _module(value, within)
    if isinstance(value, type):
        return _class(value)
    return _describe_code(value, within)


def _describe_code(value, within):
    """Functions and what wraps them; any other object by its class and its attributes."""
    if isinstance(value, (staticmethod, classmethod, types.MethodType)):
        return f"{type(value).__name__} {_describe(value.__func__, within)}"
    if isinstance(value, property):
        return f"property {_describe((value.fget, value.fset), within)}"
    if isinstance(value, functools.partial):
        return f"partial {_describe((value.func, value.args, value.keywords), within)}"
    if isinstance(value, types.CodeType):
        # Without the file and the lines that it is from.
        return f"{value.co_code!r} {value.co_names} {_describe(value.co_consts, within)}"
    if isinstance(value, types.FunctionType):
        if value.__module__.partition(".")[0] in _KNOWN and not value.__closure__:
            return f"{value.__module__}.{value.__qualname__}"
        parts = value.__code__, value.__defaults__, value.__kwdefaults__, list(_contents(value))
        return f"{value.__name__} {_describe(parts, within)}"
    text = repr(value)
    has_address = " at 0x" in text
    if hasattr(value, "__dict__") and not callable(value):
        attributes = _describe(vars(value), within)
        return f"{_class(type(value))} {'' if has_address else text} {attributes}"
    return secrets.token_hex(16) if has_address else f"{type(value).__name__} {text}"


def _contents(function):
    """What a function's closure holds, as far as it has been assigned."""
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):
            yield cell.cell_contents
