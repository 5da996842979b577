"""Label shares in stratified and shuffled folds, and the time of a stratified split.

All samples of Corel5k (74 frequent words) and yeast (14 labels) are split into 5 and 10 folds. A
deviation is the distance between a label's share of positives in a test fold and in all samples, in
percentage points. The script prints its mean and its maximum over labels and folds, and the number
of pairs of a label and a fold without a positive (means over seeds). Seconds are those of one split
of 100,000 samples with 500 labels into 5 folds: as an array, as a sparse matrix, and with half of
the entries missing. A share of 1 / (2 k) of the samples has the k-th label. Usage::

    python benchmarks/stratification.py --shared ../shared --json stratification.json
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from _common import describe_machine
from _sets import read_mulan
from corel5k import read_corel5k
from scipy import sparse
from sklearn.model_selection import KFold

from sklearn_ctran.model_selection import MultilabelStratifiedKFold

SPLITTERS = {"shuffled": KFold, "stratified": MultilabelStratifiedKFold}
LARGE = 100_000, 500


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    labels = {
        "Corel5k": read_corel5k(folder / "corel5k")[1],
        "yeast": read_mulan(folder / "mulan", "yeast")[1],
    }
    seeds = range(arguments.seed, arguments.seed + arguments.repeats)
    # Folds without a positive are counted.
    warnings.filterwarnings("ignore", message=".*no positive in some test fold")
    deviations = {
        f"{name}, {n_folds} folds, {how}": measure_deviation(Y, splitter, n_folds, seeds)
        for name, Y in labels.items()
        for n_folds in (5, 10)
        for how, splitter in SPLITTERS.items()
    }
    print_deviations(deviations)
    seconds = {form: time_split(Y, arguments.seed) for form, Y in make_large(arguments.seed)}
    machine = describe_machine(arguments.seed)
    print(", ".join(f"{item} {value}" for item, value in machine.items()) + "\n")
    if arguments.json:
        report = {"deviations": deviations, "seconds": seconds, **machine}
        Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--repeats", type=int, default=10, help="seeds to take the mean of (10)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def measure_deviation(Y, splitter, n_folds, seeds):
    """Return mean and maximum deviation in percentage points, and pairs without a positive."""
    figures = []
    for seed in seeds:
        cv = splitter(n_folds, shuffle=True, random_state=seed)
        shares = np.array([Y[test].mean(axis=0) for _, test in cv.split(Y, Y)])
        off = 100 * np.abs(shares - Y.mean(axis=0))
        figures.append((off.mean(), off.max(), np.count_nonzero(shares == 0)))
    return dict(zip(("mean", "maximum", "without positive"), np.mean(figures, axis=0), strict=True))


def print_deviations(deviations):
    """Print one row per data set, number of folds and splitter."""
    print(f"\n{'label shares off by':32}{'mean':>8}{'maximum':>10}{'no positive':>13}\n")
    for name, (mean, maximum, without) in ((n, d.values()) for n, d in deviations.items()):
        print(f"{name:32}{mean:8.3f}{maximum:10.3f}{without:13.1f}")
    print()


def make_large(seed):
    """Yield names, and labels of the same shape in several forms."""
    rng = np.random.RandomState(seed)
    share = 0.5 / np.arange(1, LARGE[1] + 1)
    Y = (rng.random_sample(LARGE) < share).astype(np.int8)
    yield "dense", Y
    yield "sparse", sparse.csr_matrix(Y)
    yield "half missing", np.where(rng.random_sample(LARGE) < 0.5, np.nan, Y)


def time_split(Y, seed):
    """Return the seconds of one split into five folds."""
    cv = MultilabelStratifiedKFold(5, shuffle=True, random_state=seed)
    start = time.perf_counter()
    folds = list(cv.split(Y, Y))
    seconds = time.perf_counter() - start
    form = f"{Y.shape[0]} x {Y.shape[1]}, {type(Y).__name__} of {Y.dtype}"
    print(f"{form}, {len(folds)} folds: {seconds:.2f} s", flush=True)
    return seconds


if __name__ == "__main__":
    main()
