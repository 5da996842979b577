"""Sets of images, row by row: what can be one, and the images of map-style datasets."""

import os
from collections.abc import Mapping
from contextlib import suppress
from numbers import Number

import numpy as np
import torch
from PIL import Image
from scipy import sparse

from sklearn_ctran._images.sources import is_path
from sklearn_ctran._images.tar_images import TarImages
from sklearn_ctran._utils.frames import check_computed, plain
from sklearn_ctran._utils.names import listed

_SETS = "a list, array, Series, column of a frame or map-style dataset, with one image in each row"


def is_image(x):
    """Tell a path, bytes, a file, a PIL image or an image array from anything else."""
    is_array = isinstance(x, np.ndarray) and x.ndim in (2, 3)
    is_file = isinstance(x, (Mapping, bytearray, memoryview)) or hasattr(x, "read")
    return is_path_or_pil(x) or is_array or is_file


def is_path_or_pil(x):
    """Tell a text, a path, bytes or a PIL image from anything else."""
    return is_path(x) or hasattr(x, "getexif")


def check_is_set(X):
    """Raise TypeError if `X` is a single image, a folder, or nothing that has rows by number."""
    name = type(X).__name__
    if is_path(X) and os.path.isdir(os.fsdecode(X)):
        raise TypeError(
            f"X is a folder, {os.fsdecode(X)!r}; a list of its images is expected, as by "
            "sorted(pathlib.Path(folder).glob('*.jpg'))."
        )
    if is_path(X) or isinstance(X, Image.Image) or hasattr(X, "read"):
        raise TypeError(f"X is a single image ({name}); a set of images is expected, as by [X].")
    if X is None or isinstance(X, Number):
        raise TypeError(f"X is a {name}; images are {_SETS}, and features a table of numbers.")
    if isinstance(X, Mapping):
        raise TypeError(f"X is a {name}; give the images alone: one of its values, a list.")
    if isinstance(X, (set, frozenset)):
        raise TypeError(f"X is a {name}, whose items have no order: make a list of them.")
    check_computed(X, "X")
    if not (hasattr(X, "__array__") or isinstance(X, (list, tuple))):
        _check_has_rows(X, name)


def _check_has_rows(X, name):
    """Raise TypeError if `X` can only be iterated over, or does not say how many rows it has."""
    if hasattr(X, "dataset") and not hasattr(X, "__getitem__"):
        raise TypeError(f"X is a {name}, which makes batches: give its images, X.dataset.")
    if hasattr(X, "__iter__") and not hasattr(X, "__getitem__"):
        raise TypeError(f"X is a {name}, which has no rows by number: make a list of it, list(X).")
    if hasattr(X, "__getitem__") and not hasattr(X, "__len__"):
        raise TypeError(
            f"X is a {name} without a length. A dataset must be of the map style, with __len__ "
            "and __getitem__. Tar files, as of WebDataset: sklearn_ctran.datasets.load_shards."
        )


def holds_images(X):
    """Whether an array, Series or frame has an image, or a text, in its only column.

    Raises ValueError if it has one in one of several columns.
    """
    if isinstance(X, torch.Tensor):  # Its numbers would be looked at one by one.
        return False
    X = plain(X)
    columns = _columns(X)
    if len(columns) == 1:
        return _any(is_image, columns[0][1])
    with_images = [name for name, values in columns if _any(is_path_or_pil, values)]
    if not with_images:
        return False
    with suppress(TypeError, ValueError):
        np.asarray(X, dtype=np.float64)
        return False  # They are numbers, written as texts.
    name = with_images[0]
    column = f"X[{name!r}]" if hasattr(X, "columns") else f"X[:, {name}]"
    raise ValueError(
        f"X has {len(columns)} columns, with texts or images in {listed(with_images, most=3)}. A "
        f"set of images is one column, such as {column}. Features are numbers: encode texts, as by "
        "sklearn.preprocessing.OneHotEncoder."
    )


