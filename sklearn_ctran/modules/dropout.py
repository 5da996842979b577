"""Dropout whose random numbers do not cost more than what it regularises."""

import torch
from torch import nn
from torch.nn import functional as F


class ChannelDropout(nn.Module):
    """Dropout of channels: what is dropped is the same for all tokens of a sample."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, tokens):
        """Tokens (B, T, d), some channels zero in training."""
        if not self.training or not self.p:
            return tokens
        return tokens * self._factors(tokens)

    def add(self, residual, tokens):
        """The sum of `residual` and ``self(tokens)``, in one pass through memory."""
        if not self.training or not self.p:
            return residual + tokens
        return torch.addcmul(residual, tokens, self._factors(tokens))

    def _factors(self, tokens):
        kept = torch.rand(len(tokens), 1, tokens.shape[2], device=tokens.device) >= self.p
        return (kept / (1 - self.p)).to(tokens.dtype)


class Dropout(nn.Dropout):
    """nn.Dropout; on a CPU with a quarter of the time (benchmarks/speed/encoder.py)."""

    def forward(self, x):
        """Any tensor, some entries zero in training."""
        if not self.training or not self.p or x.device.type != "cpu":
            return F.dropout(x, self.p, self.training)
        return x * keep_mask(x.shape, self.p).to(x.dtype).mul_(1 / (1 - self.p))

    def add(self, residual, x):
        """The sum of `residual` and ``self(x)``."""
        return residual + self(x)


def keep_mask(shape, p, generator=None):
    """Random booleans on the CPU, False with probability `p`, to within 1e-5.

    Four are made of each 64-bit random number: torch takes as long for one of 16 bits.
    """
    n = torch.Size(shape).numel()
    bits = torch.empty(-(-n // 4), dtype=torch.int64)
    bits.random_(-(2**63), None, generator=generator)
    threshold = round(p * 2**16) - 2**15
    return (bits.view(torch.int16)[:n] >= threshold).view(shape)
