"""Content keys: equal content has equal keys, whatever holds it."""

import os
import tracemalloc

import numpy as np
import pytest
from made_images import noise, photo
from PIL import Image

from sklearn_ctran._images import keys as _keys
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._utils import file_memo


@pytest.fixture
def settled(monkeypatch):
    """Files just written are remembered at once; what was remembered before is not."""
    monkeypatch.setattr(file_memo, "_SETTLED_NS", -(10**18))
    monkeypatch.setattr(_keys, "_memo", file_memo.FileMemo(_keys._memo.most))


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
    monkeypatch.setattr(_keys._memo, "most", 2)
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
    if X.dtype.kind == "u":
        X *= np.iinfo(dtype).max
    X[2] = X[0]
    keys = keys_of(X)
    assert keys[2] == keys[0] != keys[1]
    assert keys_of(list(X)) == keys
    assert keys_of(np.asfortranarray(X)) == keys
    assert keys_of(X.reshape(3, 4, 16, 3))[0] != keys[0]
    if dtype is bool:
        with pytest.warns(UserWarning, match="as bool"):
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


@pytest.mark.parametrize("transparency", [3, bytes(range(256))])
def test_a_key_stays_the_same_when_an_image_is_decoded(transparency):
    image = Image.fromarray(photo()).convert("P")
    image.info["transparency"] = transparency
    images = check_images([image])
    keys = images.keys()
    images.batch([0], Preprocessing(8))
    assert images.keys() == keys
