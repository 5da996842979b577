"""Networks that read one feature vector per image: how it comes from an image's tokens."""

import numpy as np
import pytest

from sklearn_ctran import ImageTokens
from sklearn_ctran.baselines import ConceptBottleneck, LinearHead, MultiTask, StandardMLP

KINDS = [LinearHead, StandardMLP, MultiTask, ConceptBottleneck]


@pytest.mark.parametrize("pool", ["mean", "max", "gem"])
@pytest.mark.parametrize("kind", KINDS)
def test_images_are_those_of_image_tokens(pictures, kind, pool):
    images, Y = pictures
    where = {"image_size": None, "random_state": 0, "pool": pool}
    model = kind("small", train_backbone=False, max_epochs=1, **where).fit(images, Y)
    pooled = ImageTokens("small", **where).fit_transform(images)
    encoded = model.encode(images)
    assert encoded.shape == (48, 1, pooled.shape[1])
    np.testing.assert_allclose(encoded.batch(np.arange(48))[:, 0], pooled, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.predict_proba(encoded), model.predict_proba(images))
    module = model.net_.module_
    np.testing.assert_allclose(module.feature_mean, pooled.mean(axis=0), rtol=1e-4, atol=1e-5)


def test_tokens_are_pooled(noisy_table):
    tokens = np.random.RandomState(0).randn(150, 4, 5).astype(np.float32)
    model = LinearHead(None, pool="max", max_epochs=1).fit(tokens, noisy_table[1])
    read = model.encode(tokens).batch(np.arange(150))
    np.testing.assert_array_equal(read[:, 0], tokens.max(axis=1))
