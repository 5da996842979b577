"""Files that are replaced while they are encoded: the cache never has another image's tokens."""

import os
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import Image

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._images import images as images_module
from sklearn_ctran._images.encoder import Encoder
from sklearn_ctran._images.images import Images, check_images
from sklearn_ctran._images.keys import content_key
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._utils.file_memo import FileMemo
from sklearn_ctran.modules.backbone import make_backbone

TURNED = Image.Exif()
TURNED[0x0112] = 6


def picture(seed, size=24):
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((size, size))


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return Encoder(make_backbone("small").freeze(), Preprocessing(16), batch_size=2)


@pytest.fixture
def cache(tmp_path):
    return TokenCache(tmp_path / "cache")


@pytest.fixture
def files(tmp_path):
    """Four photos, and one to replace one of them by: a square that the camera has turned."""
    paths = [tmp_path / f"{seed}.jpg" for seed in range(5)]
    for seed, path in enumerate(paths):
        picture(seed).save(path, exif=TURNED if seed == 4 else b"")
    return paths


def assert_cache_is_right(cache, encoder, paths):
    """Each image has its own tokens in the cache, as if there were no cache."""
    images = check_images(paths)
    expected = encoder.encode(images).values
    found = encoder.encode(images, cache).batch(range(len(paths)))
    np.testing.assert_allclose(found, expected, atol=1e-6)  # Batches differ.


def test_replaced_after_its_key(cache, encoder, files, monkeypatch):
    images, other = check_images(files[:4], decode=False), files[4].read_bytes()
    keys = Images.keys

    def replace_after(self):
        found = keys(self)
        files[3].write_bytes(other)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Images, "keys", replace_after)
        with pytest.raises(ValueError, match=r"row 3: .*3\.jpg: .*it has changed since"):
            encoder.encode(images, cache)
    picture(3).save(files[3])
    assert_cache_is_right(cache, encoder, files)


def test_replaced_before_its_key(cache, encoder, files):
    """What was seen when it was checked, that it is not turned, is not believed any more."""
    images = check_images(files[:4], decode=False)
    files[3].write_bytes(files[4].read_bytes())
    encoder.encode(images, cache)
    assert_cache_is_right(cache, encoder, files)


def test_replaced_while_it_is_decoded_and_put_back(cache, encoder, files, monkeypatch):
    """The same bytes are compared and decoded, whatever the file has meanwhile."""
    load, original = images_module.load, files[3].read_bytes()

    def replace(row, *args):
        files[3].write_bytes(files[4].read_bytes())
        try:
            return load(row, *args)
        finally:
            files[3].write_bytes(original)

    with monkeypatch.context() as patch:
        patch.setattr(images_module, "load", replace)
        encoder.encode(check_images(files[:4]), cache)
    assert_cache_is_right(cache, encoder, files)


def test_replaced_all_the_time(cache, encoder, files, tmp_path):
    contents = [path.read_bytes() for path in files]
    is_over = threading.Event()

    def replace():
        turn = 0
        while not is_over.is_set():
            (tmp_path / "new").write_bytes(contents[turn % 5])
            os.replace(tmp_path / "new", files[turn % 4])
            turn += 1
            time.sleep(0.002)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(40):
            with suppress(ValueError):
                encoder.encode(check_images(files[:4], decode=False), cache)
    finally:
        is_over.set()
        thread.join()
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)
    assert_cache_is_right(cache, encoder, files)


def test_broken_pixels_are_still_named(cache, encoder, files):
    files[2].write_bytes(files[2].read_bytes()[:300])
    with pytest.raises(ValueError, match=r"row 2: .*2\.jpg: cannot be read as an image"):
        encoder.encode(check_images(files, decode=False), cache)


def test_the_key_of_a_file_replaced_while_it_is_read(files, monkeypatch):
    """It is not remembered for the file that has been there before."""
    monkeypatch.setattr("sklearn_ctran._utils.file_memo._SETTLED_NS", -(10**18))
    memo = FileMemo(9)
    monkeypatch.setattr("sklearn_ctran._images.keys._memo", memo)

    def replace_and_open(path, *args):
        os.replace(files[1], files[0])
        return open(path, *args)

    with monkeypatch.context() as patch:
        patch.setattr("sklearn_ctran._images.keys.open", replace_and_open, raising=False)
        key = content_key(0, files[0])
    assert len(memo) == 0
    assert content_key(0, files[0]) == key
