"""Pictures to look at, of any kind of images."""

import numpy as np
import pytest
from PIL import Image

from sklearn_ctran._images.pictures import are_pictures, read_pictures


def test_paths_arrays_and_pil_images(tmp_path):
    pixels = np.random.RandomState(0).randint(256, size=(10, 14, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    X = [str(tmp_path / "a.png"), pixels, Image.fromarray(pixels)]
    for picture in read_pictures(X, [0, 1, 2]):
        np.testing.assert_array_equal(picture, pixels)
    (picture,) = read_pictures(pixels[None, ..., 0], [0])
    np.testing.assert_array_equal(picture, np.repeat(pixels[..., :1], 3, axis=2))


def test_large_ones_become_small_in_their_proportions():
    (picture,) = read_pictures([np.full((100, 400, 3), 7, dtype=np.uint8)], [0], longest=40)
    assert picture.shape == (10, 40, 3)


def test_only_the_rows_asked_for_are_read(tmp_path):
    pixels = np.zeros((4, 4, 3), dtype=np.uint8)
    assert len(read_pictures([str(tmp_path / "missing.png"), pixels], [1])) == 1
    with pytest.raises(FileNotFoundError, match="row 0.*missing.png"):
        read_pictures([str(tmp_path / "missing.png"), pixels], [0])
    with pytest.raises(ValueError, match="no row 2: X has 2 images"):
        read_pictures([pixels, pixels], [2])


def test_numbers_are_no_pictures():
    features = np.random.RandomState(0).randn(5, 3)
    with pytest.raises(ValueError, match="numbers, not images"):
        read_pictures(features, [0])
    assert not are_pictures(features)
    assert not are_pictures(features.tolist())
    assert not are_pictures(features[:, None])
    assert are_pictures(np.zeros((2, 8, 8), dtype=np.uint8))
    assert are_pictures(["a.png", "b.png"])
