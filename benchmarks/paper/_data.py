"""The data sets of the tables: training and test part of each, by name."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_ctran import datasets
from sklearn_ctran.datasets import make_digit_scenes

sys.path.append(str(Path(__file__).parents[1]))
from _sets import read_mulan
from corel5k import read_corel5k

#: Reader of each of the paper's sets, and the part it is tested on.
_READERS = {
    "coco80": ("load_coco80", "val"),
    "coco1000": ("load_coco1000", "test"),
    "vg500": ("load_vg500", "test"),
    "news500": ("load_news500", "test"),
    "cub312": ("load_cub", "test"),
}
PAPER_SETS = tuple(_READERS)
#: Sets that everyone can run.
EVERYONE = ("corel5k", "digits", "scene")
N_DIGIT_SCENES = 2000, 1000
#: Share of the labels that are extra ones in Table 4 of a set that has none of its own.
EXTRA_SHARE = 0.27


@dataclass
class Part:
    """Images, labels and, if there are any, extra labels, of as many rows."""

    X: object
    Y: object
    extra: object = None

    def head(self, n):
        """The first n rows."""
        extra = None if self.extra is None else self.extra[:n]
        return Part(self.X[:n], self.Y[:n], extra)


@dataclass
class Data:
    """The two parts of a set, and the groups of its extra labels, by name."""

    train: Part
    test: Part
    groups: dict | None = None


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
    return data


def _read_published(name, data_home, is_rehearsal):
    reader, test_part = _READERS[name]
    # A rehearsal reads parts of the files too, and words as they are written, without NLTK.
    own = {"words": str.split} if is_rehearsal and name == "coco1000" else {}
    bunch = getattr(datasets, reader)(data_home, check_counts=not is_rehearsal, **own)
    split = np.asarray(bunch.split)
    parts = []
    for wanted in (split == "train", split == test_part):
        rows = np.flatnonzero(wanted)
        extra = None if bunch.extra is None else bunch.extra.iloc[rows]
        parts.append(Part([bunch.images[row] for row in rows], bunch.target.iloc[rows], extra))
    return Data(*parts, bunch.groups)


def _of_everyone(name, folder, seed):
    if name == "digits":
        n_train, n_test = N_DIGIT_SCENES
        train = make_digit_scenes(n_train, subset="train", random_state=seed)
        test = make_digit_scenes(n_test, subset="test", random_state=seed + 1)
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
