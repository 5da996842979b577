"""Freed memory stays with the process from one training step to the next."""

import torch

#: In bytes: a little less than the largest block that glibc's thresholds adapt to.
_BLOCK = 2**25 - 2**16


def keep_freed_memory():
    """Let the C library keep up to 64 MB of freed memory, for the next step to use again.

    Else the system takes the memory back at every step and clears it for the next, which is a
    tenth to a quarter of a small network's time. glibc raises these thresholds by itself, once a
    block of 32 MB has been freed: this frees one, which was never written to. Elsewhere it has no
    effect.
    """
    torch.empty(_BLOCK, dtype=torch.uint8)
