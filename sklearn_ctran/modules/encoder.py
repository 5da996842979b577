"""The transformer encoder over image and label tokens (paper, section 3.2)."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class ChannelDropout(nn.Module):
    """Dropout of channels: what is dropped is the same for all tokens of a sample.

    On a CPU the random numbers of elementwise dropout cost as much as the layer they regularise.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, tokens):
        """Tokens (B, T, d), some channels zero in training."""
        if not self.training or not self.p:
            return tokens
        kept = torch.rand(len(tokens), 1, tokens.shape[2], device=tokens.device) >= self.p
        return tokens * (kept / (1 - self.p)).to(tokens.dtype)


class EncoderLayer(nn.Module):
    """Self-attention and a ReLU layer of width d, each with residual and LayerNorm (eq. 2 to 4).

    Parameters
    ----------
    d_model : int
    n_heads : int
    dropout : float
        On the output of both halves and inside the ReLU layer.
    channel_dropout : bool
        Drop channels, the same for all tokens, instead of entries and attention weights.
    """

    def __init__(self, d_model, n_heads, dropout, channel_dropout=False):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"d_model={d_model} must be a multiple of n_heads={n_heads}.")
        self.n_heads = n_heads
        self.attention_dropout = 0.0 if channel_dropout else dropout
        self.query_key_value = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.linear1 = nn.Linear(d_model, d_model)
        self.linear2 = nn.Linear(d_model, d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = (ChannelDropout if channel_dropout else nn.Dropout)(dropout)
        nn.init.xavier_uniform_(self.query_key_value.weight)
        nn.init.zeros_(self.query_key_value.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, tokens, n_queries=None, attention_bias=None):
        """Update tokens.

        Parameters
        ----------
        tokens : Tensor of shape (B, T, d)
        n_queries : int, default=None
            Update (and return) the last `n_queries` tokens only.
        attention_bias : Tensor broadcastable to (B, n_heads, n_queries, T), default=None
            Added to the attention logits.

        Returns
        -------
        tokens : Tensor of shape (B, n_queries, d)
        """
        first = 0 if n_queries is None else tokens.shape[1] - n_queries
        queried = tokens[:, first:]
        attended = self.attention(tokens, first, attention_bias)
        queried = self.norm1(queried + self.dropout(self.out(attended)))
        hidden = self.dropout(F.relu(self.linear1(queried)))
        return self.norm2(queried + self.dropout(self.linear2(hidden)))

    def attention(self, tokens, first, attention_bias):
        """Multi-head attention of tokens[:, first:] over all tokens, before the output map."""
        d_model = tokens.shape[2]
        weight, bias = self.query_key_value.weight, self.query_key_value.bias
        query = F.linear(tokens[:, first:], weight[:d_model], bias[:d_model])
        key, value = F.linear(tokens, weight[d_model:], bias[d_model:]).chunk(2, dim=2)
        query, key, value = (
            x.unflatten(2, (self.n_heads, -1)).transpose(1, 2) for x in (query, key, value)
        )
        dropout = self.attention_dropout if self.training else 0.0
        if attention_bias is None:
            attended = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        else:
            # No fused kernel takes a bias that learns, and torch's plain path is slower than this.
            logits = query @ key.transpose(2, 3) / math.sqrt(query.shape[3]) + attention_bias
            attended = F.dropout(logits.softmax(dim=3), dropout) @ value.to(logits.dtype)
        return attended.transpose(1, 2).flatten(2)
