"""Sets of images that would be read as black: warned of, and no other set is."""

import io

import numpy as np
import pytest
from made_images import load, noise, textured
from PIL import Image, ImageFile

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing


def grey(n, top, dtype=np.uint8, seed=0):
    """Grey images (n, 8, 8) of values 0..top, top included."""
    X = np.random.default_rng(seed).integers(0, top + 1, (n, 8, 8)).astype(dtype)
    X[:, 0, 0] = top
    return X


def encoded(array, format="PNG"):
    file = io.BytesIO()
    Image.fromarray(array).save(file, format)
    return file.getvalue()


def forms(X):
    """A set of grey images in every form: as arrays, as PIL images and as files."""
    colour = np.repeat(X[..., None], 3, axis=-1)
    yield X, colour, X[..., None], list(X), list(colour)
    yield ([Image.fromarray(x) for x in X],)
    if X.dtype.itemsize <= 2:
        yield [encoded(x) for x in X], [encoded(x, "TIFF") for x in X]


DARK = [
    (grey(2, 1), "uint8 pixels is 1, but white is 255: .*masks, give them as bool, x.astype.bool"),
    (grey(10, 15), "uint8 pixels is 15, .*If 15 is white, give floats, x / 15 "),
    (grey(10, 16), "uint8 pixels is 16, .*If 16 is white, give floats, x / 16 "),
    (grey(10, 16, np.float32) / np.float32(255), "float pixels is 0.063, but white is 1"),
    (grey(2, 4095, np.uint16), r"16-bit pixels is 4095, but .* 65535: .*give floats, x / 4095 \("),
    (grey(2, 3500, np.uint16), "16-bit pixels is 3500, .* x / 4095 "),
    (grey(3, 1023, np.uint16), "x / 1023 "),
    (grey(10, 16383, np.uint16), "x / 16383 "),
    (grey(2, 255, np.uint16), r"If 255 is white, give them as uint8, x.astype\('uint8'\)"),
    (grey(2, 255, np.int32), r"16-bit pixels is 255, .*x.astype\('uint8'\)"),
    (grey(2, 1, np.uint16), "16-bit pixels is 1, .*as bool"),
    (grey(2, 255, np.float32) / np.float32(65025), "all float pixels is 0.0039, but white is 1"),
    (grey(10, 4095, np.float32) / np.float32(65535), "float pixels is 0.062, .*means white, once"),
]


@pytest.mark.parametrize(("X", "message"), DARK, ids=[message[:30] for _, message in DARK])
def test_a_set_that_would_be_black_is_warned_of(X, message):
    for sets in forms(X):
        for form in sets:
            is_array = isinstance(form, np.ndarray) or isinstance(form[0], np.ndarray)
            if X.dtype == np.int32 and is_array:
                continue  # no dtype of arrays
            for decode in (False, True):
                with pytest.warns(UserWarning, match=message) as warned:
                    check_images(form, decode=decode)
                assert len(warned) == 1
                assert warned[0].filename == __file__


def test_what_the_warnings_advise_is_right():
    mask, twelve, eight = grey(3, 1), grey(3, 4095, np.uint16), grey(3, 255)
    assert np.array_equal(load(mask.astype(bool))[:, 0].numpy(), mask * 255)
    expected = np.rint(twelve * (255 / 4095)).astype(np.uint8)
    assert np.array_equal(load(twelve / 4095)[:, 0].numpy(), expected)
    assert np.array_equal(load(eight.astype(np.uint16).astype("uint8"))[:, 0].numpy(), eight)
    file = io.BytesIO(encoded(twelve[0]))
    assert np.array_equal(np.asarray(Image.open(file)) / 4095, twelve[0] / 4095)


BRIGHT = {
    "uint8": noise(12)[..., 0],
    "digits": grey(12, 255),
    "dark photos": grey(12, 40),
    "dark 16-bit photos": grey(12, 17_000, np.uint16),
    "dark floats": grey(12, 30, np.float32) / np.float32(255),
    "floats": grey(12, 255, np.float32) / np.float32(255),
    "masks of floats": grey(12, 1, np.float32),
    "masks": grey(12, 1).astype(bool),
    "a few darker ones": grey(9, 16),
    "a few 14-bit ones": grey(9, 16383, np.uint16),
    "black": np.zeros((12, 8, 8), np.uint8),
    "black 16-bit": np.zeros((12, 8, 8), np.uint16),
    "black floats": np.zeros((12, 8, 8)),
    "one image that is not black": np.concatenate([np.zeros((12, 8, 8), np.uint8), grey(1, 1)]),
}


@pytest.mark.parametrize("name", BRIGHT)
def test_other_sets_are_not_warned_of(name):
    for sets in forms(BRIGHT[name]):
        for form in sets:
            for decode in (False, True):
                check_images(form, decode=decode)


@pytest.mark.parametrize(("X", "message"), DARK, ids=[message[:30] for _, message in DARK])
def test_one_image_alone_or_among_bright_ones_is_not_warned_of(X, message):
    bright = {
        "u1": grey(1, 255),
        "u2": grey(1, 65535, np.uint16),
        "i4": grey(1, 65535, np.int32),
        "f4": grey(1, 1, np.float32),
    }[X.dtype.str[1:]]
    for sets in zip(forms(X), forms(bright), strict=True):
        for form, other in zip(*sets, strict=True):
            is_array = isinstance(form, np.ndarray) or isinstance(form[0], np.ndarray)
            if X.dtype == np.int32 and is_array:
                continue
            for decode in (False, True):
                check_images(form[:1], decode=decode)
                check_images([*form, *other, *form], decode=decode, n_jobs=2)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_dark_masks_among_photos_are_not_warned_of(format):
    photos = [encoded(image, format) for image in (textured(20, 20), textured(20, 30, 1))]
    check_images([*grey(12, 1), *photos])
    check_images([Image.fromarray(x) for x in grey(12, 1)] + [Image.fromarray(noise(1)[0])])


def test_transparent_pixels_are_white():
    icons = np.zeros((12, 8, 8, 4), np.uint8)
    icons[:, :4] = 10, 10, 10, 255
    for form in (icons, list(icons), [Image.fromarray(x) for x in icons]):
        check_images(form)


def test_each_kind_of_pixels_is_judged_alone():
    with pytest.warns(UserWarning, match="16-bit pixels is 4095"):
        check_images([*grey(12, 4095, np.uint16), *noise(12)])


def test_only_grey_files_are_decoded_and_none_after_a_bright_one(monkeypatch):
    decoded = []
    load_pixels = ImageFile.ImageFile.load

    def spy(image):
        decoded.append(image.mode)
        return load_pixels(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", spy)
    check_images([encoded(x) for x in noise(9)], decode=False)
    assert decoded == []
    check_images([encoded(x) for x in grey(1, 255)], decode=False)
    assert decoded == []
    check_images([encoded(x) for x in [*grey(3, 1), *grey(6, 255)]], decode=False)
    assert len(set(decoded)) == 1
    assert len(decoded) < 9


def test_a_broken_file_is_named_when_it_is_decoded():
    broken = encoded(grey(1, 1)[0])[:-30]
    images = check_images([broken, encoded(grey(1, 255)[0])], decode=False)
    with pytest.raises(ValueError, match="row 0: cannot be read as an image"):
        images.batch([0, 1], Preprocessing(8))
