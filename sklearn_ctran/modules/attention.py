"""Multi-head attention that never stores the attention matrix, with a bias between labels."""

import math
from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from sklearn_ctran._utils.randomness import lent_numbers, own_generator
from sklearn_ctran._utils.torch_compat import softmax_backward
from sklearn_ctran.modules.dropout import keep_mask
from sklearn_ctran.modules.shapes import split_axis

#: Size in bytes of a block of attention logits on a CPU, small enough for the processor's cache.
BLOCK_BYTES = 1 << 22


class LabelBias(NamedTuple):
    """A bias added to the attention logits between labels, which are the last tokens.

    Attributes
    ----------
    table : Tensor of shape (3, n_heads, L, L)
        For each head, attending label and attended label: the bias in any state, and what is
        added to it where the attended label is known negative and known positive.
    states : Tensor of shape (B, L), int8
    """

    table: Tensor
    states: Tensor

    def dense(self, n_queries, n_tokens):
        """The whole bias (B, n_heads, n_queries, n_tokens), zero for image tokens."""
        n_labels = self.states.shape[1]
        always, if_negative, if_positive = self.table.unbind()
        is_negative, is_positive = self._flags(slice(None), self.table.dtype)
        bias = torch.addcmul(always, is_negative, if_negative).addcmul(is_positive, if_positive)
        return F.pad(bias, (n_tokens - n_labels, 0, n_queries - n_labels, 0))

    def add_to(self, logits, samples, rows, n_queries):
        """Add the bias to a block of logits (b, n_heads, q, T), in place."""
        part, rows = self._label_part(logits, rows, n_queries)
        always, if_negative, if_positive = self.table[:, :, rows].unbind()
        is_negative, is_positive = self._flags(samples, logits.dtype)
        part.add_(always)
        part.addcmul_(is_negative, if_negative).addcmul_(is_positive, if_positive)

    def add_gradient(self, d_table, d_logits, samples, rows, n_queries):
        """Add to the gradient of the table that of a block of logits."""
        part, rows = self._label_part(d_logits, rows, n_queries)
        d_table[0, :, rows] += part.sum(dim=0)
        for change, flag in zip(d_table[1:], self._flags(samples, part.dtype), strict=True):
            change[:, rows] += (part * flag).sum(dim=0)

    def _label_part(self, logits, rows, n_queries):
        """The part of a block in which labels attend to labels, and the rows of these labels."""
        n_labels = self.states.shape[1]
        first_label = n_queries - n_labels
        part = logits[:, :, max(0, first_label - rows.start) :, -n_labels:]
        return part, slice(max(0, rows.start - first_label), max(0, rows.stop - first_label))

    def _flags(self, samples, dtype):
        """Which labels are known negative and known positive: (b, 1, 1, L) each."""
        states = self.states[samples, None, None]
        return (states == 0).to(dtype), (states == 1).to(dtype)


def attend(query, key_value, n_heads, bias=None, dropout=0.0):
    """Scaled dot-product attention of several heads (paper, eq. 2 and 3), (B, Q, d).

    `query` (B, Q, d) has queries of the last Q tokens, `key_value` (B, T, 2 d) keys and values of
    all tokens. `bias` (LabelBias) is added to the logits; Q is then at least the number of labels.
    `dropout` is the rate for attention weights.
    """
    if query.device.type == "cpu" and not torch.jit.is_tracing():
        # torch's fused kernel does not take a trainable bias, and on CPUs its backward pass in
        # bfloat16 took five times as long (benchmarks/speed/encoder.py). What is traced will be
        # exported, for which there must be no function of ours.
        table, states = bias or (None, None)
        return _BlockedAttention.apply(query, key_value, table, states, n_heads, dropout)
    query, key, value = (_split_heads(x, n_heads) for x in (query, *key_value.chunk(2, dim=2)))
    if bias is not None:
        bias = bias.dense(query.shape[2], key.shape[2]).to(query.dtype)
    with lent_numbers(query.device) if dropout else nullcontext():
        attended = F.scaled_dot_product_attention(query, key, value, bias, dropout_p=dropout)
    return attended.transpose(1, 2).flatten(2)


def attention_weights(query, key_value, n_heads, bias=None):
    """The attention matrix (B, n_heads, Q, T) that :func:`attend` never stores."""
    query, key = (_split_heads(x, n_heads) for x in (query, key_value.chunk(2, dim=2)[0]))
    logits = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
    if bias is not None:
        logits = logits + bias.dense(query.shape[2], key.shape[2])
    return logits.softmax(dim=3)


