"""Images through a frozen backbone."""

import numpy as np
import pytest
import torch
from made_images import noise
from torch import nn

from sklearn_ctran._images.encoder import Encoder
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.tokens import ImageBatches
from sklearn_ctran.modules.backbone import make_backbone


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
    assert "7/7" in capsys.readouterr().err


def test_a_backbone_keeps_its_mode():
    backbone = make_backbone("small").train()
    images = check_images(np.zeros((5, 8, 12, 3), dtype=np.uint8))
    Encoder(backbone, Preprocessing(None), batch_size=2).encode(images)
    assert backbone.training


def test_two_views_are_the_mean_of_an_image_and_its_mirror_image_turned_back():
    torch.manual_seed(0)
    backbone = make_backbone("small").freeze()
    images = np.random.RandomState(0).randint(256, size=(3, 8, 12, 3), dtype=np.uint8)

    def features(images, n_views):
        encoder = Encoder(backbone, Preprocessing(None), n_views=n_views)
        tokens = encoder.encode(check_images(images)).values
        anew = ImageBatches(check_images(images), encoder.preprocess)
        anew = encoder.encode_anew(anew, lambda x: x.flatten(2).transpose(1, 2))
        np.testing.assert_array_equal(anew.batch(np.arange(3)), tokens)
        return tokens.reshape(3, 2, 3, -1)

    mirrored = features(images[:, :, ::-1].copy(), 1)[:, :, ::-1]
    expected = (features(images, 1) + mirrored) / 2
    np.testing.assert_allclose(features(images, 2), expected, atol=1e-6)


@pytest.mark.parametrize("batch_size, sizes", [(3, [3, 3, 1]), (7, [7]), (64, [7])])
def test_images_go_through_in_batches(batch_size, sizes):
    seen = []

    class Seeing(nn.Conv2d):
        def forward(self, x):
            seen.append(len(x))
            return super().forward(x)

    backbone = make_backbone(Seeing(3, 4, 4)).freeze()
    seen.clear()
    images = check_images(noise(7))
    tokens = Encoder(backbone, Preprocessing(None), batch_size=batch_size).encode(images)
    assert tokens.shape == (7, 25, 4)
    assert seen == sizes


def test_the_key_of_tokens_depends_on_what_they_depend_on():
    torch.manual_seed(0)
    backbone, other = (make_backbone("small").freeze() for _ in range(2))

    def space(backbone=backbone, image_size=(8, 6), size=(6, 6), **params):
        encoder = Encoder(backbone, Preprocessing(image_size), **params)
        return encoder.space(size, backbone.fingerprint())

    assert space() == space(batch_size=2, verbose=1)
    assert space() == space(image_size=(8, 6), size=(6, 6), precision="float32")
    different = [
        space(),
        space(backbone=other),
        space(image_size=(9, 6)),
        space(size=(5, 5)),
        space(precision="bfloat16"),
        space(n_views=2),
    ]
    assert len(set(different)) == len(different)


@pytest.mark.parametrize("size", [(12, 8), None])
def test_encoded_anew(size):
    torch.manual_seed(0)
    backbone = make_backbone("small").freeze()
    images = check_images(noise(5, 8, 12))
    batches = ImageBatches(images, Preprocessing(size, "flip"))
    encoder = Encoder(backbone, batches.preprocess)
    encoded = encoder.encode_anew(batches, lambda features: features.flatten(2))
    assert len(encoded) == 5
    assert isinstance(encoded, ImageBatches)  # They have to be decoded: loaders may fetch ahead.
    rows = np.array([4, 1, 0])
    for seed in (None, 3, 4):
        generators = [None if seed is None else torch.Generator().manual_seed(seed) for _ in "ab"]
        got, pixels = (each.batch(rows, generators.pop()) for each in (encoded, batches))
        with torch.no_grad():
            expected = backbone(pixels).flatten(2)
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    assert not torch.equal(batches.batch(rows, torch.Generator().manual_seed(3)), pixels)