def _columns(X):
    """Pairs of a name, or number, and the values of each column; one for one dimension."""
    if hasattr(X, "iloc") and X.ndim == 2:
        return [(name, X.iloc[:, i]) for i, name in enumerate(X.columns)]
    if hasattr(X, "columns"):
        return [(name, X[name]) for name in X.columns]
    return [(i, X[:, i]) for i in range(X.shape[1])] if len(X.shape) == 2 else [(0, X)]


def _any(is_so, values):
    if getattr(getattr(values, "dtype", None), "kind", "O") not in "OSUT":
        return False
    values = values.to_numpy() if hasattr(values, "to_numpy") else values
    return any(map(is_so, values))


def as_rows(X):
    """A list, array of texts, dataset or TarImages with the image of each row of a checked `X`.

    Raises ValueError or TypeError for several columns, other axes and what is no set of images.
    """
    if isinstance(X, (SomeRows, TarImages)):
        return X
    if isinstance(X, (list, tuple)):
        return list(X)
    if is_dataset(X):
        return DatasetRows(X)
    if len(getattr(X, "shape", ())) == 2:
        holds_images(X)
    X = plain(X)
    X = np.asarray(X.to_numpy() if hasattr(X, "to_numpy") else X)
    if X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    if X.ndim != 1:
        raise ValueError(f"X has shape {X.shape} and dtype {X.dtype}; images are {_SETS}.")
    # An array of strings takes less memory than a list of them.
    return X if X.dtype.kind in "SU" else list(X)


def is_dataset(X):
    """Whether `X` has a length and items, as a torch Dataset has, and is no array, list or frame.

    Arrays of other packages, which may be larger than memory, are datasets too.
    """
    return (
        hasattr(X, "__len__")
        and hasattr(X, "__getitem__")
        and not isinstance(X, (list, tuple, Mapping, np.ndarray, torch.Tensor))
        and not sparse.issparse(X)
        and not hasattr(X, "to_numpy")
        and not hasattr(X, "columns")
    )


def has_vectors(dataset):
    """Whether the items of a dataset are vectors of numbers, features, and no images."""
    try:
        first = dataset[0]
        is_vector = np.ndim(first) == 1 and not any(map(is_image, first))
        # The first row alone may be the broken one.
        return is_vector and np.asarray(dataset, dtype=np.float64).ndim == 2
    except Exception:
        return False  # Reading all images says what is wrong.


class DatasetRows:
    """The images of a map-style dataset, read one by one whenever they are needed.

    An item is an image, or a tuple or list whose first entry is one, or a dict with one under
    "image". A torch tensor is read as torchvision makes it: (channels, height, width).
    """

    def __init__(self, dataset):
        self._dataset = dataset

    def __len__(self):
        return len(self._dataset)

    def __getitem__(self, row):
        try:
            item = self._dataset[row]
        except Exception as error:
            raise ValueError(
                f"row {row}: X[{row}] raises {type(error).__name__}: {error}"
            ) from error
        return _image_of(item)


class SomeRows:
    """Some rows of a set of images, as of :func:`as_rows`, which keep their numbers in messages."""

    def __init__(self, source, numbers):
        self.source = source
        self.numbers = numbers

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, row):
        return self.source[self.numbers[row]]


def is_read_lazily(rows):
    """Whether rows (:func:`as_rows`) are those of a dataset."""
    return isinstance(getattr(rows, "source", rows), DatasetRows)


def numbers_of(rows):
    """The numbers that users know rows (:func:`as_rows`) by."""
    return getattr(rows, "numbers", range(len(rows)))


def _image_of(item):
    """The image of a dataset's item, tensors as arrays; what has none is returned as it is."""
    if isinstance(item, (tuple, list)) and len(item):
        item = item[0]
    elif isinstance(item, Mapping):
        item = item.get("image", item)
    if not isinstance(item, torch.Tensor):
        return item
    item = item.detach().cpu()
    item = item.float() if item.dtype == torch.bfloat16 else item
    return item.movedim(0, -1).numpy() if item.ndim == 3 else item.numpy()
