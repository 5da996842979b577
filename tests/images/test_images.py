"""Images of every kind people have: arrays, and lists of rows."""

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made_images import as_tensor, load, noise, photo
from PIL import Image

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._utils import progress


def test_array_stays_the_users_array():
    X = noise(5)
    images = check_images(X)
    assert images.rows is X
    assert len(images) == 5
    np.testing.assert_array_equal(images.sizes, [[8, 8]] * 5)
    batch = images.batch([3, 1], Preprocessing(None))
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
    batch = images.batch([4, 0, 2], Preprocessing(10))
    for image, row in zip(batch, [4, 0, 2], strict=True):
        assert torch.equal(image, load([X[row]], 10)[0])
    assert torch.equal(batch[1], load([photo(24, 36)], 10)[0])  # a.png has no loss


def test_threads_change_nothing(paths):
    X = paths * 4
    assert torch.equal(load(X, 16, n_jobs=2), load(X, 16))


def test_images_can_be_pickled(paths):
    images = pickle.loads(pickle.dumps(check_images(paths)))
    preprocessing = pickle.loads(pickle.dumps(Preprocessing((20, 16), "flip+crop")))
    got = images.batch([1, 0], preprocessing, torch.Generator().manual_seed(0))
    same = Preprocessing((20, 16), "flip+crop"), torch.Generator().manual_seed(0)
    assert torch.equal(got, check_images(paths).batch([1, 0], *same))
    assert got.shape == (2, 3, 16, 16)


def test_a_long_list_of_paths_takes_no_memory(tmp_path, monkeypatch):
    Image.fromarray(photo(2, 2)).save(tmp_path / "a.png")
    monkeypatch.setattr("sklearn_ctran._images.images.check_row", lambda *args: ((2, 2), False))
    texts = [str(tmp_path / f"{'0123456789' * 5}{number}.png") for number in range(20_000)]
    for X in (texts, np.array(texts), [Path(text) for text in texts]):
        tracemalloc.start()
        images = check_images(X)
        size, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(images) == 20_000
        assert size < 20 * 20_000
        assert peak < 40 * 20_000


def test_progress_of_a_long_check(monkeypatch, capsys):
    rows = list(noise(5))
    check_images(rows, verbose=1)
    assert capsys.readouterr() == ("", "")  # It took less than a second.
    seconds = iter(range(1000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    for n_jobs in (1, 2):
        check_images(rows, n_jobs=n_jobs, verbose=1)
        out, err = capsys.readouterr()
        assert out == "" and "images checked: 100% 5/5" in err.splitlines()[-1]
    check_images(rows)
    assert capsys.readouterr() == ("", "")
