"""Learning from positives and unlabelled entries: one word of each Corel5k photo is annotated.

Corel5k, official split, the 74 words with at least 50 training photos; the mean features of a
frozen MobileNetV2. Of each training photo one word that applies is kept, at random; all other
entries are missing. They are left out of the loss, or taken for absent (``read_codes(y,
negative=nan)``), with several values of ``pos_weight``. For C-Tran, the entries taken for absent
are shown to the network in training, as by default, or nothing is (``unknown_fraction=None``).
"All labels" is what complete annotations would give.

A fifth of the training photos, completely annotated, is for validation. It chooses the weight and
learns a threshold; no model is trained on it. The script prints mAP on the validation photos; and
on the test photos mAP with nothing and with half of the labels known, and OF1 for a threshold of
0.5 and for the one that was learned. Usage::

    python benchmarks/positive_unlabelled.py --shared ../shared --json positive_unlabelled.json

A sample of its output (two cores, seed 0; 13 minutes, with other jobs at the same time)::

                                              valid mAP  mAP 0 %  mAP 50 %    OF1  OF1 tuned
    linear, all labels                             53.5     56.1      59.4   48.4       56.6
    linear, missing left out                       39.3     40.3      43.8   18.5       37.8
    linear, absent, pos_weight None                44.0     44.2      47.3    6.4       47.5
    linear, absent, pos_weight 5.0                 44.8     45.1      48.1   36.5       48.1
    linear, absent, pos_weight 20.0                45.7     46.1      49.0   47.6       48.1
    linear, absent, pos_weight labels - 1          46.4     47.0      49.8   35.5       49.3
    linear, absent, pos_weight balanced            46.7     47.1      50.2   30.7       47.5
    C-Tran, all labels                             52.0     53.4      63.5   50.2       56.1
    C-Tran, absent, pos_weight None, shown         41.6     41.6      36.2    9.0       47.2
    C-Tran, absent, pos_weight None, none          46.1     45.8      50.6   11.5       50.3
    C-Tran, absent, pos_weight balanced, shown     41.0     42.5      40.3   29.4       36.3
    C-Tran, absent, pos_weight balanced, none      44.6     46.0      49.1   34.0       40.6
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from _common import describe_machine, hide_labels, score_percent, timed
from corel5k import compute_tokens, read_corel5k
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import LinearHead
from sklearn_ctran.datasets import read_codes
from sklearn_ctran.metrics import overall_f1
from sklearn_ctran.model_selection import TunedThresholds, multilabel_train_test_split
from sklearn_ctran.modules.losses import binary_cross_entropy

COLUMNS = ("valid mAP", "mAP 0 %", "mAP 50 %", "OF1", "OF1 tuned")
WEIGHTS = (None, 5.0, 20.0, "labels - 1", "balanced")


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, _ = read_corel5k(folder / "corel5k")
    with timed("Computing features"):
        weights = folder / "weights" / "mobilenet_v2-imagenet.pth"
        X = compute_tokens(paths, weights, arguments.image_size).mean(axis=1)
    seed = arguments.seed
    X_fit, X_valid, Y_fit, Y_valid = multilabel_train_test_split(
        X[train], Y[train], test_size=0.2, random_state=seed
    )
    scaler = StandardScaler().fit(X_fit)
    valid = scaler.transform(X_valid), Y_valid
    test = scaler.transform(X[~train]), Y[~train]
    marked = keep_one_positive(Y_fit, seed)
    assumed = read_codes(marked, negative=np.nan)
    print(f"{Y_fit.sum(axis=1).mean():.2f} words a photo, {assumed.sum(axis=1).mean():.2f} kept")

    results = {}

    def measure(name, model, labels):
        with timed(name):
            model.fit(scaler.transform(X_fit), labels)
            results[name] = score(model, valid, test, seed)
        print("    " + ", ".join(f"{c} {v:.1f}" for c, v in results[name].items()), flush=True)
        return results[name]["valid mAP"]

    settings = {"backbone": None, "random_state": seed, "cache": None}
    linear = settings | {"max_epochs": arguments.linear_epochs}
    measure("linear, all labels", LinearHead(**linear), Y_fit)
    measure("linear, missing left out", LinearHead(**linear, loss=of_positives), assumed)
    by_weight = {
        weight: measure(
            f"linear, absent, pos_weight {weight}",
            LinearHead(**linear, pos_weight=factor(weight, Y_fit)),
            assumed,
        )
        for weight in WEIGHTS
    }
    best = max(by_weight, key=by_weight.get)
    print(f"The validation photos choose pos_weight {best}.")
    ctran = settings | {"max_epochs": arguments.epochs}
    measure("C-Tran, all labels", CTranClassifier(**ctran), Y_fit)
    for weight in dict.fromkeys((None, best)):
        for shown, params in (("shown", {}), ("none", {"unknown_fraction": None})):
            model = CTranClassifier(**ctran, **params, pos_weight=factor(weight, Y_fit))
            measure(f"C-Tran, absent, pos_weight {weight}, {shown}", model, assumed)
    machine = describe_machine(seed)
    print_table(results, machine)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"scores": results, **machine}, indent=2))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--image-size", type=int, default=128, help="pixels per side (128)")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of C-Tran (5)")
    parser.add_argument("--linear-epochs", type=int, default=25, help="of the linear model (25)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def keep_one_positive(Y, seed):
    """Return a table of NaN, with a 1 for one positive of each row, drawn at random."""
    draws = np.random.RandomState(seed).random_sample(Y.shape) * Y
    rows = np.flatnonzero(Y.any(axis=1))
    marked = np.full(Y.shape, np.nan)
    marked[rows, draws[rows].argmax(axis=1)] = 1
    return marked


def of_positives(logits, targets):
    """Cross-entropy of the positives only: missing entries count as little as in any table."""
    return torch.where(targets > 0.5, binary_cross_entropy(logits, targets), 0.0 * logits)


def factor(weight, Y):
    """The value of ``pos_weight``."""
    return float(Y.shape[1] - 1) if weight == "labels - 1" else weight


def score(model, valid, test, seed):
    """Compute all figures of a fitted model, in percent."""
    tuned = TunedThresholds(model, metric="micro_f1", cv="prefit").fit(*valid)
    X, Y = test
    half = hide_labels(Y, 50, seed)
    figures = (
        score_percent(valid[1], model.predict_proba(valid[0]), None),
        score_percent(Y, model.predict_proba(X), None),
        score_percent(Y, model.predict_proba(X, known_labels=half), half),
        100 * overall_f1(Y, model.predict_proba(X)),
        100 * overall_f1(Y, model.predict_proba(X), threshold=tuned.thresholds_),
    )
    return dict(zip(COLUMNS, figures, strict=True))


def print_table(results, machine):
    """Print the figures of each way, then the machine and the versions."""
    width = max(map(len, results))
    print("\n" + " " * width + "".join(f"{column:>11}" for column in COLUMNS))
    for name, figures in results.items():
        print(f"{name:{width}}" + "".join(f"{figures[column]:11.1f}" for column in COLUMNS))
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")


if __name__ == "__main__":
    main()
