"""A digest of everything that a module's output depends on."""

import dis
import hashlib
import io
import pickle
import secrets
import sys
import types
import weakref
from operator import attrgetter
from pathlib import Path

import torch
from torch import nn

#: Stands for the code of this package. Raise it whenever a network in ``modules/`` (``Backbone``,
#: ``PatchTokens``, ``SmallCNN``, ...) computes other features from the same weights and images:
#: cached tokens are then computed again.
TOKENS_VERSION = 1

#: What stands for values that pickle cannot save, or not in the same way each time.
_PARTS = {
    set: lambda value: sorted(value, key=repr),
    frozenset: lambda value: sorted(value, key=repr),
    staticmethod: lambda value: [value.__func__],
    classmethod: lambda value: [value.__func__],
    property: lambda value: [value.fget, value.fset],
    types.MethodType: lambda value: [value.__func__, value.__self__],
    types.CodeType: lambda value: [  # Neither file nor line numbers.
        *(value.co_code, value.co_names, value.co_consts),
        *(value.co_flags, value.co_argcount, value.co_kwonlyargcount),
    ],
}

#: Attributes of every module that say nothing about its output, or are read elsewhere here.
_TORCHS = frozenset(vars(nn.Module())) - {"_modules"} | {"_graph"}

_digests = weakref.WeakKeyDictionary()  # module -> (state of its weights, their digest)
_described = weakref.WeakKeyDictionary()  # module -> (its look, its digest)


def describe(value):
    """Hexadecimal digest that is equal, in every process, only for values that compute the same.

    Modules count by class, attributes, hooks, weights, buffers and submodules, other objects by
    what pickle saves. Classes and functions of installed packages count by name and version, those
    of this package by name and `TOKENS_VERSION`, all others by their code and the globals it reads.
    The 32 digits are new each time if `value` cannot be recognised: if pickle cannot save it, or if
    code that is not of an installed package reads a module of that kind.
    """
    file = io.BytesIO()
    try:
        _Description(file).dump((torch.__version__, value))
    except Exception:  # Anything may come from a class's own pickling.
        return secrets.token_hex(16)
    return hashlib.blake2b(file.getbuffer(), digest_size=16).hexdigest()


def describe_once(module):
    """The last digest of a module, from :func:`describe`, as long as the module looks the same.

    A look costs a millisecond or two. It sees tensors that were replaced or changed in place, steps
    of any optimiser, and attributes and hooks that were set. It does not see each change inside of
    an attribute or through ``.data``: never keep tokens under this digest.
    """
    look = _look(module)
    if look is None or _described.get(module, (None,))[0] != look:
        _described[module] = look, describe(module)
    return _described[module][1]


def _look(module):
    """What changes with a module, without reading its weights; None if changes are not counted.

    Fused optimisers do not count their changes. They change whole tensors that have gradients, of
    which a look reads the first rows.
    """
    look = []
    for each in module.modules():
        for tensor in (*each._parameters.values(), *each._buffers.values()):
            if tensor is None:
                continue
            if tensor.is_inference():
                return None
            look.append(_place(tensor))
            if tensor.requires_grad:
                look.append(_total(torch.atleast_1d(tensor.detach())[:1]))
        look += [id(each), *each._forward_pre_hooks, *each._forward_hooks]
        for key, value in vars(each).items():
            if key not in _TORCHS:
                look.append(value if isinstance(value, (int, float, str)) else id(value))
    return look


class _Description(pickle.Pickler):
    """Pickles values with the code and weights that they compute with."""

    def __init__(self, file):
        super().__init__(file, protocol=4)
        self.fast = True  # No memo: bytes do not depend on which equal values are one object.
        self._numbers = {}

    def persistent_id(self, value):
        """What is pickled in place of a value; None for the value itself."""
        if type(value) in _PARTS:
            return type(value).__name__, _PARTS[type(value)](value)
        if isinstance(value, torch.Tensor):
            return _tensor(value)
        if isinstance(value, torch.jit.ScriptModule):
            raise TypeError("TorchScript does not tell all that a module computes with.")
        if isinstance(value, types.ModuleType):
            if _version(value.__name__) is None:
                raise TypeError(f"{value.__name__} may change without another version.")
            return value.__name__, _version(value.__name__)
        if not isinstance(value, (type, types.FunctionType, nn.Module)):
            return None
        if value in self._numbers:
            return self._numbers[value]
        self._numbers[value] = len(self._numbers)
        return _module_parts(value) if isinstance(value, nn.Module) else _code_parts(value)


def _module_parts(module):
    settings = {key: value for key, value in vars(module).items() if key not in _TORCHS}
    hooks = [*module._forward_pre_hooks.values(), *module._forward_hooks.values()]
    return [type(module), settings, hooks, _weights(module)]


def _code_parts(value):
    """What stands for a class or a function."""
    # Not __qualname__: pickling by value, as for worker processes, shortens it.
    name, version = f"{value.__module__}.{value.__name__}", _version(value.__module__ or "")
    if version and _is_importable(value):
        return name, version
    if isinstance(value, types.FunctionType):
        return name, _function_parts(value)
    members = [
        (key, member)
        for key, member in sorted(vars(value).items())
        if (not key.startswith("__") and key != "_abc_impl")
        or isinstance(member, (types.FunctionType, staticmethod, classmethod, property))
    ]
    return name, value.__bases__, members


def _function_parts(function):
    space, code = function.__globals__, function.__code__
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    held = [function.__defaults__, function.__kwdefaults__, cells, vars(function)]
    version = _version(space.get("__name__", ""))
    if version:  # A function inside of an installed one.
        return version, code.co_name, code.co_firstlineno, held
    return code, held, [(name, space[name]) for name in sorted(_globals(code)) if name in space]


def _globals(code):
    """Names of the globals that are read by code and by the functions inside of it."""
    names = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return names.union(*map(_globals, inner))


def _is_importable(value):
    try:
        return attrgetter(value.__qualname__)(sys.modules[value.__module__]) is value
    except (AttributeError, KeyError):
        return False


def _version(module):
    """The version that stands for a module's code; None if there is none."""
    package = module.partition(".")[0]
    if package == __name__.partition(".")[0]:
        return f"{package} {TOKENS_VERSION}"
    if package in sys.stdlib_module_names:
        return sys.version
    file = getattr(sys.modules.get(package), "__file__", None) or ""
    is_installed = {"site-packages", "dist-packages"} & set(Path(file).parts)
    return getattr(sys.modules[package], "__version__", None) if is_installed else None


def _weights(module):
    """Digest of a module's own parameters and buffers, remembered until one of them changes."""
    named = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    if not named or any(tensor.is_inference() for _, tensor in named):
        return _read(named)  # Inference tensors do not count their changes.
    # Changes through `.data` do not raise `_version`, hence the sums too.
    state = [(*_place(tensor), _total(tensor.detach())) for _, tensor in named]
    if _digests.get(module, (None,))[0] != state:
        _digests[module] = state, _read(named)
    return _digests[module][1]


def _place(tensor):
    return id(tensor), tensor.data_ptr(), tensor._version


def _total(tensor):
    return tensor.sum(dtype=torch.float64).item()


def _read(named):
    return [(name, _tensor(tensor)) for name, tensor in named]


def _tensor(tensor):
    values = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    return f"{tensor.dtype} {tuple(tensor.shape)} {hashlib.blake2b(values).hexdigest()}"
