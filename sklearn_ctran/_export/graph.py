"""A fitted network as one module from images and label states to probabilities and logits."""

import copy

from torch import nn
from torch.nn import functional as F

from sklearn_ctran._export.memory_graph import MemoryGraph
from sklearn_ctran._export.rules_graph import RulesGraph


class PredictionGraph(nn.Module):
    """What ``predict_proba`` and ``decision_function`` compute, in operations that can be exported.

    Everything is in float32 on the CPU.

    Parameters
    ----------
    estimator : NeuralMultilabelClassifier
        It is fitted, and stays as it is.
    """

    def __init__(self, estimator):
        super().__init__()
        self.kind = estimator._input.kind if estimator.net_.module_.use_image else "nothing"
        self.n_views = estimator._input.n_views
        own = estimator.net_.module_
        backbone = own.backbone
        # Copied without the backbone, of which a faster copy is made; others may predict meanwhile.
        self.network = copy.deepcopy(own, {id(backbone): None}).cpu().float().eval()
        self.backbone = None
        if backbone is not None and self.kind == "images":
            backbone = copy.deepcopy(backbone).cpu().eval()
            self.n_views = self.n_views if backbone.frozen else 1
            self.backbone = backbone.for_export(estimator._input.size)
            _replace_attention(self.backbone)
        memory = estimator.memory_
        share = estimator._MEMORY_SHARE
        self.memory = None if memory is None else MemoryGraph(memory, self.network, share)
        self.rules = RulesGraph(estimator.task_)

    def forward(self, X, states):
        """Probabilities and logits (n, n_labels) of targets, and of extra labels if there are any.

        `X` are images (n, H, W, K), uint8; tokens (n, P, C); or features (n, C). `states` are
        (n, n_all_labels), int8: 1, 0, and -1 where unknown.
        """
        tokens = self._tokens(X)
        states = self.rules.propagated(states)
        logits = self.network(tokens, states).mean(dim=0)
        if self.memory is not None:
            logits = self.memory(logits, tokens, states)
        return self.rules(logits, states)

    def _tokens(self, X):
        """What the network reads (n, P', C)."""
        if self.kind == "nothing":
            return X[:, :0, None].float()
        if self.kind == "features":
            return X[:, None]
        if self.kind == "tokens":
            return self.network.pool(X)
        images = X.permute(0, 3, 1, 2)
        features = self.backbone(images)
        if self.n_views == 2:
            features = (features + self.backbone(images.flip(3)).flip(3)) / 2
        return self.network.pool_map(features)


class _PlainAttention(nn.Module):
    """nn.MultiheadAttention of tokens to themselves, in operations that can be exported."""

    def __init__(self, attention):
        super().__init__()
        self.n_heads = attention.num_heads
        self.projections = nn.Linear(1, 1)
        self.projections.weight = attention.in_proj_weight
        self.projections.bias = attention.in_proj_bias
        self.out = attention.out_proj

    def forward(self, query, key, value, need_weights=False):
        """The attended tokens (B, T, d) and None, as of the class that it replaces."""
        n_tokens, width = query.shape[1:]
        made = self.projections(query).view(-1, n_tokens, 3, self.n_heads, width // self.n_heads)
        query, key, value = made.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value)
        return self.out(attended.transpose(1, 2).reshape(-1, n_tokens, width)), None


def _replace_attention(backbone):
    """Replace torch's attention in torchvision's ViT, of which no number of images is free."""
    if not backbone.is_torchvision:
        return
    for part in list(backbone.modules()):
        for name, child in list(part.named_children()):
            if type(child) is nn.MultiheadAttention:
                setattr(part, name, _PlainAttention(child))
