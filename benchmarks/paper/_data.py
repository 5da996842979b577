"""The data sets of the tables: training and test part of each, by name."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from sklearn_ctran import datasets

sys.path.append(str(Path(__file__).parents[1]))
from _common import make_digit_parts
from _sets import read_mulan
from corel5k import read_corel5k

#: Reader of each set of the paper and of its authors' code; the parts it is trained on, and tested.
_READERS = {
    "coco80": ("load_coco80", ("train",), "val"),
    "coco1000": ("load_coco1000", ("train",), "test"),
    "vg500": ("load_vg500", ("train",), "test"),
    "news500": ("load_news500", ("train",), "test"),
    "cub312": ("load_cub", ("train",), "test"),
    "voc2007": ("load_voc", ("train", "val"), "test"),
}
PAPER_SETS = tuple(_READERS)
#: Sets that everyone can run.
EVERYONE = ("corel5k", "digits", "scene")
N_DIGIT_SCENES = 2000, 1000
#: Share of the labels that are extra ones in Table 4 of a set that has none of its own.
EXTRA_SHARE = 0.27


@dataclass
class Part:
    """Images, labels and, if there are any, extra labels, of as many rows.

    `seen` are the extra labels as annotators could see them, the others missing; None: all.
    """

    X: object
    Y: object
    extra: object = None
    seen: object = None

    def head(self, n):
        """The first n rows."""
        others = (None if each is None else each[:n] for each in (self.extra, self.seen))
        return Part(self.X[:n], self.Y[:n], *others)


@dataclass
class Data:
    """The parts of a set, and the groups of its extra labels, by name.

    `val` is None unless there is a part that is neither trained on nor tested.
    """

    train: Part
    test: Part
    groups: dict | None = None
    val: Part | None = None

    def part(self, name):
        """The part "train", "test" or "val"."""
        return {"train": self.train, "test": self.test, "val": self.val}[name]


def read(name, data_home, seed, subset=None):
    """The Data of a set; `subset` is the number of rows of each part, None for all.

    `seed` decides which digit scenes are made, and which labels are extra ones.
    """
    if name in _READERS:
        data = _read_published(name, data_home, is_rehearsal=subset is not None)
    else:
        data = _of_everyone(name, Path(data_home or "."), seed)
    if subset is not None:
        data.train, data.test = data.train.head(subset), data.test.head(subset)
        data.val = None if data.val is None else data.val.head(subset)
    return data


def _read_published(name, data_home, is_rehearsal):
    reader, train_parts, test_part = _READERS[name]
    own = {"voc2007": {"year": 2007, "difficult": "negative"}}.get(name, {})
    if is_rehearsal and name == "coco1000":
        # A rehearsal reads parts of the files too, and words as they are written, without NLTK.
        own = {"words": str.split}

    def load(**more):
        return getattr(datasets, reader)(data_home, check_counts=not is_rehearsal, **own, **more)

    bunch = load()
    seen = load(not_visible="unknown").extra if name == "cub312" else None
    split = np.asarray(bunch.split)

    def part(names):
        rows = np.flatnonzero(np.isin(split, names))
        extra, of_seen = (None if each is None else each.iloc[rows] for each in (bunch.extra, seen))
        return Part([bunch.images[row] for row in rows], bunch.target.iloc[rows], extra, of_seen)

    has_val = "val" not in (*train_parts, test_part) and "val" in split
    val = part(["val"]) if has_val else None
    return Data(part(list(train_parts)), part([test_part]), bunch.groups, val)


def _of_everyone(name, folder, seed):
    if name == "digits":
        train, test = make_digit_parts(*N_DIGIT_SCENES, seed)
        return Data(Part(train.images, named(train.Y)), Part(test.images, named(test.Y)))
    if name == "corel5k":
        paths, Y, is_train, words = read_corel5k(folder / "corel5k")
        X, Y = np.array(paths, dtype=object), named(Y, words)
    else:
        X, Y, is_train = read_mulan(folder / "mulan", name)
        Y = named(Y)
        scale = X[is_train].std(axis=0)
        X = (X - X[is_train].mean(axis=0)) / np.where(scale > 0, scale, 1)
    return Data(Part(X[is_train], Y[is_train]), Part(X[~is_train], Y[~is_train]))


def named(Y, names=None):
    """The labels (n, L) as a frame under their names, or "0", "1", ..."""
    return pd.DataFrame(Y, columns=map(str, range(Y.shape[1]) if names is None else names))


def joined(one, other):
    """The rows of two Parts of a published set, one after the other."""
    tables = [(one.Y, other.Y), (one.extra, other.extra)]
    together = (None if pair[0] is None else pd.concat(pair, ignore_index=True) for pair in tables)
    # Lists of paths stay what they are, of which fits know without opening a file.
    X = one.X + other.X if isinstance(other.X, list) else _Joined(one.X, other.X)
    return Part(X, *together)


def cut_from_the_middle(part, side):
    """A Part, whose photos are cut from the middle without resizing; as it is if `side` is None."""
    return part if side is None else replace(part, X=MiddlesOfPhotos(part.X, side))


class MiddlesOfPhotos:
    """A data set of the middles of photo files, side x side pixels; black where there are none."""

    def __init__(self, paths, side):
        self.paths = paths
        self.side = side

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, row):
        from torchvision.transforms.functional import center_crop

        with Image.open(self.paths[row]) as photo:
            return center_crop(photo.convert("RGB"), self.side)


class _Joined:
    """A data set of the images of two."""

    def __init__(self, *sets):
        self.sets = sets

    def __len__(self):
        return sum(map(len, self.sets))

    def __getitem__(self, row):
        first, second = self.sets
        return first[row] if row < len(first) else second[row - len(first)]


def with_extra_labels(data, seed):
    """The Data, in which a random share of the labels became extra ones, if it has none."""
    if data.train.extra is not None:
        return data
    order = np.random.RandomState(seed).permutation(data.train.Y.shape[1])
    n_extra = round(EXTRA_SHARE * len(order))
    extra, targets = np.sort(order[:n_extra]), np.sort(order[n_extra:])
    parts = [
        Part(part.X, part.Y.iloc[:, targets], part.Y.iloc[:, extra])
        for part in (data.train, data.test)
    ]
    return Data(*parts, {name: [name] for name in parts[0].extra})
