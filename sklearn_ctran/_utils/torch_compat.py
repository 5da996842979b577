"""Private functions of torch, with fallbacks for versions that lack them."""

import contextlib
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["TorchDispatchMode", "cpu_has_bfloat16", "safe_globals", "softmax_backward"]


def softmax_backward(grad, weights):
    """Gradient of the logits of a softmax over the last axis.

    `grad` is the gradient of the softmax's output `weights`; all have the shape (..., n).
    """
    if hasattr(torch, "_softmax_backward_data"):  # One pass through memory.
        return torch._softmax_backward_data(grad, weights, weights.ndim - 1, weights.dtype)
    # Like torch's, it sums bfloat16 in float32.
    exact = torch.promote_types(weights.dtype, torch.float32)
    weighted = grad.to(exact) * weights.to(exact)
    return (weighted - weights.to(exact) * weighted.sum(-1, keepdim=True)).to(weights.dtype)


@contextlib.contextmanager
def safe_globals(allowed):
    """Let ``torch.load(weights_only=True)`` read these too, in a ``with`` block.

    torch 2.4 can only add to its list, or clear it.
    """
    serialization = torch.serialization
    if hasattr(serialization, "safe_globals"):
        with serialization.safe_globals(allowed):
            yield
        return
    before = list(serialization.get_safe_globals())
    serialization.add_safe_globals(allowed)
    try:
        yield
    finally:
        serialization.clear_safe_globals()
        serialization.add_safe_globals(before)


def cpu_has_bfloat16():
    """Whether the processor multiplies bfloat16 matrices in hardware (AVX-512 BF16 or AMX)."""
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    known = [getattr(torch.cpu, name) for name in names if hasattr(torch.cpu, name)]
    if known:
        return any(is_supported() for is_supported in known)
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False  # Not Linux: float32 is always right, if not always fastest.
    return "avx512_bf16" in flags or "amx_tile" in flags
