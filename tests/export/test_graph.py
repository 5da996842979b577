"""The graph that is exported computes what the estimator does, and leaves it as it is."""

import numpy as np
import torch
from small_models import quick
from torch import nn
from torchvision import models

from sklearn_ctran._export.graph import PredictionGraph, _PlainAttention, _replace_attention
from sklearn_ctran.modules.backbone import make_backbone


def test_attention_in_exportable_operations():
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(24, 4, batch_first=True).eval()
    tokens = torch.randn(3, 7, 24)
    with torch.no_grad():
        expected, _ = attention(tokens, tokens, tokens, need_weights=False)
        found, weights = _PlainAttention(attention)(tokens, tokens, tokens, need_weights=False)
    assert weights is None
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_torchvisions_attention_is_replaced(monkeypatch):
    def tiny(name, weights=None, **kwargs):
        return models.VisionTransformer(32, 8, 1, 2, 16, 32, num_classes=3)

    monkeypatch.setattr(models, "get_model", tiny)
    backbone = make_backbone("vit_b_16", None).eval()
    images = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        expected = backbone(images)
        _replace_attention(backbone)
        torch.testing.assert_close(backbone(images), expected, atol=1e-5, rtol=1e-5)
    assert not any(isinstance(part, nn.MultiheadAttention) for part in backbone.modules())


def test_it_is_a_copy():
    rng = np.random.RandomState(0)
    X, Y = rng.randint(256, size=(12, 16, 16, 3), dtype=np.uint8), rng.randint(2, size=(12, 3))
    model = quick("small", image_size=None, precision="float32").fit(X, Y)
    expected = model.predict_proba(X)
    graph = PredictionGraph(model)
    own = model.net_.module_
    assert own.backbone is not None and own.backbone is not graph.backbone
    for weight in graph.parameters():
        nn.init.zeros_(weight)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
