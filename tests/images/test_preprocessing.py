"""Resizing, cropping and augmenting; what is said about settings that will not do."""

import numpy as np
import pytest
import torch
from made_images import as_tensor, load, noise, photo
from torchvision.transforms import v2 as transforms

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing


def rng_for(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_whole_image_is_squashed():
    batch = load([photo(60, 90), photo(30, 15)], 20)
    assert batch.shape == (2, 3, 20, 20)
    error = batch[0].float() - batch[1].float()
    assert error.abs().max() < 12


def test_resizing_an_array_equals_resizing_its_rows():
    X = noise(4, 30, 20)
    assert torch.equal(load(X, 12), load(list(X), 12))


def test_resizing_is_antialiased():
    stripes = np.zeros((1, 64, 64, 3), dtype=np.uint8)
    stripes[:, :, ::2] = 255
    assert (load(stripes, 8).float() - 127.5).abs().max() < 6


@pytest.mark.parametrize(
    ("size", "least"), [((72, 72), 36), ((200, 73), 36), ((200, 71), None), ((70, 200), None)]
)
def test_decoding_leaves_half_as_much_again(size, least):
    assert Preprocessing(24).least_side(size) == least
    assert Preprocessing((24, 20)).least_side(size) == least
    assert Preprocessing(None).least_side(size) is None


@pytest.mark.parametrize("image_size", [None, 8, 6, (8, 6)])
@pytest.mark.parametrize("as_list", [False, True])
def test_batches_are_channels_last(image_size, as_list):
    X = noise(3)
    images = check_images(list(X) if as_list else X)
    for generator in (None, rng_for()):
        batch = images.batch([0, 2], Preprocessing(image_size, "flip"), generator)
        assert batch.is_contiguous(memory_format=torch.channels_last)


def test_flipping_leaves_the_users_pixels_alone():
    X = noise(9)
    before = X.copy()
    for rows in (X, list(X)):
        check_images(rows).batch(range(9), Preprocessing(None, "flip"), rng_for())
    np.testing.assert_array_equal(X, before)


def test_the_middle_is_cut_out():
    X = noise(2, 10, 10)
    batch = load(X, (10, 6))
    assert torch.equal(batch, load(np.ascontiguousarray(X[:, 2:8, 2:8])))
    trained = Preprocessing((10, 6), "flip")
    images = check_images(X)
    assert torch.equal(images.batch([0, 1], trained), batch)


def test_calling_it_equals_a_batch():
    X = noise(2, 10, 12)
    preprocess = Preprocessing((8, 6), "flip+crop")
    batch = check_images(X).batch([0, 1], preprocess, rng_for(3))
    assert torch.equal(preprocess([as_tensor(x) for x in X], rng_for(3)), batch)


def test_flips_are_per_image_and_reproducible():
    X = noise(64)
    images, flip = check_images(X), Preprocessing(None, "flip")
    plain = images.batch(range(64), flip)
    batch = images.batch(range(64), flip, rng_for(1))
    flipped = [torch.equal(a, b.flip(-1)) for a, b in zip(batch, plain, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(batch, plain, strict=True)]
    assert np.all(np.array(flipped) ^ np.array(kept))
    assert 16 < sum(flipped) < 48
    assert torch.equal(images.batch(range(64), flip, rng_for(1)), batch)
    assert not torch.equal(images.batch(range(64), flip, rng_for(2)), batch)


def test_crops_move_and_are_reproducible():
    y, x = np.mgrid[:12, :12].astype(np.uint8)
    X = np.repeat(np.stack([y, x, 20 * x], axis=-1)[None], 200, axis=0)
    images, crop = check_images(X), Preprocessing((12, 9), "crop")
    batch = images.batch(range(200), crop, rng_for(1))
    corners = batch[:, :2, 0, 0].tolist()
    assert {tuple(corner) for corner in corners} == {(i, j) for i in range(4) for j in range(4)}
    assert torch.equal(images.batch(range(200), crop, rng_for(1)), batch)
    assert torch.equal(images.batch(range(200), crop), load(X, (12, 9)))


def test_crops_of_several_sizes_are_resized_and_reproducible():
    y, x = np.mgrid[:40, :40].astype(np.uint8)
    X = np.repeat(np.stack([5 * y, 5 * x, y], axis=-1)[None], 200, axis=0)
    images, scale = check_images(X), Preprocessing((40, 30), "scale")
    batch = images.batch(range(200), scale, rng_for(1)).float()
    assert batch.shape == (200, 3, 30, 30)
    heights, widths = ((side[..., -1] - side[..., 0]) / 5 for side in _edges(batch))
    sides = heights * 30 / 29  # From the first row's middle to the last's.
    assert {round(float(side) / 4) for side in sides} == {5, 6, 8, 9, 10}
    torch.testing.assert_close(heights, widths, atol=1.0, rtol=0)
    assert torch.equal(images.batch(range(200), scale, rng_for(1)).float(), batch)
    assert torch.equal(images.batch(range(200), scale), load(X, (40, 30)))
    flipped = images.batch(range(200), Preprocessing((40, 30), "flip+scale"), rng_for(1))
    mirrored = flipped[:, 1, 0, 0] > flipped[:, 1, 0, -1]
    assert 70 < mirrored.sum() < 130


def _edges(batch):
    """Rows' numbers along the height, and columns' along the width."""
    return batch[:, 0, :, 15], batch[:, 1, 15, :]


def test_callables_are_seeded_and_for_training_only():
    def jitter(batch):
        return batch ^ torch.randint(0, 2, batch.shape, dtype=torch.uint8)

    X = noise(3)
    images, preprocess = check_images(X), Preprocessing(None, jitter)
    before = torch.random.get_rng_state()
    batch = images.batch([0, 1, 2], preprocess, rng_for(0))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(batch, load(X))
    assert torch.equal(batch, images.batch([0, 1, 2], preprocess, rng_for(0)))
    assert torch.equal(images.batch([0, 1, 2], preprocess), load(X))


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (lambda batch: batch.float(), "uint8 tensor, but returned torch.float32"),
        (lambda batch: None, "returned NoneType"),
        (lambda batch: batch[:1], r"shape \(2, 3, 8, 8\), but returned \(1, 3, 8, 8\)"),
    ],
)
def test_callables_must_return_a_batch(augment, message):
    images = check_images(noise(2))
    with pytest.raises(ValueError, match=message):
        images.batch([0, 1], Preprocessing(None, augment), rng_for())


