"""Speed of mean average precision, compared with scikit-learn's, on random scores of many labels.

    python benchmarks/metrics.py

Scores are random and some are tied; positives are rare, as in COCO. Both functions are timed in
turns and must agree to 1e-9.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

sys.path.insert(0, str(Path(__file__).parent / "speed"))
from _speed import describe_machine, time_interleaved

from sklearn_ctran.metrics import mean_average_precision


def main():
    """Print medians, their ratio, the machine, versions and seed."""
    arguments = _parse_arguments()
    rng = np.random.RandomState(arguments.seed)
    shape = arguments.samples, arguments.labels
    y_true = (rng.random_sample(shape) < 0.03).astype(np.int64)
    y_true[0] = 1
    y_score = rng.random_sample(shape)
    tied = rng.random_sample(shape) < 0.2
    y_score[tied] = y_score[tied].round(3)
    for dtype in (np.float64, np.float32):
        _compare(y_true, y_score.astype(dtype), arguments.repeats)
    print(", ".join(f"{key} {value}" for key, value in describe_machine(arguments.seed).items()))


def _compare(y_true, y_score, n_repeats):
    scores = {}
    variants = {
        "sklearn-ctran": lambda: scores.update(ours=mean_average_precision(y_true, y_score)),
        "scikit-learn": lambda: scores.update(
            theirs=average_precision_score(y_true, y_score, average="macro")
        ),
    }
    seconds = time_interleaved(variants, n_repeats=n_repeats)
    difference = abs(scores["ours"] - scores["theirs"])
    if difference > 1e-9:
        raise RuntimeError(f"The two mAP differ by {difference:g}.")
    ours, theirs = (float(np.median(seconds[name])) for name in variants)
    print(f"mAP of {y_score.shape[0]} x {y_score.shape[1]} {y_score.dtype} scores")
    print(f"    sklearn-ctran {ours:.2f} s, scikit-learn {theirs:.2f} s (medians of {n_repeats})")
    print(f"    ratio of medians: {theirs / ours:.2f} times as fast; difference {difference:.1e}")


def _parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--labels", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
