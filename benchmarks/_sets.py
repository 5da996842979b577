"""The data sets of ``comparison.py``, with the methods that are compared on each."""

from dataclasses import dataclass, field

import numpy as np
from _methods import make_extra_methods, make_photo_methods, make_table_methods
from _synthetic import EXACT, SYNTHETIC, DivergenceFromExact, ExactConditional, make_synthetic
from corel5k import read_corel5k, read_texts

EXTRA = "corel5k, extra labels"
MULAN = ("scene", "yeast", "emotions", "flags", "corel5k features")
SETS = ("corel5k", *MULAN, *SYNTHETIC, EXTRA)
N_WORDS, N_EXTRA = 74, 20


@dataclass
class Data:
    """A data set, the methods that are compared on it, and what only it has."""

    X: object
    Y: np.ndarray
    train: np.ndarray
    methods: dict
    extra_labels: np.ndarray | None = None
    metrics: dict = field(default_factory=dict)

    @property
    def split(self):
        """Positions of training and test rows."""
        return np.flatnonzero(self.train), np.flatnonzero(~self.train)


def read_set(name, folder, seed, only=None):
    """Read a data set and choose the settings of its methods on its training part.

    `only` has the names of the methods that are wanted; None: all.
    """
    data = _read(name, folder, seed, only)
    if only is not None:
        data.methods = {key: method for key, method in data.methods.items() if key in only}
    return data


def _read(name, folder, seed, only):
    if name in ("corel5k", EXTRA):
        return _read_photos(name, folder, seed, only)
    if name in SYNTHETIC:
        made = make_synthetic(name)
        methods = make_table_methods(name, made.X[made.train], made.Y[made.train], only)
        exact = ExactConditional(made.joint)
        test = made.X[~made.train]
        divergence = DivergenceFromExact(exact.fit(test, made.Y[~made.train]), test)
        methods = {EXACT: exact, **methods}
        return Data(made.X, made.Y, made.train, methods, metrics={"KL": divergence})
    X, Y, train = read_mulan(folder / "mulan", name.removesuffix(" features"))
    Y = Y[:, np.sort(np.argsort(-Y[train].sum(axis=0), kind="stable")[:N_WORDS])]
    return Data(X, Y, train, make_table_methods(name, X[train], Y[train], only))


def _read_photos(name, folder, seed, only):
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    train = train.astype(bool)
    photos = {
        "backbone": "mobilenet_v2",
        "weights": str(folder / "weights" / "mobilenet_v2-imagenet.pth"),
    }
    if name == "corel5k":
        learned = [paths[row] for row in np.flatnonzero(train)]
        by_word = read_texts(folder)
        texts = np.stack([by_word[word] for word in words.tolist()])
        return Data(paths, Y, train, make_photo_methods(photos, learned, Y[train], texts, only))
    order = np.random.RandomState(seed).permutation(Y.shape[1])
    extra, targets = Y[:, order[:N_EXTRA]], Y[:, order[N_EXTRA:]]
    return Data(paths, targets, train, make_extra_methods(photos), extra)


def read_mulan(folder, name):
    """Read features, labels and the mask of training rows."""
    with np.load(folder / f"{name}.npz", allow_pickle=False) as table:
        X, Y = table["X"].astype(np.float32), table["Y"].astype(np.int64)
        return X, Y, table["train"].astype(bool)
