"""A digest of all that a module's output depends on."""

import hashlib
import inspect

import torch

_PLAIN = (bool, int, float, str, bytes, tuple, list, dict, type(None))


def fingerprint(module):
    """Hexadecimal digest of a module's structure, code, weights and buffers.

    Two modules with the same digest compute the same in evaluation mode. Of classes that are not
    torch's or torchvision's, whose versions count instead, the source code is part of it, as far
    as it can be read.

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
        digest.update(f"{name}: {_source(type(part))} {part.extra_repr()}\n".encode())
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


def _source(kind):
    """A class's name and, if it is nobody's well-known one, what it does."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    package = kind.__module__.partition(".")[0]
    if package == "torch":
        return name
    if package == "torchvision":
        import torchvision

        return f"{name} {torchvision.__version__}"
    try:
        return f"{name} {inspect.getsource(kind)}"
    except (OSError, TypeError):
        return name
