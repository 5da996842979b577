"""Tokens in memory and from a frozen backbone."""

import numpy as np
import torch

from sklearn_ctran._images.encoder import Encoder
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.tokens import ImageBatches, Tokens, mean_and_scale
from sklearn_ctran.modules.backbone import make_backbone


def test_mean_and_scale_per_channel():
    rng = np.random.RandomState(0)
    values = (rng.randn(30, 4, 3) * [1, 5, 0] + [100, 0, 3]).astype(np.float32)
    rows = np.arange(0, 30, 2)
    weights = rng.randint(1, 5, size=15)
    mean, scale = mean_and_scale(Tokens(values), rows, weights.astype(float))
    repeated = values[rows.repeat(weights)]
    np.testing.assert_allclose(mean, repeated.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(scale[:2], repeated.std(axis=(0, 1))[:2], rtol=1e-4)
    assert scale[2] == 1  # a constant channel is not blown up


def test_mean_and_scale_over_several_chunks():
    rng = np.random.RandomState(0)
    values = (rng.randn(700, 2, 3) * [1, 5, 0.01] + [1000, 0, 3]).astype(np.float32)
    values[600:] += 2  # chunks differ in their means
    weights = np.where(np.arange(700) % 3, 1.0, 2.0)
    mean, scale = mean_and_scale(Tokens(values), np.arange(700), weights)
    exact = values.astype(np.float64).repeat(weights.astype(int), axis=0)
    np.testing.assert_allclose(mean, exact.mean(axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(scale, exact.std(axis=(0, 1)), rtol=1e-4)


def test_encode_is_the_backbone_image_by_image(capsys):
    torch.manual_seed(0)
    backbone = make_backbone("small").freeze()
    images = np.random.RandomState(0).randint(256, size=(7, 8, 12, 3), dtype=np.uint8)
    batches = ImageBatches(check_images(images), Preprocessing(None))
    tokens = Encoder(backbone, batches.preprocess, batch_size=3, verbose=1).encode(batches.images)
    assert tokens.values.dtype == np.float32
    assert tokens.shape == (7, 6, backbone.n_channels)
    with torch.no_grad():
        expected = backbone(batches.batch(np.array([4])))[0].flatten(1).T
    np.testing.assert_allclose(tokens.values[4], expected, atol=1e-5)
    assert "7 computed of 7" in capsys.readouterr().err


def test_a_backbone_keeps_its_mode():
    backbone = make_backbone("small").train()
    images = check_images(np.zeros((5, 8, 12, 3), dtype=np.uint8))
    Encoder(backbone, Preprocessing(None), batch_size=2).encode(images)
    assert backbone.training