def test_sizes_must_be_equal_if_they_are_kept():
    images = check_images([photo(8, 6), photo(8, 6), photo(6, 8)])
    Preprocessing(7).check(images)
    as_is = Preprocessing(None)
    with pytest.raises(ValueError, match="row 2 is 6 x 8 pixels and row 0 is 8 x 6"):
        as_is.check(images)
    as_is.check(check_images(noise(2)))


@pytest.mark.parametrize("value", [0, -3, 2.5, "224", True, (8, 9), (8,), (9, 8, 7), (9, 0), ()])
def test_wrong_image_sizes(value):
    with pytest.raises(ValueError, match="image_size must be"):
        Preprocessing(value)


def test_numpy_image_sizes():
    assert torch.equal(load(noise(1), np.int64(5)), load(noise(1), 5))


def test_wrong_augmentations():
    with pytest.raises(ValueError, match="augment must be None, one of"):
        Preprocessing(32, "mirror")
    with pytest.raises(ValueError, match=r"needs image_size=\(resize, crop\)"):
        Preprocessing(32, "flip+crop")
    with pytest.raises(ValueError, match=r"needs image_size=\(resize, crop\)"):
        Preprocessing(32, "scale")


@pytest.mark.parametrize("size", [(40, 60), (60, 40), (50, 50), (13, 90)])
@pytest.mark.parametrize("mode", ["center", "squash"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_other_ways_to_resize_are_those_of_torchvision(size, mode, interpolation):
    image = torch.randint(256, (3, *size), dtype=torch.uint8)
    preprocessing = Preprocessing((36, 32, mode, interpolation))
    expected = transforms.Compose(
        [
            transforms.Resize(
                36 if mode == "center" else (36, 36),
                transforms.InterpolationMode(interpolation),
                antialias=True,
            ),
            transforms.CenterCrop(32),
        ]
    )(image)
    torch.testing.assert_close(preprocessing([image])[0], expected, rtol=0, atol=0)
    assert preprocessing.final_size(size) == (32, 32)
    is_usual = (mode, interpolation) == ("squash", "bilinear")
    assert preprocessing.image_size == (36, 32, mode, interpolation)[: 2 if is_usual else 4]


def test_what_resizing_depends_on():
    """Tokens are cached under it: the usual way has the key that it always had."""
    assert Preprocessing((35, 32)).steps == Preprocessing(35).steps == "35"
    assert Preprocessing((35, 32, "squash", "bilinear")).steps == "35"
    assert Preprocessing((35, 32, "center", "bicubic")).steps == "35 center bicubic"


def test_crops_in_the_middle_are_not_random():
    with pytest.raises(ValueError, match="crops, which needs image_size="):
        Preprocessing((35, 32, "center", "bicubic"), augment="crop")
