"""Tokens in memory, pooled, standardised, and as rows of encoded images."""

import numpy as np
import torch
from made_images import noise

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.tokens import (
    EncodedImages,
    ImageBatches,
    PooledTokens,
    Tokens,
    collected,
    mean_and_scale,
    pooled,
)


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


def test_pooling_in_chunks():
    values = np.random.RandomState(0).randn(600, 4, 3).astype(np.float32)
    sizes = []

    def pool(batch):
        sizes.append(len(batch))
        return batch.mean(dim=1, keepdim=True)

    tokens = pooled(Tokens(values), pool)
    assert len(sizes[1:]) == 3  # The first is one image, for the shape.
    assert tokens.shape == (600, 1, 3)
    assert len(tokens) == 600
    np.testing.assert_allclose(tokens.values[:, 0], values.mean(axis=1), atol=1e-6)


def test_tokens_that_would_take_much_memory_are_pooled_when_they_are_read(monkeypatch):
    monkeypatch.setattr("sklearn_ctran._images.tokens._MOST_BYTES", 600 * 3 * 4 - 1)
    values = np.random.RandomState(0).randn(600, 4, 3).astype(np.float32)
    tokens = pooled(Tokens(values), lambda batch: batch.mean(dim=1, keepdim=True))
    assert isinstance(tokens, PooledTokens)
    assert tokens.shape == (600, 1, 3) and len(tokens) == 600
    rows = np.array([7, 3, 599])
    expected = values.mean(axis=1)
    np.testing.assert_allclose(tokens.batch(rows)[:, 0], expected[rows], atol=1e-6)
    np.testing.assert_allclose(collected(tokens).values[:, 0], expected, atol=1e-6)
    np.testing.assert_allclose(collected(tokens, rows).values[:, 0], expected[rows], atol=1e-6)


def test_rows_of_encoded_images():
    values = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
    encoded = EncodedImages(Tokens(values), ("key",))
    assert encoded.shape == (6, 2, 2)
    some = encoded[[4, 1, 3]][1:]
    assert len(some) == 2
    assert some.key == ("key",)
    np.testing.assert_array_equal(some.batch(np.array([1, 0])), values[[3, 1]])
    np.testing.assert_array_equal(encoded[2].batch(np.array([0])), values[[2]])
    np.testing.assert_array_equal(encoded[np.arange(6) > 3].batch(np.arange(2)), values[4:])


def test_batches_of_images_are_augmented_only_with_a_generator():
    X = noise(20)
    batches = ImageBatches(check_images(X), Preprocessing(None, "flip"))
    rows = np.arange(20)
    assert len(batches) == 20
    expected = torch.from_numpy(X).movedim(-1, 1)
    assert torch.equal(batches.batch(rows), expected)
    assert not torch.equal(batches.batch(rows, torch.Generator().manual_seed(0)), expected)
