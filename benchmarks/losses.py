"""Which loss helps when: C-Tran on Corel5k photos with all positives annotated, or half of them.

Corel5k, official split, the 74 words with at least 50 training photos; tokens of a frozen
MobileNetV2. Each loss of ``CTranClassifier(loss=..., pos_weight=...)``, at its default settings, is
trained on the labels as they are, and on labels of which a random half of the positives was set to
0, as if annotators had missed these words. Both are scored on the complete test labels. The script
prints mAP with nothing and with half of each photo's labels known. With nothing known it also
prints OF1 and CF1, for a threshold of 0.5 and for the three most probable labels, and the
calibration error. Usage::

    python benchmarks/losses.py --shared ../shared --json losses.json

A sample of its output (two cores, means of seeds 0 and 1, which differ by up to 2.3 in mAP; each
fit takes 90 s; the asymmetric loss was measured in another run, with ``--losses asymmetric``)::

                              mAP 0 %  mAP 50 %   OF1   CF1  OF1 top 3  CF1 top 3   ECE
    cross-entropy, 0 % missed    64.9      70.4  64.6  58.6       62.3       58.0   1.4
    balanced, 0 % missed         61.9      67.8  43.5  47.3       55.5       57.8   9.5
    focal, 0 % missed            63.8      69.2  63.4  57.5       62.0       58.3   6.2
    asymmetric, 0 % missed       64.1      69.7  60.2  58.3       61.8       58.0  11.8
    cross-entropy, 50 % missed   59.4      64.3  36.2  32.7       58.8       54.4   2.0
    balanced, 50 % missed        58.5      63.1  45.1  47.8       51.7       53.8   8.2
    focal, 50 % missed           57.0      61.5  34.9  31.8       56.8       52.5   4.3
    asymmetric, 50 % missed      57.3      61.2  58.5  53.5       56.9       53.1   8.9
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _common import describe_machine, hide_labels, score_percent, timed
from corel5k import compute_tokens, read_corel5k

from sklearn_ctran import CTranClassifier
from sklearn_ctran.metrics import class_f1, expected_calibration_error, overall_f1

LOSSES = {
    "cross-entropy": {},
    "balanced": {"pos_weight": "balanced"},
    "focal": {"loss": "focal"},
    "asymmetric": {"loss": "asymmetric"},
}
SHARES_MISSED = (0.0, 0.5)
COLUMNS = ("mAP 0 %", "mAP 50 %", "OF1", "CF1", "OF1 top 3", "CF1 top 3", "ECE")


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, _ = read_corel5k(folder / "corel5k")
    with timed("Computing image tokens"):
        tokens = compute_tokens(paths, folder / "weights" / "mobilenet_v2-imagenet.pth", 224)
    results = {}
    for share in SHARES_MISSED:
        for name in arguments.losses:
            scores = []
            for seed in range(arguments.seed, arguments.seed + arguments.seeds):
                Y_train = miss_positives(Y[train], share, seed)
                with timed(f"{name}, {100 * share:.0f} % of the positives missed, seed {seed}"):
                    model = CTranClassifier(None, random_state=seed, **LOSSES[name])
                    model.fit(tokens[train], Y_train)
                scores.append(score(model, tokens[~train], Y[~train], seed))
                print("    " + ", ".join(f"{c} {scores[-1][c]:.1f}" for c in COLUMNS), flush=True)
            results[f"{name}, {100 * share:.0f} % missed"] = scores
    machine = describe_machine(arguments.seed)
    print_table(results, machine)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"scores": results, **machine}, indent=2))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=LOSSES, help="which (all)")
    parser.add_argument("--seeds", type=int, default=2, help="fits of each loss (2)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def miss_positives(Y, share, seed):
    """Return `Y` with a random share of its positive entries turned negative."""
    return np.where(np.random.RandomState(seed).random_sample(Y.shape) < share, 0, Y)


def score(model, X, Y, seed):
    """Compute all figures of a fitted model, in percent."""
    encoded = model.encode(X)
    proba = model.predict_proba(encoded)
    half = hide_labels(Y, 50, seed)
    figures = (
        score_percent(Y, proba, None),
        score_percent(Y, model.predict_proba(encoded, known_labels=half), half),
        100 * overall_f1(Y, proba),
        100 * class_f1(Y, proba, zero_division=0),
        100 * overall_f1(Y, proba, threshold=0, top_k=3),
        100 * class_f1(Y, proba, threshold=0, top_k=3, zero_division=0),
        100 * expected_calibration_error(Y, proba),
    )
    return dict(zip(COLUMNS, figures, strict=True))


def print_table(results, machine):
    """Print the mean of each figure over the seeds, then the machine and the versions."""
    width = max(map(len, results))
    print("\n" + " " * width + "".join(f"{column:>11}" for column in COLUMNS))
    for name, scores in results.items():
        means = (np.mean([each[column] for each in scores]) for column in COLUMNS)
        print(f"{name:{width}}" + "".join(f"{mean:11.1f}" for mean in means))
    spread = [np.ptp([each["mAP 0 %"] for each in scores]) for scores in results.values()]
    print(f"\nmAP 0 % of two seeds differs by up to {max(spread):.1f}")
    print(", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")


if __name__ == "__main__":
    main()
