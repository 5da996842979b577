"""How many wrong labels C-Tran finds on Corel5k photos, against logistic regression.

Of the 4,500 training photos' labels (74 words) 2 % are flipped at random. Each method predicts each
label out of fold, on the same folds, and labels are ranked by the probability of their given value.
C-Tran is called by `find_label_errors`, with other (partly flipped) labels of the photo known.
Logistic regression per label reads the photo alone. C-Tran reads tokens of a frozen MobileNetV2,
the rival their standardised mean. If n labels were flipped, the script prints which share of them
is among the n most suspicious: of all labels; of the labels given as 1, and as 0, each ranked by
themselves; and of each word's labels (mean over words). It also prints the area under the ROC
curve. All figures are in percent. ``--no-memory`` leaves C-Tran's memory of training rows out.
Usage::

    python benchmarks/label_errors.py --shared ../shared --folds 3 --json label_errors.json

A sample of its output (two cores, seed 0; other jobs ran at times)::

                             all   0 to 1   1 to 0  by word      AUC      time
    logistic regression     78.5     79.6     15.9     78.6     99.4      48 s
    C-Tran                  82.1     83.4     20.8     82.3     99.6     311 s

With a quarter of the labels hidden at a time, or an eighth, or all, 81.3, 81.1 and 81.1 % were
found on other flips and one of three folds: the model helps more than the known labels do.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _common import describe_machine, timed
from corel5k import compute_tokens, read_corel5k
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.inspection import find_label_errors

SHARE_FLIPPED = 0.02


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    folder = Path(arguments.shared) / "data"
    paths, Y, train, _ = read_corel5k(folder / "corel5k")
    train = train.astype(bool)
    paths = [path for path, is_train in zip(paths, train, strict=True) if is_train]
    given, flipped = flip_labels(Y[train], SHARE_FLIPPED, seed)
    n_to_zero = (flipped & (given == 0)).sum()
    print(f"{flipped.sum()} of {flipped.size} labels flipped, {n_to_zero} of them to 0")

    with timed("Computing image tokens"):
        tokens = compute_tokens(paths, folder / "weights" / "mobilenet_v2-imagenet.pth", 224)
    folds = list(KFold(arguments.folds, shuffle=True, random_state=seed).split(tokens))
    results = {}
    with timed("Logistic regression") as clock:
        proba = predict_logistic(tokens.mean(axis=1), given, folds)
    quality = np.where(given == 1, proba, 1 - proba)
    results["logistic regression"] = {**score(quality, given, flipped), "seconds": clock.seconds}
    memory = None if arguments.no_memory else "auto"
    with timed("C-Tran") as clock:
        errors = find_label_errors(
            CTranClassifier(None, memory=memory, random_state=seed),
            tokens,
            given,
            cv=folds,
            random_state=seed,
        )
    quality = errors.label_quality_scores
    results["C-Tran"] = {**score(quality, given, flipped), "seconds": clock.seconds}
    machine = describe_machine(seed)
    print_table(results, machine)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"results": results, **machine}, indent=2))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--folds", type=int, default=5, help="folds of the photos (5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--no-memory", action="store_true", help="C-Tran without its memory")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def flip_labels(Y, share, seed):
    """Flip a random share of the entries; return the labels, and a mask of the flipped ones."""
    flipped = np.zeros(Y.size, dtype=bool)
    order = np.random.RandomState(seed).permutation(Y.size)
    flipped[order[: round(share * Y.size)]] = True
    flipped = flipped.reshape(Y.shape)
    return np.where(flipped, 1 - Y, Y), flipped


def predict_logistic(features, given, folds):
    """Predict out of fold by one logistic regression per label; return (n_photos, n_labels)."""
    proba = np.empty(given.shape)
    for train, test in folds:
        logistic = BinaryRelevance(LogisticRegression(C=0.01, max_iter=1000))
        model = make_pipeline(StandardScaler(), logistic).fit(features[train], given[train])
        proba[test] = model.predict_proba(features[test])
    return proba


def score(quality, given, flipped):
    """Measure how well a low quality indicates flipped labels; all figures in percent."""
    labels = zip(quality.T, flipped.T, strict=True)
    return {
        "all": recall(quality, flipped),
        "0 to 1": recall(quality[given == 1], flipped[given == 1]),
        "1 to 0": recall(quality[given == 0], flipped[given == 0]),
        "by word": float(np.mean([recall(*label) for label in labels if label[1].any()])),
        "AUC": 100 * roc_auc_score(flipped.ravel(), -quality.ravel()),
    }


def recall(quality, flipped):
    """Percentage of the n flipped labels that are among the n labels of lowest quality."""
    order = np.argsort(quality, axis=None, kind="stable")
    return 100 * float(flipped.ravel()[order[: flipped.sum()]].mean())


def print_table(results, machine):
    """Print one row per method, then the machine and the versions."""
    width = max(map(len, results))
    columns = [key for key in next(iter(results.values())) if key != "seconds"]
    print("\nshare of the n flipped labels among the n most suspicious ones, and AUC (%)\n")
    print(" " * width + "".join(f"{column:>9}" for column in columns) + f"{'time':>10}")
    for name, result in results.items():
        cells = "".join(f"{result[column]:9.1f}" for column in columns)
        print(f"{name:{width}}{cells}{result['seconds']:8.0f} s")
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")


if __name__ == "__main__":
    main()
