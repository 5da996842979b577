"""What can be a set of images, and map-style datasets, which are read one image at a time."""

import collections
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made_images import load, noise
from PIL import Image
from skorch.helper import SliceDataset
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset
from torchvision.datasets import FakeData

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.rows import check_is_set

PILS = [Image.fromarray(pixels) for pixels in noise(3)]


class Items(Dataset):
    """A torch dataset of given items."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, row):
        item = self.items[row]
        return item() if callable(item) else item


class Endless(IterableDataset):
    """A torch dataset without rows by number."""

    def __iter__(self):
        return iter(PILS)


TENSORS = [torch.from_numpy(pixels.transpose(2, 0, 1).copy()) for pixels in noise(3)]


@pytest.mark.parametrize(
    "X",
    [
        Items(PILS),
        Items([(image, 7) for image in PILS]),
        Items([[image, {"boxes": []}] for image in PILS]),
        Items([{"image": image, "label": 7} for image in PILS]),
        Items(list(noise(3))),
        Items(TENSORS),
        Items([tensor / 255 for tensor in TENSORS]),
        TensorDataset(torch.stack(TENSORS), torch.zeros(3)),
        Subset(Items(PILS[::-1]), [2, 1, 0]),
        SliceDataset(Items([(image, 7) for image in PILS])),
        SliceDataset(Items([(7, image) for image in PILS]), idx=1),
        collections.deque(PILS),
    ],
)
def test_images_of_a_dataset(X):
    assert torch.equal(load(X), load(noise(3)))


def test_a_dataset_of_torchvision():
    """Its items are pairs of a PIL image and a class, which is no label here."""
    pairs = FakeData(4, (3, 8, 8))
    assert torch.equal(load(pairs), load([image for image, _ in pairs]))


def test_tensors_in_bfloat16():
    halves = [(tensor > 127).to(torch.bfloat16) for tensor in TENSORS]
    assert torch.equal(load(Items(halves)), load(noise(3) > 127))


class OnDisk:
    """Has what an array of HDF5 or Zarr has, and counts the images that are read."""

    def __init__(self, pixels):
        self._pixels, self.n_read = pixels, 0
        self.shape, self.ndim, self.dtype = pixels.shape, pixels.ndim, pixels.dtype

    def __len__(self):
        return len(self._pixels)

    def __getitem__(self, row):
        self.n_read += 1
        return self._pixels[row]

    def __array__(self, dtype=None, copy=None):
        raise MemoryError


def test_arrays_of_other_packages_are_read_one_by_one():
    X = OnDisk(noise(3))
    assert kind_of(X, takes_tokens=False) == ("images", X)
    assert torch.equal(load(X), load(noise(3)))
    assert X.n_read == 6


def test_grey_tensors():
    grey = noise(2)[..., 0]
    expected = load(grey)
    assert torch.equal(load(Items([torch.from_numpy(image) for image in grey])), expected)
    assert torch.equal(load(Items([torch.from_numpy(image)[None] for image in grey])), expected)


def test_a_dataset_of_paths(paths):
    images = check_images(Items(paths))
    assert images.keys() == check_images(paths).keys()
    np.testing.assert_array_equal(images.sizes, [(24, 36), (40, 20), (9, 9)])


def test_a_dataset_is_never_in_memory_as_a_whole():
    made = [lambda seed=seed: noise(1, 300, 300, seed)[0] for seed in range(60)]  # 16 MB
    load(noise(1, 300, 300), 8)  # torch imports much when it is first used.
    tracemalloc.start()
    try:
        images = check_images(Items(made))
        assert len(set(images.keys())) == 60
        images.batch(range(60), Preprocessing(8))
        assert tracemalloc.get_traced_memory()[1] < 6e6
    finally:
        tracemalloc.stop()


def test_a_dataset_is_read_by_one_thread():
    assert check_images(Items(PILS), n_jobs=2).n_jobs is None


def test_images_that_change_are_refused():
    random = np.random.RandomState(0)
    changing = Items([PILS[0], lambda: random.randint(256, size=(8, 8, 3), dtype=np.uint8)])
    images = check_images(changing)
    with pytest.raises(ValueError, match=r"row 1: X\[1\] is another image .*augment"):
        images.batch([0, 1], Preprocessing(8))


def test_errors_of_a_dataset_name_the_row():
    def fail():
        raise KeyError("cat")

    with pytest.raises(ValueError, match=r"row 1: X\[1\] raises KeyError: 'cat'"):
        check_images(Items([PILS[0], fail]))
    with pytest.raises(TypeError, match="row 1 is a NoneType"):
        check_images(Items([(PILS[0], 1), (None, 0)]))
    with pytest.raises(ValueError, match=r"row 0 has shape \(8, 3, 8\)"):
        check_images(Items([TENSORS[0].movedim(0, -1)]))
    with pytest.raises(ValueError, match=r"row 0 has float pixels from 0 to 255"):
        check_images(Items([torch.tensor([[[0.0, 255.0]]])]))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("photo.jpg", r"single image \(str\).*\[X\]"),
        (Path("photo.jpg"), "single image"),
        (b"photo.jpg", "single image"),
        (PILS[0], "single image"),
        (io.BytesIO(b"photo"), "single image"),
        (".", r"X is a folder, '\.'; a list of its images .*glob"),
        (Path(), "X is a folder"),
        ((path for path in ["photo.jpg"]), r"X is a generator, .*list\(X\)"),
        (map(str, [1]), "X is a map"),
        (iter(["photo.jpg"]), "X is a list_iterator"),
        ({"a": "photo.jpg"}.values(), "X is a dict_values"),
        ({"photo.jpg"}, "X is a set, whose items have no order"),
        ({"path": ["photo.jpg"]}, "X is a dict; give the images alone"),
        (Endless(), "X is a Endless without a length.*map style.*Tar files.*load_shards"),
        (DataLoader(Items(PILS)), r"X is a DataLoader.* X\.dataset"),
        (None, "X is a NoneType"),
        (3, "X is a int"),
    ],
)
def test_no_set_of_images(X, message):
    with pytest.raises(TypeError, match=message):
        check_is_set(X)
    with pytest.raises(TypeError, match=message):
        check_images(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame({"id": [1], "path": ["a.jpg"]}), r"2 columns, .* in 'path'.*X\['path'\]"),
        (np.array([["a.jpg", "b.jpg"]]), r"2 columns, .* in 0, 1\. .*X\[:, 0\]"),
        (np.zeros((2, 3, 4), dtype=object), r"shape \(2, 3, 4\)"),
        (pd.DataFrame({"a": [1], "b": [2]}), r"shape \(1, 2\)"),
    ],
)
def test_several_columns(X, message):
    with pytest.raises(ValueError, match=message):
        check_images(X)
