"""Dropout with cheap random numbers, from the generator of the fit."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran._utils.randomness import lent_numbers, own_generator


class ChannelDropout(nn.Module):
    """Dropout of whole channels: the same ones for all tokens of a sample.

    If tokens dropped entries of their own, a mean over many tokens would lose next to nothing.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, tokens):
        """Tokens (B, T, d), or one for each sample (B, d), without some channels in training."""
        if not self.training or not self.p:
            return tokens
        return tokens * self._factors(tokens)

    def add(self, residual, tokens):
        """The sum of `residual` and ``self(tokens)``, in one pass through memory."""
        if not self.training or not self.p:
            return residual + tokens
        return torch.addcmul(residual, tokens, self._factors(tokens))

    def _factors(self, tokens):
        device = tokens.device
        size = len(tokens), *[1] * (tokens.ndim - 2), tokens.shape[-1]
        kept = torch.rand(size, generator=own_generator(device), device=device) >= self.p
        return (kept / (1 - self.p)).to(tokens.dtype)


class Dropout(nn.Dropout):
    """nn.Dropout, with the same numbers, from the generator of the fit."""

    def forward(self, x):
        """`x`, with some entries set to zero in training."""
        if not self.training or not self.p:
            return x
        if x.device.type != "cpu":
            with lent_numbers(x.device):
                return F.dropout(x, self.p)
        kept = torch.empty_like(x).bernoulli_(1 - self.p, generator=own_generator())
        return x * kept.div_(1 - self.p)


class FastDropout(Dropout):
    """Dropout in a quarter of its time on a CPU (benchmarks/speed/encoder.py)."""

    def forward(self, x):
        """`x`, with some entries set to zero in training."""
        if not self.training or not self.p or x.device.type != "cpu":
            return super().forward(x)
        keep = keep_mask(x.shape, self.p, own_generator())
        return x * keep.to(x.dtype).mul_(1 / (1 - self.p))

    def add(self, residual, x):
        """The sum of `residual` and ``self(x)``."""
        return residual + self(x)


def keep_mask(shape, p, generator=None):
    """Random booleans on the CPU, False with probability `p` (to within 1e-5).

    Each 64-bit random number gives four of them: torch needs as long for one 16-bit number.
    """
    n = torch.Size(shape).numel()
    bits = torch.empty(-(-n // 4), dtype=torch.int64)
    bits.random_(-(2**63), None, generator=generator)
    threshold = round(p * 2**16) - 2**15
    return (bits.view(torch.int16)[:n] >= threshold).view(shape)
