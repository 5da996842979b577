"""Files that are much smaller or larger than their picture: neither memory nor time is spent."""

import io
import os
import tracemalloc

import numpy as np
import pytest
import torch
from encoded_images import encoded_images, png_chunk
from fuzzing import time_limit
from made_images import load, noise, textured
from PIL import Image, ImageDraw

from sklearn_ctran._images import bounded as _bounded
from sklearn_ctran._images.images import check_images

# PIL's own, of pictures above its limit
pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


@pytest.fixture
def little_head(monkeypatch):
    """Read at most a megabyte beside the pixels, for tests that do not wait."""
    monkeypatch.setattr(_bounded, "_HEAD_BYTES", 1 << 20)
    monkeypatch.setattr(_bounded._Bounded, "left", 1 << 20)


def encode(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def drawing(side, n_lines=20):
    """A sheet with few lines."""
    rng = np.random.default_rng(0)
    image = Image.new("RGB", (side, side), "white")
    for points in rng.integers(0, side, (n_lines, 4)).tolist():
        ImageDraw.Draw(image).line(points, tuple(rng.integers(0, 200, 3).tolist()), width=3)
    return image


@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        *(("PNG", mode, {}) for mode in ("RGB", "P", "L", "1")),
        ("GIF", "P", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("JPEG", "RGB", {}),
    ],
)
def test_large_drawings_are_read(monkeypatch, format, mode, options):
    data = encode(drawing(3000).convert(mode), format, **options)
    expected = load([data], 8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000_000)
    assert torch.equal(load([data], 8), expected)


def test_large_scans_are_read(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)
    scan = Image.fromarray(textured(400, 400))
    assert load([encode(scan, "JPEG", quality=5), encode(scan, "PNG")], 8).any()


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_large_empty_sheets_are_bombs(tmp_path, monkeypatch, format):
    (tmp_path / "bomb").write_bytes(encode(Image.new("RGB", (3000, 3000)), format))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000_000)
    X = [noise(1)[0], tmp_path / "bomb"]
    for item in (X[1], X[1].read_bytes()):
        with pytest.raises(
            ValueError, match="row 1: .* [0-9,]+ bytes .* 3000 x 3000 pixels, like a decompression"
        ):
            check_images([X[0], item], decode=False)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert load(X, 8).shape == (2, 3, 8, 8)


@pytest.mark.skipif(os.name != "posix", reason="needs alarms and sparse files")
@pytest.mark.parametrize("name", encoded_images())
def test_files_with_a_hole_cost_nothing(tmp_path, little_head, name):
    """Files of 4 GB: all of a picture, half of it or its first bytes, and nothing behind."""
    data, path = encoded_images()[name], tmp_path / "image"
    for length in (len(data), len(data) // 2, 30, 12, 4):
        path.write_bytes(data[:length])
        os.truncate(path, 1 << 32)
        tracemalloc.start()
        with time_limit(10), pytest.raises(ValueError, match="row 0: .*cannot be read as an image"):
            check_images([path])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20_000_000


def test_what_is_far_too_large_is_named(tmp_path, little_head):
    data = encode(Image.fromarray(noise(1)[0]), "BMP")
    with pytest.raises(
        ValueError, match=r"row 0: .* 2,000,246 bytes claim to be 8 x 8 pixels, far"
    ):
        check_images([data + bytes(2_000_000)])
    assert torch.equal(load([data + bytes(1_000_000)]), load([data]))


@pytest.mark.parametrize("place", [33, -12])
def test_long_metadata_are_refused_before_they_are_read(little_head, place):
    data = encode(Image.fromarray(noise(1)[0]), "PNG")

    def with_text(length):
        return data[:place] + png_chunk(b"tEXt", b"a\0" + bytes(length)) + data[place:]

    assert torch.equal(load([with_text(900_000)]), load([data]))
    with pytest.raises(ValueError, match=r"row 0: .* huge metadata"):
        check_images([with_text(1_048_400)])


def test_large_pictures_have_pixels(little_head):
    pixels = noise(1, 800, 800)[0]
    data = encode(Image.fromarray(pixels), "PNG")
    assert len(data) > 1 << 20
    np.testing.assert_array_equal(load([data])[0].movedim(0, -1), pixels)
