"""How much learned thresholds and calibration help: Corel5k photos, 74 words.

C-Tran reads tokens of a frozen MobileNetV2, logistic regression per word their mean. Thresholds and
calibration are learned from out-of-fold probabilities of the training part, in three stratified
folds. The model is then fitted on all of it. Figures are over the official test part with no words
known. "Ensemble" rows are those of ``ensemble=True``, the mean of the folds' calibrated models;
their column "before" is the mean of the same models without calibration. OP, OR and OF1 are over
all predictions, CP, CR and CF1 from means over words. The expected calibration error is given as
the mean over words, and over all predictions together. Usage::

    python benchmarks/thresholds.py --shared ../shared --json thresholds.json

A sample of its output (one thread of a busy machine, seed 0, 20 minutes)::

    Decisions (%)                    OP     OR    OF1     CP     CR    CF1
    logistic regression  0.5       74.1   48.5   58.7   66.1   43.3   52.3
    logistic regression  f1        55.4   66.1   60.3   55.3   64.4   59.5
    logistic regression  micro_f1  61.7   62.7   62.2   59.9   56.5   58.2
    C-Tran               0.5       74.3   57.8   65.0   67.3   54.6   60.3
    C-Tran               f1        58.0   68.0   62.6   58.5   65.8   62.0
    C-Tran               micro_f1  64.0   67.5   65.7   63.0   62.5   62.7

    ECE by word / mAP (%)             before        sigmoid       isotonic      temperature
    logistic regression            1.38 / 60.8   1.41 / 60.8   1.18 / 57.2   1.40 / 60.8
    logistic regression, ensemble  1.41 / 62.0   1.46 / 62.2   1.43 / 61.0   1.48 / 62.0
    C-Tran                         1.37 / 64.6   1.51 / 64.6   1.36 / 60.7   1.65 / 64.6
    C-Tran, ensemble               1.38 / 65.2   1.41 / 65.3   1.35 / 64.0   1.49 / 65.2
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _common import describe_machine, timed
from corel5k import compute_tokens, read_corel5k
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier
from sklearn_ctran.metrics import (
    class_f1,
    class_precision,
    class_recall,
    expected_calibration_error,
    mean_average_precision,
    overall_f1,
    overall_precision,
    overall_recall,
)
from sklearn_ctran.model_selection import (
    MultilabelCalibrator,
    MultilabelStratifiedKFold,
    TunedThresholds,
)

N_FOLDS = 3
SCORES = {
    "OP": overall_precision,
    "OR": overall_recall,
    "OF1": overall_f1,
    "CP": class_precision,
    "CR": class_recall,
    "CF1": class_f1,
}
METRICS = ("f1", "micro_f1")
METHODS = ("sigmoid", "isotonic", "temperature")


def main():
    arguments = parse_arguments()
    seed, folder = arguments.seed, Path(arguments.shared) / "data"
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    print(f"{train.sum()} training photos, {(~train).sum()} test photos, {len(words)} words")
    if arguments.tokens is None:
        with timed("Computing image tokens"):
            weights = folder / "weights" / "mobilenet_v2-imagenet.pth"
            tokens = compute_tokens(paths, weights, 224)
    else:
        tokens = np.load(arguments.tokens)
    results = {}
    for name, (estimator, X) in make_models(tokens, seed).items():
        folds, test = predict(name, estimator, X, Y, train, seed)
        held_out = np.empty_like(Y[train], dtype=float)
        for rows, proba, _ in folds:
            held_out[rows] = proba
        results[name] = {
            "mAP": 100 * mean_average_precision(Y[~train], test),
            "decisions": score_decisions(held_out, test, Y, train),
            "calibration": score_calibration(folds, held_out, test, Y, train),
        }
    machine = describe_machine(seed)
    print_tables(results, machine)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({**results, **machine}, indent=2) + "\n")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--tokens", metavar="FILE", help="read image tokens from this .npy file")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def make_models(tokens, seed):
    """Make each model, with its inputs."""
    logistic = OneVsRestClassifier(LogisticRegression(C=0.01, max_iter=1000))
    return {
        "logistic regression": (make_pipeline(StandardScaler(), logistic), tokens.mean(axis=1)),
        "C-Tran": (CTranClassifier(backbone=None, random_state=seed), tokens),
    }


def predict(name, estimator, X, Y, train, seed):
    """Predict by a model of each fold, and by one that is fitted on the whole training part.

    This is done once for all meta-estimators, each of which would fit the same models again.
    Returns, for each fold, the held-out rows of the training part and the model's probabilities for
    them and for the test part; then the final model's probabilities for the test part.
    """
    cv = MultilabelStratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    X_train, Y_train, X_test = X[train], Y[train], X[~train]
    folds = []
    for rest, rows in cv.split(X_train, Y_train):
        with timed(f"Fitting {name} without fold {len(folds) + 1} of {N_FOLDS}"):
            estimator.fit(X_train[rest], Y_train[rest])
        proba = [estimator.predict_proba(part) for part in (X_train[rows], X_test)]
        folds.append((rows, *proba))
    with timed(f"Fitting {name}"):
        estimator.fit(X_train, Y_train)
    return folds, estimator.predict_proba(X_test)


class Given(BaseEstimator):
    """An estimator that returns its inputs as probabilities."""

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        """Learn nothing."""
        return self

    def predict_proba(self, X):
        """Return the inputs."""
        return X


def score_decisions(held_out, test, Y, train):
    """Precision, recall and F1 in percent, at 0.5 and at thresholds tuned for each metric."""
    decisions = {"0.5": (test > 0.5).astype(float)}
    for metric in METRICS:
        tuned = TunedThresholds(Given(), metric=metric, cv="prefit").fit(held_out, Y[train])
        decisions[metric] = tuned.predict(test).astype(float)
    return {
        thresholds: {
            score: 100 * function(Y[~train], labels, zero_division=0)
            for score, function in SCORES.items()
        }
        for thresholds, labels in decisions.items()
    }


def score_calibration(folds, held_out, test, Y, train):
    """Expected calibration errors in percent, by word and over all words together, and mAP."""
    proba = {"before": test, "folds' mean": np.mean([of_test for *_, of_test in folds], axis=0)}
    for method in METHODS:
        calibrator = MultilabelCalibrator(Given(), method=method, cv="prefit")
        proba[method] = calibrator.fit(held_out, Y[train]).predict_proba(test)
        # The predictions of ensemble=True, from models that are already fitted.
        calibrated = [
            calibrator.fit(of_held_out, Y[train][rows]).predict_proba(of_test)
            for rows, of_held_out, of_test in folds
        ]
        proba[f"{method}, ensemble"] = np.mean(calibrated, axis=0)
    return {
        method: {
            "by word": 100 * expected_calibration_error(Y[~train], p),
            "overall": 100 * expected_calibration_error(Y[~train], p, average="micro"),
            "mAP": 100 * mean_average_precision(Y[~train], p),
        }
        for method, p in proba.items()
    }


def print_tables(results, machine):
    """Print one row per model and thresholds, or per model and method of calibration."""
    for title, key in (
        ("Decisions (%), by thresholds", "decisions"),
        ("Expected calibration error and mAP (%), by method of calibration", "calibration"),
    ):
        columns = next(iter(next(iter(results.values()))[key].values()))
        print(f"\n{title}\n\n{'':43}" + "".join(f"{column:>9}" for column in columns))
        for name, result in results.items():
            for row, scores in result[key].items():
                cells = "".join(f"{score:9.2f}" for score in scores.values())
                print(f"{name:20} {row:22}{cells}")
    print("\n" + ", ".join(f"{item} {value}" for item, value in machine.items()) + "\n")


if __name__ == "__main__":
    main()
