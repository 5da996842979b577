"""Random numbers from generators of one's own: torch's global ones stay the caller's."""

import contextlib
import threading
from functools import cache

import torch

from sklearn_ctran._utils.torch_compat import TorchDispatchMode

#: Every thread has generators of its own, so that fits side by side draw as each does alone.
_thread = threading.local()

_lending = threading.Lock()


@contextlib.contextmanager
def drawing(seed):
    """Let this thread draw from generators of its own, seeded by `seed`, in a ``with`` block.

    This package's modules draw from :func:`own_generator`; others do inside :func:`all_drawing`.
    """
    outer = getattr(_thread, "generators", None)
    _thread.generators = _Generators(seed)
    try:
        yield
    finally:
        _thread.generators = outer


class _Generators:
    """One generator for each type of device, made when it is first used."""

    def __init__(self, seed):
        self._seed = seed
        self._made = {}

    def on(self, device):
        kind = torch.device(device).type
        if kind not in self._made:
            self._made[kind] = torch.Generator(device).manual_seed(self._seed)
        return self._made[kind]


def own_generator(device="cpu"):
    """The generator of the `drawing` block on a device; None, torch's global one, outside it.

    None on torch's meta device too, where tensors have no values.
    """
    generators = getattr(_thread, "generators", None)
    if generators is None or torch.device(device).type == "meta":
        return None
    return generators.on(device)


def generator_states():
    """The states of this thread's generators in a `drawing` block: type of device -> Tensor."""
    return {kind: each.get_state() for kind, each in _thread.generators._made.items()}


def set_generator_states(states):
    """Put this thread's generators into the states that :func:`generator_states` returned."""
    for kind, state in states.items():
        _thread.generators.on(kind).set_state(state)


@contextlib.contextmanager
def all_drawing():
    """Let modules and functions of others draw from :func:`own_generator` too.

    They draw from torch's global generators, whose numbers are replaced operation by operation.
    That costs about 6 us an operation. Nothing happens outside a `drawing` block. The backward pass
    is not inside: what recomputes its dropout there needs :func:`drawn_again`.
    """
    with contextlib.nullcontext() if own_generator() is None else _OwnNumbers():
        yield


def drawn_again(device):
    """A context in which, at any time and in any thread, the numbers to come are drawn once more.

    They are those that :func:`all_drawing` will give on a device from now on. Afterwards the
    generators are as they were before.
    """
    generator = own_generator(device)
    if generator is None:
        return contextlib.nullcontext()
    return _again(_thread.generators, generator, generator.get_state())


@contextlib.contextmanager
def _again(generators, generator, state):
    outer, now = getattr(_thread, "generators", None), generator.get_state()
    _thread.generators = generators
    generator.set_state(state)
    try:
        with _OwnNumbers():
            yield
    finally:
        generator.set_state(now)
        _thread.generators = outer


class _OwnNumbers(TorchDispatchMode):
    """Calls every random operation with the generator of the `drawing` block."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags or kwargs.get("generator"):
            return func(*args, **kwargs)
        device = _device_of(args, kwargs)
        with_generator = _with_generator(func)
        if with_generator is not None:
            return with_generator(*args, **kwargs | {"generator": own_generator(device)})
        with lent_numbers(device):
            return func(*args, **kwargs)


def _device_of(args, kwargs):
    tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, torch.Tensor)]
    return torch.device(kwargs.get("device") or (tensors[0].device if tensors else "cpu"))


@cache
def _with_generator(func):
    """A torch operation, or its overload, that takes a generator; None if there is none."""
    arguments = _arguments(func)
    if "generator" in arguments:
        return func
    packet = func.overloadpacket
    for name in packet.overloads():
        others = _arguments(getattr(packet, name))
        if others.pop("generator", None) and others == arguments:
            return getattr(packet, name)
    return None


def _arguments(func):
    return {argument.name: str(argument.type) for argument in func._schema.arguments}


@contextlib.contextmanager
def lent_numbers(device):
    """Lend torch's global generator of a device the numbers of :func:`own_generator`.

    For operations that take no generator, such as fused dropout on a GPU. The global generator is
    as before afterwards. A lock keeps other fits from using it meanwhile; it is held while the
    operation starts, not while the GPU computes.
    """
    own = own_generator(device)
    if own is None:
        yield
        return
    with _lending:
        before = _global_state(device)
        _set_global_state(own.get_state(), device)
        try:
            yield
        finally:
            own.set_state(_global_state(device))
            _set_global_state(before, device)


def _global_state(device):
    if torch.device(device).type == "cpu":
        return torch.get_rng_state()
    module = torch.get_device_module(device)
    return module.get_rng_state() if module is torch.mps else module.get_rng_state(device)


def _set_global_state(state, device):
    if torch.device(device).type == "cpu":
        torch.set_rng_state(state)
        return
    module = torch.get_device_module(device)
    module.set_rng_state(state, *([] if module is torch.mps else [device]))
