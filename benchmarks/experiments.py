"""How the memory and the short fit were chosen, on validation rows cut from training parts.

A third of each training part (700 photos of Corel5k) is set aside; test parts are not read. Sets
are Corel5k photos (74 words; tokens of a frozen MobileNetV2), 600 and 200 of them (the 20 most
frequent words, 40 % of the entries missing), and MULAN's ``yeast``, ``scene``, ``scene`` as tokens
of cells, ``emotions`` and ``flags``. The script prints the mean over 0 / 25 / 50 / 75 % known
labels of the mean average precision over unknown labels, and the mean negative log-likelihood of
the hidden entries:

- networks: depths and lengths of training, by the memory's share of the logits (0 is no memory, 1
  the memory alone);
- memory: its constants, for the memory alone.

Figures are means over splits, with the same rows and hidden labels for all.
``docs/experiments.rst`` has the results. Usage (an hour on two cores for all; a set with few rows
takes a minute)::

    python benchmarks/experiments.py --shared ../shared --sets emotions flags
"""

import argparse
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from _common import PERCENTS_KNOWN, describe_machine, hide_labels, score_percent
from _methods import to_cells
from _sets import read_mulan
from corel5k import compute_tokens, read_corel5k
from scipy.special import expit

from sklearn_ctran import CTranClassifier
from sklearn_ctran._memory import likeness, regression
from sklearn_ctran.baselines import MemoryClassifier

TABLES = ("yeast", "scene", "scene cells", "emotions", "flags")
SETS = ("corel5k", "corel5k 600", "corel5k 200", *TABLES)
NETWORKS = {
    "1 layer, 10 epochs": {"n_layers": 1, "max_epochs": 10},
    "1 layer, 20 epochs": {"n_layers": 1, "max_epochs": 20},
    "1 layer, 40 epochs": {"n_layers": 1, "max_epochs": 40},
    "2 layers, 12 epochs": {"n_layers": 2, "max_epochs": 12},
    "3 layers, long": {"n_layers": 3},
    "default": {},
}
SHARES = (0, 1 / 3, 1 / 2, 2 / 3, 1)
#: Module, constant and value.
MEMORIES = {
    "as it is": (),
    "64 directions": ((likeness, "N_DIRECTIONS", 64),),
    "256 directions": ((likeness, "N_DIRECTIONS", 256),),
    "sharpness 1": ((regression, "SHARPNESS", 1.0),),
    "sharpness 4": ((regression, "SHARPNESS", 4.0),),
    "1,000 centres": ((regression, "MOST_CENTRES", 1000), (regression, "N_CENTRES", 1000)),
}


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    tokens = None
    for name in arguments.sets:
        if name.startswith("corel5k") and tokens is None:
            weights = folder / "weights" / "mobilenet_v2-imagenet.pth"
            paths, Y, train, _ = read_corel5k(folder / "corel5k")
            paths = [path for path, is_training in zip(paths, train, strict=True) if is_training]
            tokens = compute_tokens(paths, weights, 224), Y[train]
        splits = [
            split_rows(name, folder, tokens, arguments.seed + number)
            for number in range(arguments.splits)
        ]
        print(f"\n{name}: mean mAP (%) and negative log-likelihood", flush=True)
        try_memories(splits)
        try_networks(splits, arguments.networks, arguments.seed)
    print("\n" + ", ".join(f"{key} {value}" for key, value in describe_machine(0).items()))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="which sets (all)")
    parser.add_argument(
        "--networks", nargs="*", choices=tuple(NETWORKS), default=tuple(NETWORKS), help="(all)"
    )
    parser.add_argument("--splits", type=int, default=2, help="splits into two parts (2)")
    parser.add_argument("--seed", type=int, default=0, help="of splits and fits (0)")
    return parser.parse_args()


def split_rows(name, folder, tokens, seed):
    """Training rows and validation rows of a training part: (X, Y), (X, Y)."""
    rng = np.random.RandomState(seed)
    if not name.startswith("corel5k"):
        X, Y, train = read_mulan(folder / "mulan", name.split()[0])
        order = rng.permutation(np.flatnonzero(train))
        held_out, fitted = np.split(order, [len(order) // 3])
        mean, scale = X[fitted].mean(axis=0), X[fitted].std(axis=0)
        X = (X - mean) / np.where(scale > 0, scale, 1)
        X = to_cells(X) if name == "scene cells" else X
        return (X[fitted], Y[fitted]), (X[held_out], Y[held_out])
    X, Y = tokens
    held_out, fitted = np.split(rng.permutation(len(Y)), [700])
    if name == "corel5k":
        return (X[fitted], Y[fitted]), (X[held_out], Y[held_out])
    fitted = fitted[: int(name.split()[1])]
    Y = Y[:, np.argsort(-Y.sum(axis=0))[:20]]
    gaps = np.where(rng.random_sample((len(fitted), 20)) < 0.4, -1, Y[fitted])
    return (X[fitted], gaps), (X[held_out], Y[held_out])


def try_memories(splits):
    """Print the scores of the memory alone, with other constants."""
    for name, constants in MEMORIES.items():
        with patched(constants):
            found = []
            for (X, Y), (X_test, Y_test) in splits:
                model = MemoryClassifier(random_state=0).fit(flat(X), Y)
                found.append(score(model, flat(X_test), Y_test))
        show(f"memory, {name}", [np.mean(found, axis=0)])


@contextmanager
def patched(constants):
    """Set constants of modules, then put them back."""
    before = [(module, name, getattr(module, name)) for module, name, _ in constants]
    try:
        for module, name, value in constants:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def try_networks(splits, names, seed):
    """Print the scores of networks by the memory's share of the logits."""
    print(f"{'share of the memory':24}" + "".join(f"{share:16.2f}" for share in SHARES))
    for name in names:
        found = []
        for (X, Y), (X_test, Y_test) in splits:
            model = CTranClassifier(None, random_state=seed, **NETWORKS[name]).fit(X, Y)
            by_share = []
            for share in SHARES:
                model._MEMORY_SHARE = share
                by_share.append(score(model, X_test, Y_test))
            found.append(by_share)
        show(name, np.mean(found, axis=0))


def score(model, X, Y):
    """Mean over shares of known labels of mAP in percent, and of the log-loss of hidden entries."""
    found = []
    for percent in PERCENTS_KNOWN:
        for draw in range(2 if percent else 1):
            known = hide_labels(Y, percent, draw)
            logits = np.clip(model.decision_function(X, known_labels=known), -30, 30)
            hidden = known == -1
            losses = np.logaddexp(0, np.where(Y == 1, -logits, logits))[hidden]
            found.append((percent, score_percent(Y, expit(logits), known), losses.mean()))
    found = np.array(found)
    return np.mean(
        [found[found[:, 0] == percent, 1:].mean(axis=0) for percent in PERCENTS_KNOWN], axis=0
    )


def flat(X):
    """One vector for each image: the mean of many channels, else all numbers."""
    if X.ndim == 2:
        return X
    return X.mean(axis=1) if X.shape[2] > 100 else X.reshape(len(X), -1)


def show(name, scores):
    """Print a row of mAP and log-loss."""
    print(f"{name:24}" + "".join(f"{mAP:9.2f} {loss:.4f}" for mAP, loss in scores), flush=True)


if __name__ == "__main__":
    main()
