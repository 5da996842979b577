"""Device and precision of torch's computations."""

import contextlib

import torch

from sklearn_ctran._utils.memory import keep_freed_memory
from sklearn_ctran._utils.torch_compat import cpu_has_bfloat16


def resolve_device(device):
    """Choose a torch device; "auto" is a GPU if there is one.

    Raises ValueError if this machine has no such device.
    """
    if device != "auto":
        try:
            return str(torch.empty(0, device=device).device)
        except (RuntimeError, AssertionError) as error:
            raise ValueError(f"device={device!r} is not available: {error}") from error
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def has_bfloat16(device):
    """Whether a device multiplies matrices faster in bfloat16 than in float32.

    True for CUDA devices with bfloat16 in hardware and for CPUs with AVX-512 BF16 or AMX.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    return kind == "cpu" and cpu_has_bfloat16()


@contextlib.contextmanager
def autocast(device, precision):
    """Context manager for a forward pass in a precision, "float32", "bfloat16" or "float64".

    torch keeps weights in bfloat16 until the outermost context ends. Inside somebody's
    ``torch.autocast`` that is not this one, and the next step would use the weights of the last.
    """
    if precision != "bfloat16":
        yield
        return
    kind = torch.device(device).type
    is_inner = torch.is_autocast_enabled(kind)  # Somebody's is switched off by `plain_torch`.
    try:
        with torch.autocast(kind, dtype=torch.bfloat16):
            yield
    finally:
        if not is_inner:
            torch.clear_autocast_cache()


@contextlib.contextmanager
def plain_torch():
    """Compute as torch does by default, whatever the caller has set; then put that back.

    No autocast, gradients where they are needed, float32 for new tensors. A fit or a prediction
    inside somebody's ``torch.autocast``, ``torch.no_grad`` or ``torch.set_default_dtype`` has the
    same numbers as outside.
    """
    keep_freed_memory()
    dtype = torch.get_default_dtype()
    if dtype != torch.float32:  # Not otherwise, because it is set for all threads.
        torch.set_default_dtype(torch.float32)
    try:
        with contextlib.ExitStack() as contexts:
            contexts.enter_context(torch.inference_mode(False))
            contexts.enter_context(torch.enable_grad())
            for kind in ("cpu", "cuda"):
                if torch.is_autocast_enabled(kind):
                    contexts.enter_context(torch.autocast(kind, enabled=False))
            yield
    finally:
        if dtype != torch.float32:
            torch.set_default_dtype(dtype)
