"""C-Tran with its default settings against linear models on MULAN feature sets.

``scene`` (photos as 294 numbers, or as a 7 x 7 grid of cells of six numbers: ``scene, cells``),
``yeast``, ``emotions`` and ``flags``, official splits. No backbone: the features go in directly.
Logistic regression per label chooses its C label by label by cross-validation on the training
part; C-Tran and the masked linear model have one setting for everything. Usage::

    python benchmarks/mulan.py --shared ../shared --json mulan.json

mAP on the test parts, in %, by share of labels known (seed 0, 5 draws, 4 minutes on two cores)::

                                     0 %   25 %   50 %   75 %
    scene        logistic regression   76.2   76.1   76.8   76.1
    scene        classifier chain      76.2   76.5   77.4   77.0
    scene        masked linear         75.8   80.8   84.0   86.4
    scene        C-Tran                84.1   88.2   90.6   92.7
    scene, cells logistic regression   76.2   76.1   76.8   76.1
    scene, cells classifier chain      76.2   76.5   77.4   77.0
    scene, cells masked linear         76.0   81.0   84.2   86.8
    scene, cells C-Tran                88.9   92.0   93.6   94.9
    yeast        logistic regression   45.8   45.7   46.4   47.2
    yeast        classifier chain      44.5   53.7   60.0   65.9
    yeast        masked linear         45.7   61.7   70.4   78.6
    yeast        C-Tran                50.7   67.4   76.8   84.1
    emotions     logistic regression   69.8   70.0   71.2   71.2
    emotions     classifier chain      71.3   72.7   74.1   74.9
    emotions     masked linear         69.2   74.2   76.1   78.9
    emotions     C-Tran                74.9   78.8   80.1   82.3
    flags        logistic regression   69.7   71.5   74.1   77.4
    flags        classifier chain      71.1   75.0   77.4   81.7
    flags        masked linear         72.7   75.8   80.3   83.3
    flags        C-Tran                70.8   73.9   76.6   82.7
"""

import argparse
from pathlib import Path

import numpy as np
from _common import compare, describe_machine, make_rivals, print_table, write_json
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import MaskedLinear

SETS = ("scene", "scene, cells", "yeast", "emotions", "flags")


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    results = {}
    for name in SETS:
        print(f"\n{name}\n{'-' * len(name)}", flush=True)
        X, Y, train = read_mulan(Path(arguments.shared) / "data" / "mulan", name)
        methods = make_methods(X, train, arguments.seed)
        results[name] = compare(
            methods, Y[train], Y[~train], arguments.seed, n_draws=arguments.draws
        )
        print_table(results[name], machine)
    flat = {f"{s}: {method}": result for s in SETS for method, result in results[s].items()}
    write_json(arguments.json, flat, machine, draws=arguments.draws)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/mulan")
    parser.add_argument("--draws", type=int, default=5, help="times that labels are hidden (5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def read_mulan(folder, name):
    """Features (a table, or cells as tokens), labels, mask of training rows."""
    stem, _, form = name.partition(", ")
    with np.load(folder / f"{stem}.npz", allow_pickle=False) as table:
        X, Y, train = table["X"].astype(np.float32), table["Y"].astype(np.int64), table["train"]
    if form == "cells":
        # Mean and variance of three channels, each for 49 cells in turn.
        X = X.reshape(len(X), 6, 49).transpose(0, 2, 1)
    return X, Y, train.astype(bool)


def make_methods(X, train, seed):
    """Every method with its training and test inputs."""
    table = X.reshape(len(X), -1)
    scaler = StandardScaler().fit(table[train])
    features = scaler.transform(table[train]), scaler.transform(table[~train])
    logistic = GridSearchCV(
        LogisticRegression(max_iter=1000),
        {"C": np.logspace(-4, 0, 9)},
        cv=3,
        scoring="average_precision",
    )
    rivals = make_rivals(seed, logistic)
    return {
        **{name: (rival, *features) for name, rival in rivals.items()},
        "masked linear": (MaskedLinear(random_state=seed), *features),
        "C-Tran": (CTranClassifier(backbone=None, random_state=seed), X[train], X[~train]),
    }


if __name__ == "__main__":
    main()
