"""A digest of all that a module's output depends on."""

import hashlib
from types import CodeType

import torch

_KNOWN = ("builtins", "torch", "torchvision")
_PLAIN = (bool, int, float, str, bytes, tuple, list, dict, type(None))


def fingerprint(module):
    """Hexadecimal digest of a module's structure, code, weights and buffers.

    Two modules with the same digest compute the same in evaluation mode. Of classes that are not
    torch's or torchvision's, whose versions count instead, the code of the methods is part of it;
    not so the functions and modules that these call.

    Parameters
    ----------
    module : nn.Module

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    digest = hashlib.blake2b(torch.__version__.encode(), digest_size=16)
    for name, part in module.named_modules():
        digest.update(f"{name}: {_code(type(part))} {part.extra_repr()}\n".encode())
        settings = {
            key: value
            for key, value in sorted(vars(part).items())
            # `training` is not what counts in evaluation; what starts with "_" is torch's own.
            if key != "training" and not key.startswith("_") and isinstance(value, _PLAIN)
        }
        digest.update(repr(settings).encode())
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        values = tensor.detach().cpu().contiguous()
        digest.update(values.flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def _code(kind):
    """A class's name and what its methods do, as far as it is nobody's well-known one."""
    # Not __qualname__: pickling by value, as for worker processes, shortens it.
    name = f"{kind.__module__}.{kind.__name__}"
    if name.startswith("torchvision."):
        import torchvision

        return f"{name} {torchvision.__version__}"
    own = [base for base in kind.__mro__ if base.__module__.partition(".")[0] not in _KNOWN]
    methods = [
        (name, _instructions(value.__code__))
        for base in own
        for name, value in sorted(vars(base).items())
        if hasattr(value, "__code__")
    ]
    return f"{name} {methods}"


def _instructions(code):
    """A code object without the file and the lines that it is from."""
    constants = [
        _instructions(value) if isinstance(value, CodeType) else repr(value)
        for value in code.co_consts
    ]
    return code.co_code, code.co_names, constants
