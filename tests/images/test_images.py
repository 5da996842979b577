"""Images of every kind people have, and what is said about those that cannot be used."""

import io
import os
import pickle
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from sklearn_ctran._images import decoding as _decoding
from sklearn_ctran._images import keys as _keys
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing

AS_IS = Preprocessing(None)


def load(X, image_size=None, **kwargs):
    images = check_images(X, **kwargs)
    return images.batch(range(len(images)), Preprocessing(image_size))


def photo(height=24, width=36):
    """A smooth RGB image, so that JPEG and resizing change little."""
    y, x = np.mgrid[:height, :width]
    rgb = [255 * y / height, 255 * x / width, 127 * (x / width + y / height)]
    return np.stack(rgb, axis=-1).astype(np.uint8)


def noise(n, height=8, width=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


def textured(height, width, seed=0):
    """An RGB image with as much detail at each scale as photos have."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    spectrum = np.random.default_rng(seed).normal(size=(2, 3, height, len(columns)))
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    image = np.fft.irfft2((spectrum[0] + 1j * spectrum[1]) / frequency, (height, width))
    image = 128 + 50 * image / image.std()
    return np.rint(image.clip(0, 255)).astype(np.uint8).transpose(1, 2, 0)


def as_tensor(image):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


@pytest.fixture
def paths(tmp_path):
    files = [tmp_path / "a.png", tmp_path / "b.jpg", tmp_path / "c.png"]
    for file, size in zip(files, [(24, 36), (40, 20), (9, 9)], strict=True):
        Image.fromarray(photo(*size)).save(file)
    return files


# -- arrays ------------------------------------------------------------------------------------


def test_array_stays_the_users_array():
    X = noise(5)
    images = check_images(X)
    assert images.rows is X
    assert len(images) == 5
    np.testing.assert_array_equal(images.sizes, [[8, 8]] * 5)
    batch = images.batch([3, 1], AS_IS)
    assert batch.dtype == torch.uint8
    assert batch.shape == (2, 3, 8, 8)
    assert torch.equal(batch[0], as_tensor(X[3]))
    batch.zero_()
    assert X[3].any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_rounded(dtype):
    X = noise(2)
    batch = load((X / 255).astype(dtype))
    assert torch.equal(batch, load(X))


def test_uint16_and_bool_are_scaled():
    X = np.array([0, 1, 256, 257, 65535], dtype=np.uint16).reshape(1, 1, 5)
    assert load(X)[0, 0].tolist() == [[0, 0, 1, 1, 255]]
    assert load(X.astype(bool))[0, 2].tolist() == [[0, 255, 255, 255, 255]]


def test_grey_is_replicated():
    grey = noise(2)[..., 0]
    expected = torch.from_numpy(grey)[:, None].expand(-1, 3, -1, -1)
    assert torch.equal(load(grey), expected)
    assert torch.equal(load(grey[..., None]), expected)
    assert torch.equal(load([grey[0], grey[1][..., None]]), expected)


def test_transparency_is_laid_on_white_by_arrays_as_by_pil():
    rgba = np.zeros((1, 1, 3, 4), dtype=np.uint8)
    rgba[..., 0] = 200
    rgba[0, 0, :, 3] = [0, 128, 255]
    batch = load(rgba)
    assert batch[0, :, 0].T.tolist() == [[255, 255, 255], [227, 127, 127], [200, 0, 0]]
    assert torch.equal(batch, load([Image.fromarray(rgba[0])]))


@pytest.mark.parametrize("change", ["read-only", "reversed", "fortran", "big-endian"])
def test_memory_layout_does_not_matter(change):
    X = noise(3)
    expected = load(X)
    if change == "read-only":
        X.flags.writeable = False
    elif change == "reversed":
        X, expected = X[:, ::-1], expected.flip(2)
    elif change == "fortran":
        X = np.asfortranarray(X)
    else:
        X = X.astype(">u2") * 257
    assert torch.equal(load(X), expected)
    assert torch.equal(load(list(X)), expected)


def test_float_check_makes_no_copy():
    X = np.zeros((40, 512, 512, 3), dtype=np.float32)[:, ::1]
    tracemalloc.start()
    check_images(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 100


# -- rows of lists -----------------------------------------------------------------------------


def test_every_container_of_paths(paths):
    expected = load(paths, 16)
    assert expected.shape == (3, 3, 16, 16)
    texts = [str(path) for path in paths]
    containers = [
        texts,
        tuple(texts),
        np.array(texts),
        np.array(paths, dtype=object),
        np.array(texts, dtype=object)[:, None],
        [text.encode() for text in texts],
        pd.Series(texts, index=[7, 8, 9]),
        pd.DataFrame({"path": texts}),
    ]
    for container in containers:
        assert torch.equal(load(container, 16), expected)


def test_kinds_and_sizes_may_be_mixed(paths):
    X = [paths[0], str(paths[1]), Image.fromarray(photo(5, 7)), photo(11, 3), photo(4, 4)[..., 0]]
    images = check_images(X)
    np.testing.assert_array_equal(images.sizes, [[24, 36], [40, 20], [5, 7], [11, 3], [4, 4]])
    assert images.batch([4, 0, 2], Preprocessing(10)).shape == (3, 3, 10, 10)


def test_threads_change_nothing(paths):
    X = paths * 4
    assert torch.equal(load(X, 16, n_jobs=2), load(X, 16))


def test_images_can_be_pickled(paths):
    images = pickle.loads(pickle.dumps(check_images(paths)))
    preprocessing = pickle.loads(pickle.dumps(Preprocessing((20, 16), "flip+crop")))
    assert images.batch([1], preprocessing, torch.Generator()).shape == (1, 3, 16, 16)


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
        batch = images.batch([0, 1], AS_IS)
    assert torch.equal(batch[0], as_tensor(upright))
    assert torch.equal(batch[1], as_tensor(upright))


# -- decoding at reduced size ------------------------------------------------------------------


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


# -- headers only ------------------------------------------------------------------------------


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
        images.batch([0, 1], AS_IS)


def test_a_long_list_of_paths_takes_no_memory(tmp_path, monkeypatch):
    Image.fromarray(photo(2, 2)).save(tmp_path / "a.png")
    monkeypatch.setattr("sklearn_ctran._images.images._check_row", lambda *args: ((2, 2), False))
    texts = [str(tmp_path / f"{'0123456789' * 5}{number}.png") for number in range(20_000)]
    for X in (texts, np.array(texts), [Path(text) for text in texts]):
        tracemalloc.start()
        images = check_images(X)
        size, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(images) == 20_000
        assert size < 20 * 20_000
        assert peak < 40 * 20_000


# -- content keys ------------------------------------------------------------------------------


@pytest.fixture
def settled(monkeypatch):
    """Files just written are remembered at once; what was remembered before is not."""
    monkeypatch.setattr(_keys, "_SETTLED_NS", -(10**18))
    monkeypatch.setattr(_keys, "_memo", {})


def keys_of(X, **params):
    return check_images(X, decode=False, **params).keys()


def test_keys_of_files_are_those_of_their_content(paths, tmp_path):
    copy = tmp_path / "other.name"
    copy.write_bytes(paths[0].read_bytes())
    X = [*paths, copy, str(paths[1]), str(paths[2]).encode()]
    keys = keys_of(X)
    assert all(isinstance(key, bytes) and len(key) == 16 for key in keys)
    assert keys == [*keys[:3], keys[0], keys[1], keys[2]]
    assert len(set(keys)) == 3
    assert keys_of(X, n_jobs=2) == keys


def test_unchanged_files_are_read_once(paths, settled, monkeypatch):
    images = check_images(paths, decode=False)
    keys = images.keys()
    other = photo(24, 36)[::-1]
    Image.fromarray(other).save(paths[0])
    opened = []

    def spy(path, *args):
        opened.append(path)
        return open(path, *args)

    monkeypatch.setattr(_keys, "open", spy, raising=False)
    again = images.keys()
    assert opened == [str(paths[0])]
    assert again[0] != keys[0]
    assert again[1:] == keys[1:]


def test_a_change_that_keeps_size_and_time_is_seen(tmp_path):
    path, time = tmp_path / "a.png", 1_000_000_000
    images, keys = None, []
    for colour in (1, 2):
        Image.new("L", (4, 4), colour).save(path)
        os.utime(path, ns=(time, time))
        images = images or check_images([path])
        keys += images.keys()
    assert len(set(keys)) == 2


def test_the_memo_does_not_grow_forever(paths, settled, monkeypatch):
    monkeypatch.setattr(_keys, "_MEMO_ENTRIES", 2)
    keys = keys_of(paths)
    assert len(_keys._memo) == 1
    assert keys_of(paths) == keys


def test_a_file_without_key_is_named(paths):
    images = check_images(paths)
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"row 1: .*b\.jpg"):
        images.keys()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, bool, np.float16, ">f8"])
def test_keys_of_arrays(dtype):
    X = (noise(3) > 99).astype(dtype)
    X[2] = X[0]
    keys = keys_of(X)
    assert keys[2] == keys[0] != keys[1]
    assert keys_of(list(X)) == keys
    assert keys_of(np.asfortranarray(X)) == keys
    assert keys_of(X.reshape(3, 4, 16, 3))[0] != keys[0]
    if dtype is bool:
        assert keys_of(X.view(np.uint8))[0] != keys[0]


def test_rows_of_an_array_are_not_copied_for_their_keys():
    images = check_images(np.zeros((2, 512, 512, 3), dtype=np.uint8))
    tracemalloc.start()
    images.keys()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000


def test_keys_of_pil_images():
    grey = Image.fromarray(photo()[..., 0])
    palette, other_palette, transparent = grey.convert("P"), grey.convert("P"), grey.convert("P")
    other_palette.putpalette(bytes(range(255, -1, -1)) * 3)
    transparent.info["transparency"] = 3
    turned = grey.copy()
    turned.getexif()[0x0112] = 6
    looks = [grey, palette, other_palette, transparent, turned, grey.convert("RGB")]
    looks.append(Image.frombytes("L", grey.size[::-1], grey.tobytes()))
    keys = keys_of(looks)
    assert len(set(keys)) == len(looks)
    assert keys_of([image.copy() for image in looks[:4]]) == keys[:4]


# -- what cannot be used -----------------------------------------------------------------------


def test_missing_file_is_named(paths):
    with pytest.raises(FileNotFoundError, match=r"row 1: .*nowhere\.jpg"):
        check_images([paths[0], "nowhere.jpg"])


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


def test_file_that_vanishes_after_the_check_is_named(paths):
    images = check_images(paths)
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"row 1: .*b\.jpg"):
        images.batch([0, 1], Preprocessing(8))


@pytest.mark.parametrize("X", [[], np.empty((0, 4, 4, 3)), np.array([]), pd.Series([], dtype=str)])
def test_empty_sets(X):
    with pytest.raises(ValueError, match="no images"):
        check_images(X)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("as_list", [False, True])
def test_nan_and_infinite_pixels(value, as_list):
    X = np.zeros((700, 32, 32, 3))
    X[500, 3, 1, 2] = value
    with warnings.catch_warnings(), pytest.raises(ValueError, match="row 500 has NaN or inf"):
        warnings.simplefilter("error")
        check_images(list(X) if as_list else X)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-0.5, 0.5)])
def test_floats_out_of_range(low, high):
    X = np.zeros((3, 4, 4, 3))
    X[2, 0, 0, :2] = low, high
    with pytest.raises(ValueError, match=rf"row 2 .* from {low} to {high};.*divide by 255"):
        check_images(X)
    with pytest.raises(ValueError, match="row 1"):
        check_images([X[0], X[2]])


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pil_values_out_of_range(mode):
    image = Image.new(mode, (3, 3), 70000)
    with pytest.raises(ValueError, match="row 1: .* 70000, beyond"):
        check_images([Image.new("L", (3, 3)), image])


def test_channels_first_is_recognised():
    X = noise(2).transpose(0, 3, 1, 2)
    with pytest.raises(ValueError, match=r"channels-first: give X.transpose\(0, 2, 3, 1\)"):
        check_images(X)
    with pytest.raises(ValueError, match=r"row 0 .*channels-first: give x.transpose\(1, 2, 0\)"):
        check_images(list(X))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 4, 4, 2), np.uint8), r"X has shape \(2, 4, 4, 2\)"),
        (np.zeros((2, 4), np.uint8), r"X has shape \(2, 4\)"),
        (np.zeros((2, 4, 4, 4, 3), np.uint8), "X has shape"),
        (np.zeros((64, 64, 3), np.uint8), r"single image: give X\[None\]"),
        (np.zeros((2, 4, 4, 3), np.int64), r"dtype int64.*astype\('uint8'\)"),
        (np.zeros((2, 4, 4, 3), complex), "dtype complex128"),
        (np.zeros((2, 0, 4, 3), np.uint8), "without pixels"),
        ([np.zeros((4, 4, 3), np.int8)], "row 0 has dtype int8"),
        ([np.zeros((4, 4, 2), np.uint8)], r"row 0 has shape \(4, 4, 2\)"),
        ([np.zeros((4, 0, 3), np.uint8)], "row 0 .*without pixels"),
        ([Image.new("L", (4, 4)), Image.new("RGB", (0, 4))], "row 1: .*4 x 0 pixels"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), r"X has shape \(1, 2\)"),
    ],
)
def test_wrong_arrays(X, message):
    with pytest.raises(ValueError, match=message):
        check_images(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (torch.zeros(2, 4, 4, 3), "torch tensor"),
        ([torch.zeros(4, 4, 3)], r"row 0 is a Tensor; use its numpy\(\) array"),
        ("photo.jpg", "single image"),
        (Path("photo.jpg"), "single image"),
        (Image.new("L", (4, 4)), "single image"),
        (None, "NoneType"),
        ({"a": 1}, "dict"),
        ([Image.new("L", (4, 4)), None], "row 1 is a NoneType"),
        ([[[0, 1], [1, 0]]], "row 0 is a list"),
    ],
)
def test_wrong_types(X, message):
    with pytest.raises(TypeError, match=message):
        check_images(X)


def test_missing_path_in_a_series(paths):
    with pytest.raises(TypeError, match=r"row 1 is a float \(nan\)"):
        check_images(pd.Series([str(paths[0]), None]))


def test_corel_photos(shared):
    folder = shared / "data" / "corel5k" / "images"
    X = [folder / f"{name}.jpeg" for name in ("1000", "10000", "100000")]
    with io.BytesIO(X[0].read_bytes()) as file, Image.open(file) as image:
        expected = as_tensor(np.asarray(image.convert("RGB")))
    images = check_images(X, n_jobs=2)
    assert torch.equal(images.batch([0], AS_IS)[0], expected)
    assert images.batch([0, 1, 2], Preprocessing(64)).shape == (3, 3, 64, 64)
