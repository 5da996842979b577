"""Decoding files and PIL images: modes, bit depths, orientation, reduced sizes, headers only."""

import io
import struct

import numpy as np
import pytest
import torch
from made_images import as_tensor, load, noise, photo, textured
from PIL import Image

from sklearn_ctran._images import decoding as _decoding
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_pil_modes(mode):
    image = Image.fromarray(photo())
    image = image.convert("RGBA" if mode == "PA" else "RGB").convert(mode)
    expected = as_tensor(np.asarray(image.convert("RGB")))
    assert torch.equal(load([image])[0], expected)


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_pil_modes_with_premultiplied_alpha(mode):
    image = Image.fromarray(photo()).convert(mode[:-1] + "A")
    expected = as_tensor(np.asarray(image.convert("RGB")))
    assert torch.equal(load([image.convert(mode)])[0], expected)


def test_transparent_colour_of_a_palette_is_white(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "p.png", transparency=0)
    assert load([tmp_path / "p.png"])[0, :, 0].T.tolist() == [[255, 255, 255], [40, 50, 60]]


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_16_bit_is_scaled_not_clipped(mode, tmp_path):
    values = np.array([[0, 257, 32896, 65535]])
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "i4"}[mode]
    image = Image.fromarray(values.astype(dtype))
    assert image.mode == mode
    assert load([image])[0, 1].tolist() == [[0, 1, 128, 255]]
    image.save(tmp_path / "deep.tiff")
    assert load([tmp_path / "deep.tiff"])[0, 1].tolist() == [[0, 1, 128, 255]]


def test_16_bit_png(tmp_path):
    Image.fromarray(np.array([[0, 257, 65535]], dtype=np.uint16)).save(tmp_path / "deep.png")
    assert load([tmp_path / "deep.png"])[0, 0].tolist() == [[0, 1, 255]]


def test_pil_floats():
    assert load([Image.fromarray(np.array([[0, 0.5, 1]], dtype=np.float32))])[0, 0].tolist() == [
        [0, 128, 255]
    ]


MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("transparency", [False, True])
def test_strips_of_large_images_are_parts_of_the_whole(mode, transparency, monkeypatch):
    image = Image.fromarray(textured(31, 20)).convert("L" if mode in "IF" else "RGB")
    if mode in ("PA", "RGBa"):
        image = image.convert("RGBA")
    image = image.convert(mode)
    if mode == "F":
        image = Image.fromarray(np.asarray(image) / np.float32(255))
    if transparency and mode in ("1", "L", "P", "RGB"):
        image.info["transparency"] = (1, 2, 3) if mode == "RGB" else 1
    whole = load([image])
    monkeypatch.setattr(_decoding, "_STRIP_PIXELS", 79)  # three rows
    assert torch.equal(load([image]), whole)
    monkeypatch.setattr(_decoding, "_STRIP_PIXELS", 1)
    assert torch.equal(load([image]), whole)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation, tmp_path):
    upright = photo()
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(undo(upright))).save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as image:
        images = check_images([tmp_path / "turned.png", image])
        np.testing.assert_array_equal(images.sizes, [[24, 36]] * 2)
        batch = images.batch([0, 1], Preprocessing(None))
    assert torch.equal(batch[0], as_tensor(upright))
    assert torch.equal(batch[1], as_tensor(upright))


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_files_are_turned_once(orientation, decode, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(photo())
    image.save(tmp_path / "turned.png", exif=exif)
    image.save(tmp_path / "turned.tiff", exif=exif)
    images = check_images([tmp_path / "turned.png", tmp_path / "turned.tiff"], decode=decode)
    batch = images.batch([0, 1], Preprocessing(None))
    assert torch.equal(batch[0], batch[1])


def exif_block(kind, value):
    """EXIF data with one entry, the orientation, of any type."""
    return b"Exif\0\0II*\0" + struct.pack("<IHHHI", 8, 1, 0x0112, kind, 1) + value + bytes(4)


NONSENSE = {
    **{number: exif_block(3, struct.pack("<I", number)) for number in (0, 9, 10, 11, 65535)},
    "text": exif_block(2, b"6\0\0\0"),
    "bytes": exif_block(7, b"\6\0\0\0"),
    "nothing": b"Exif\0\0",
    "cut": exif_block(3, b"\6\0\0\0")[:20],
    "no TIFF": b"Exif\0\0nonsense, and more of it",
    "of an unknown type": exif_block(99, b"\6\0\0\0"),
    "beyond the end": exif_block(5, struct.pack("<I", 1 << 31)),
    "random": b"Exif\0\0" + bytes(range(200)),
}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_as_orientation_is_upright(name, suffix, tmp_path):
    path, upright = tmp_path / f"image.{suffix}", tmp_path / f"upright.{suffix}"
    image = Image.fromarray(photo())
    image.save(upright)
    image.save(path, exif=NONSENSE[name])
    expected = load([upright])
    for decode in (False, True):
        assert torch.equal(load([path], decode=decode), expected)
        with Image.open(path) as lazy:
            images = check_images([lazy, path], decode=decode)
            assert images.batch([0, 1], Preprocessing(None)).shape == (2, *expected.shape[1:])
            assert len(set(images.keys())) == 2


@pytest.mark.parametrize("value", [9, "6", b"6", (6, 6), [6], None, float("nan")])
def test_nonsense_as_orientation_of_a_pil_image_is_upright(value):
    image = Image.fromarray(photo())
    image.getexif()[0x0112] = value
    assert torch.equal(load([image])[0], as_tensor(photo()))


def save_jpeg(path, image, orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, quality=90, exif=exif)
    return path


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_large_jpegs_are_decoded_at_reduced_size(scale, mode, tmp_path):
    side = 24
    image = Image.fromarray(textured(2 * side * scale, 3 * side * scale)).convert(mode)
    path = save_jpeg(tmp_path / "large.jpg", image)
    assert _decoding.load(0, path, 2 * side).shape == (3, 2 * side, 3 * side)
    with Image.open(path) as file:
        full = load([np.asarray(file.convert("RGB"))], side)
    error = (load([path], side).float() - full.float()).abs()
    assert error.mean() < 1.5
    assert error.max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_reduced_jpegs_are_turned_too(orientation, tmp_path):
    path = save_jpeg(tmp_path / "turned.jpg", Image.fromarray(textured(160, 332)), orientation)
    with Image.open(path) as file:
        full = load([file], 20)
    assert _decoding.load(0, path, 40).shape[1:] == ((40, 83) if orientation < 5 else (83, 40))
    assert (load([path], 20).float() - full.float()).abs().mean() < 1.5


@pytest.mark.parametrize(
    ("suffix", "height", "image_size"),
    [("jpg", 160, 54), ("jpg", 160, None), ("jpg", 161, 20), ("png", 160, 20)],
)
def test_what_is_decoded_in_full(suffix, height, image_size, tmp_path):
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(textured(height, 240)).save(path)
    with Image.open(path) as file:
        expected = load([np.asarray(file)], image_size)
    assert torch.equal(load([path], image_size), expected)


def test_the_faster_jpeg_decoder_reads_the_same(tmp_path, monkeypatch):
    pytest.importorskip("simplejpeg")
    image = Image.fromarray(textured(50, 61))
    X = [
        save_jpeg(tmp_path / f"{mode}{turn}.jpg", image.convert(mode), turn)
        for mode in ("RGB", "L", "CMYK")
        for turn in (1, 6)
    ]
    images = check_images(X)
    assert images.are_plain.tolist() == [True, False, True, False, False, False]
    fast = images.batch(range(6), Preprocessing(24))
    monkeypatch.setattr(_decoding, "_HAS_SIMPLEJPEG", False)
    assert torch.equal(images.batch(range(6), Preprocessing(24)), fast)


def test_headers_tell_sizes_without_decoding(paths, monkeypatch, tmp_path):
    turned = save_jpeg(tmp_path / "turned.jpg", Image.fromarray(photo(10, 14)), orientation=6)
    X = [*paths, turned]
    sizes = check_images(X).sizes

    def forbidden(image):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", forbidden)
    np.testing.assert_array_equal(check_images(X, decode=False).sizes, sizes)


def test_headers_tell_what_is_no_image(paths, tmp_path):
    odd = tmp_path / "odd.png"
    odd.write_bytes(b"not an image")
    with pytest.raises(ValueError, match=r"row 1: .*odd\.png: cannot be read"):
        check_images([paths[0], odd], decode=False)
    with pytest.raises(FileNotFoundError, match=r"row 0: .*nowhere\.jpg"):
        check_images(["nowhere.jpg"], decode=False)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_broken_pixels_are_named_when_they_are_decoded(paths, tmp_path, suffix, n_jobs):
    broken = tmp_path / f"broken.{suffix}"
    Image.fromarray(noise(1, 120, 100)[0]).save(broken)
    broken.write_bytes(broken.read_bytes()[:-3000])
    images = check_images([*paths, broken, broken], decode=False, n_jobs=n_jobs)
    with pytest.raises(ValueError, match=rf"row 3: .*broken\.{suffix}: cannot be read"):
        images.batch(range(5), Preprocessing(8))


def test_a_file_whose_size_changes_is_named(paths):
    images = check_images([paths[0]] * 2)
    Image.fromarray(photo(24, 35)).save(paths[0])
    with pytest.raises(ValueError, match="row 0 is 24 x 35 pixels, but 24 x 36 .*changed"):
        images.batch([0, 1], Preprocessing(None))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_truncated_files_are_named(paths, tmp_path, suffix, share, n_jobs):
    broken = tmp_path / f"broken.{suffix}"
    Image.fromarray(noise(1, 120, 100)[0]).save(broken)
    data = broken.read_bytes()
    broken.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=rf"row 2: .*broken\.{suffix}: cannot be read"):
        check_images([*paths[:2], broken], n_jobs=n_jobs)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n\0\0\0"])
def test_files_that_are_no_image_are_named(content, tmp_path):
    (tmp_path / "odd.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"row 0: .*odd\.png: cannot be read"):
        check_images([tmp_path / "odd.png"])


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(ValueError, match="row 0: .*cannot be read"):
        check_images([tmp_path])


def test_huge_files_are_named(tmp_path, monkeypatch):
    Image.fromarray(photo()).save(tmp_path / "huge.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=r"row 0: .*huge\.png: .*decompression bomb"):
        check_images([tmp_path / "huge.png"])


def test_corel_photos(shared):
    folder = shared / "data" / "corel5k" / "images"
    X = [folder / f"{name}.jpeg" for name in ("1000", "10000", "100000")]
    with io.BytesIO(X[0].read_bytes()) as file, Image.open(file) as image:
        expected = as_tensor(np.asarray(image.convert("RGB")))
    images = check_images(X, n_jobs=2)
    assert torch.equal(images.batch([0], Preprocessing(None))[0], expected)
    assert images.sizes[0].tolist() == list(expected.shape[1:])
    resized = load([np.asarray(expected.movedim(0, -1))], 64)[0].float()
    batch = images.batch([0, 1, 2], Preprocessing(64)).float()
    assert (batch[0] - resized).abs().mean() < 2  # it may be decoded at a reduced size
    assert (batch[1] - resized).abs().mean() > 20  # another photo
