"""Images of other numbers of channels than colours have: multispectral arrays."""

import numpy as np
import pytest
import torch
from small_models import quick
from torch import nn

from sklearn_ctran import ImageTokens, load
from sklearn_ctran._images.pictures import read_pictures


def some_bands(n_bands, n=12, dtype=np.uint8):
    rng = np.random.RandomState(0)
    X = rng.randint(256, size=(n, 24, 32, n_bands))
    return (X / 255 if dtype is float else X).astype(dtype), rng.randint(2, size=(n, 3))


class Bands(nn.Module):
    """The mean of each band in cells of 8 x 8 pixels."""

    def forward(self, images):
        return nn.functional.avg_pool2d(images, 8)


@pytest.mark.parametrize("n_bands", [2, 5, 13])
@pytest.mark.parametrize("dtype", [np.uint8, float])
def test_a_module_of_ones_own_reads_bands_between_0_and_1(n_bands, dtype):
    X, _ = some_bands(n_bands, dtype=dtype)
    tokens = ImageTokens(Bands(), image_size=None, cache=None).fit_transform(X)
    pixels = X.astype(float) / (1 if dtype is float else 255)
    expected = pixels.reshape(len(X), 3, 8, 4, 8, n_bands).mean(axis=(2, 4))
    np.testing.assert_allclose(tokens, expected.reshape(len(X), 12, n_bands), atol=1e-5)


def test_every_form_of_a_set_of_arrays():
    X, y = some_bands(6)
    model = quick(nn.Conv2d(6, 8, 8, 8), image_size=16, max_epochs=1).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.shape == (12, 3)

    class Dataset(torch.utils.data.Dataset):
        def __len__(self):
            return len(X)

        def __getitem__(self, row):
            return torch.from_numpy(X[row]).movedim(-1, 0), 0

    for form in (list(X), tuple(X), Dataset()):
        np.testing.assert_allclose(model.predict_proba(form), proba, atol=1e-6)
    resized = [np.ascontiguousarray(X[0][:16]), *X[1:]]
    assert model.predict_proba(resized).shape == proba.shape


@pytest.mark.parametrize("trains", [False, True])
def test_timms_networks(trains, tmp_path):
    pytest.importorskip("timm")
    X, y = some_bands(13)
    model = quick("timm/test_resnet", weights=None, image_size=32, train_backbone=trains)
    proba = model.fit(X, y).predict_proba(X)
    other = X.copy()
    other[..., 12] = 255 - other[..., 12]
    assert np.abs(model.predict_proba(other) - proba).max() > 0  # The last band counts.
    model.save(tmp_path / "model.ctran")
    np.testing.assert_array_equal(load(tmp_path / "model.ctran").predict_proba(X), proba)
    assert "timm/test_resnet" in repr(model.summary(n_steps=1))


@pytest.mark.parametrize("backbone", ["resnet18", "small"])
@pytest.mark.parametrize("kind", [quick, ImageTokens])
def test_networks_that_read_three_channels(backbone, kind):
    X, y = some_bands(5)
    with pytest.raises(ValueError, match=f"have 5 channels, but backbone '{backbone}' reads three"):
        kind(backbone, weights=None, image_size=32).fit(X, y)


@pytest.mark.parametrize("kind", [quick, ImageTokens])
def test_another_number_of_bands_than_in_the_fit(kind):
    X, y = some_bands(5)
    model = kind(nn.Conv2d(5, 4, 8, 8), image_size=16).fit(X, y)
    ask = model.transform if kind is ImageTokens else model.predict
    for n_bands in (3, 6):
        with pytest.raises(ValueError, match=f"have {n_bands} channels, but .* made for 5"):
            ask(some_bands(n_bands)[0])
    if kind is quick:
        model.set_params(warm_start=True)
        with pytest.raises(ValueError, match="have 6 channels, but .* made for 5"):
            model.fit(some_bands(6)[0], y)


def test_rows_of_different_bands():
    X, y = some_bands(5)
    rows = [*X[:11], X[11][..., :3]]
    with pytest.raises(ValueError, match="row 11 has 3 channels, but row 0 has 5"):
        quick(nn.Conv2d(5, 4, 8, 8), image_size=16).fit(rows, y)


def test_four_channels_are_colours_and_transparency():
    X, y = some_bands(4)
    model = quick("small", image_size=16, max_epochs=1).fit(X, y)
    assert model.net_.module_.backbone.n_inputs == 3
    opaque = X.copy()
    opaque[..., 3] = 255
    np.testing.assert_array_equal(
        model.predict_proba(opaque), model.predict_proba(np.ascontiguousarray(X[..., :3]))
    )


@pytest.mark.parametrize("shape", [(12, 3, 24, 32), (12, 3, 32, 32), (12, 13, 32, 32)])
def test_channels_that_come_first_are_refused(shape):
    with pytest.raises(ValueError, match=r"looks channels-first: give X.transpose\(0, 2, 3, 1\)"):
        ImageTokens(Bands()).fit(np.zeros(shape, np.uint8))


def test_too_many_bands():
    with pytest.raises(ValueError, match="expected an array"):
        ImageTokens(Bands()).fit(np.zeros((2, 8, 9, 1025), np.uint8))


def test_augmentation_and_both_views():
    X, y = some_bands(5)
    quick(nn.Conv2d(5, 4, 8, 8), image_size=(24, 16), augment="flip+crop", max_epochs=1).fit(X, y)
    tokens = ImageTokens(Bands(), image_size=None, n_views=2, cache=None)
    once = ImageTokens(Bands(), image_size=None, cache=None).fit(X)
    np.testing.assert_allclose(
        tokens.fit_transform(X),
        (
            once.transform(X).reshape(12, 3, 4, 5)
            + once.transform(X[:, :, ::-1]).reshape(12, 3, 4, 5)[:, :, ::-1]
        ).reshape(12, 12, 5)
        / 2,
        atol=1e-5,
    )


@pytest.mark.parametrize("n_bands", [2, 7])
def test_pictures_show_the_first_bands(n_bands):
    X, _ = some_bands(n_bands)
    shown = read_pictures(X, [3])[0]
    expected = X[3][..., :3] if n_bands > 2 else np.repeat(X[3][..., :1], 3, axis=-1)
    np.testing.assert_array_equal(shown, expected)
