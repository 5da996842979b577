"""Where, how precisely and from which seed torch computes."""

import contextlib

import torch


def resolve_device(device):
    """The name of a device that is there.

    Parameters
    ----------
    device : str
        A name of torch's, or "auto": a GPU if there is one.

    Returns
    -------
    device : str

    Raises
    ------
    ValueError
        If there is no such device on this machine.
    """
    if device != "auto":
        try:
            return str(torch.empty(0, device=device).device)
        except (RuntimeError, AssertionError) as error:
            raise ValueError(f"device={device!r} is not to be had: {error}") from error
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def has_bfloat16(device):
    """Whether a device multiplies matrices of bfloat16 faster than those of float32.

    Parameters
    ----------
    device : str

    Returns
    -------
    bool
        True for CUDA devices that have it in hardware, and for CPUs with AVX-512 BF16 or AMX.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    if kind != "cpu":
        return False
    # torch knows, under names of its own.
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)


def autocast(device, precision):
    """The context of a forward pass in "float32", "bfloat16", or "float64" of a float64 module."""
    if precision == "bfloat16":
        return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


@contextlib.contextmanager
def lent_seed(seed, device):
    """Seed torch's global generators (weights and dropout draw from them), then restore them."""
    kind = torch.device(device).type
    with torch.random.fork_rng(devices=[device] if kind == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if kind == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif kind == "mps":
            before = torch.mps.get_rng_state()
            torch.mps.manual_seed(seed)
        try:
            yield
        finally:
            if kind == "mps":
                torch.mps.set_rng_state(before)