def _split_heads(x, n_heads):
    return split_axis(x, 2, (n_heads, x.shape[2] // n_heads)).transpose(1, 2)


class _BlockedAttention(torch.autograd.Function):
    """Attention in blocks of several samples, or of several queries of one sample.

    Only one block of weights is in memory. The backward pass computes the weights again.
    """

    @staticmethod
    def forward(ctx, query, key_value, table, states, n_heads, dropout):
        scale = (query.shape[2] / n_heads) ** -0.5
        inputs = (query, *key_value.chunk(2, dim=2))
        heads = tuple(
            _split_heads(x, n_heads).clone(memory_format=torch.contiguous_format) for x in inputs
        )
        heads[0].mul_(scale)
        ctx.save_for_backward(*heads, table, states)
        # With this seed, the backward pass draws the same dropout mask again.
        seed = int(torch.randint(2**62, (), generator=own_generator())) if dropout else None
        ctx.settings = scale, dropout, seed
        attended = torch.empty_like(query)
        for block in _blocks(*heads, LabelBias(table, states), dropout, seed):
            made = torch.bmm(block.dropped, block.value)
            attended[block.samples, block.rows] = _heads_last(made, n_heads)
        return attended

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        *heads, table, states = ctx.saved_tensors
        scale, dropout, seed = ctx.settings
        bias = LabelBias(table, states)
        n_samples, n_heads, n_queries, _ = heads[0].shape
        grad_heads = _split_heads(grad, n_heads).contiguous()
        d_query = torch.empty_like(grad)
        d_key_value = grad.new_empty(n_samples, heads[1].shape[2], 2 * grad.shape[2])
        d_table = None if table is None else torch.zeros_like(table)
        for block in _blocks(*heads, bias, dropout, seed):
            d_attended = grad_heads[block.samples, :, block.rows].flatten(0, 1)
            d_weights = torch.bmm(d_attended, block.value.transpose(1, 2))
            if block.keep is not None:
                d_weights *= block.keep
            d_logits = softmax_backward(d_weights, block.weights)
            if table is not None:
                by_sample = d_logits.unflatten(0, (-1, n_heads))
                bias.add_gradient(d_table, by_sample, block.samples, block.rows, n_queries)
            made = torch.bmm(d_logits, block.key).mul_(scale)
            d_query[block.samples, block.rows] = _heads_last(made, n_heads)
            if block.rows.start == 0:
                d_key = torch.bmm(d_logits.transpose(1, 2), block.query)
                d_value = torch.bmm(block.dropped.transpose(1, 2), d_attended)
            else:
                d_key.baddbmm_(d_logits.transpose(1, 2), block.query)
                d_value.baddbmm_(block.dropped.transpose(1, 2), d_attended)
            if block.rows.stop == n_queries:
                both = torch.cat([_heads_last(x, n_heads) for x in (d_key, d_value)], dim=2)
                d_key_value[block.samples] = both
        return d_query, d_key_value, d_table, None, None, None


class _Block(NamedTuple):
    """One block of attention weights and its inputs. Each head counts as a sample."""

    samples: slice
    rows: slice
    query: Tensor  # (b * n_heads, q, d / n_heads), scaled
    key: Tensor  # (b * n_heads, T, d / n_heads)
    value: Tensor
    weights: Tensor  # (b * n_heads, q, T)
    dropped: Tensor  # the same after dropout
    keep: Tensor | None  # what dropout multiplies with


def _blocks(query, key, value, bias, dropout, seed):
    """Attention weights of (B, n_heads, ., d / n_heads), block by block, queries in order."""
    n_samples, n_heads, n_queries, _ = query.shape
    if bias.table is not None:
        bias = bias._replace(table=bias.table.to(query.dtype))
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    row_bytes = n_heads * key.shape[2] * query.element_size()
    n_rows = min(n_queries, max(1, BLOCK_BYTES // row_bytes))
    n_together = max(1, BLOCK_BYTES // (row_bytes * n_queries))
    for start in range(0, n_samples, n_together):
        samples = slice(start, start + n_together)
        k, v = key[samples].flatten(0, 1), value[samples].flatten(0, 1)
        for first in range(0, n_queries, n_rows):
            rows = slice(first, min(first + n_rows, n_queries))
            q = query[samples, :, rows].flatten(0, 1)
            logits = torch.bmm(q, k.transpose(1, 2))
            if bias.table is not None:
                by_sample = logits.unflatten(0, (-1, n_heads))
                bias.add_to(by_sample, samples, rows, n_queries)
            weights = logits.softmax(dim=2)
            keep = None
            if dropout:
                keep = keep_mask(weights.shape, dropout, generator).to(weights.dtype)
                keep /= 1 - dropout
            dropped = weights if keep is None else weights * keep
            yield _Block(samples, rows, q, k, v, weights, dropped, keep)


def _heads_last(x, n_heads):
    """(b * n_heads, t, d / n_heads) to (b, t, d)."""
    return x.unflatten(0, (-1, n_heads)).transpose(1, 2).flatten(2)
