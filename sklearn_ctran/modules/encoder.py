"""The transformer encoder over image and label tokens (paper, section 3.2)."""

from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.attention import attend, attention_weights
from sklearn_ctran.modules.dropout import ChannelDropout, FastDropout
from sklearn_ctran.modules.linear import Linear


class EncoderLayer(nn.Module):
    """Self-attention and a ReLU layer of width d, each with residual and LayerNorm (eq. 2 to 4).

    `dropout` is on the output of both sublayers and inside the ReLU layer. `channel_dropout` drops
    whole channels, the same for all tokens, instead of entries and attention weights.
    """

    def __init__(self, d_model, n_heads, dropout, channel_dropout=False):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"d_model={d_model} must be a multiple of n_heads={n_heads}.")
        self.n_heads = n_heads
        self.attention_dropout = 0.0 if channel_dropout else dropout
        # Two weights, because the last layer has queries for labels only. The gradients of slices
        # of one weight would each be as large as the whole.
        self.query = Linear(d_model, d_model)
        self.key_value = Linear(d_model, 2 * d_model)
        self.out = Linear(d_model, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.linear1 = Linear(d_model, d_model)
        self.linear2 = Linear(d_model, d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = (ChannelDropout if channel_dropout else FastDropout)(dropout)
        bound = (6 / (4 * d_model)) ** 0.5  # Xavier's for one map of all three, as in torch.
        for projection in (self.query, self.key_value):
            nn.init.uniform_(projection.weight, -bound, bound)
            nn.init.zeros_(projection.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, tokens, n_queries=None, bias=None):
        """Update tokens (B, T, d); the result is (B, n_queries, d).

        Only the last `n_queries` tokens are updated and returned, all if None. `bias` (LabelBias)
        is added to the attention logits between labels.
        """
        # As it lies, torch would repeat the weights of `query` for each sample.
        queried = tokens if n_queries is None else tokens[:, -n_queries:].contiguous()
        dropout = self.attention_dropout if self.training else 0.0
        query, key_value = self.query(queried), self.key_value(tokens)
        attended = self.out(attend(query, key_value, self.n_heads, bias, dropout))
        queried = self.norm1(self.dropout.add(queried, attended))
        hidden = self.dropout(F.relu(self.linear1(queried)))
        return self.norm2(self.dropout.add(queried, self.linear2(hidden)))

    def attention_weights(self, tokens, n_queries=None, bias=None):
        """Attention weights (B, n_heads, n_queries, T). Arguments as in `forward`."""
        queried = tokens if n_queries is None else tokens[:, -n_queries:]
        return attention_weights(self.query(queried), self.key_value(tokens), self.n_heads, bias)
