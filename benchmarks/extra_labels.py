"""How much extra labels help: Corel5k with 54 words as targets and 20 as extra labels.

The 74 frequent words are split at random, several times. C-Tran learns all of them,
``fit(X, Y, extra_labels=E)``, and predicts the targets with none, half or all of the extra labels
known. The rival is a linear concept model: a logistic regression per target on (features, extra
labels), fitted with the true extra labels. Extra labels that are unknown in prediction are replaced
by probabilities of a logistic regression on the features. C-Tran reads tokens of a frozen
MobileNetV2, the rival their mean. Gains are differences in mAP over the same entries: all test
entries of the 54 words. Usage::

    python benchmarks/extra_labels.py --shared ../shared --json extra_labels.json

A sample of its output (two cores, seed 0)::

                             0 %    50 %   100 %    gain
    linear on concepts      62.0    62.9    63.9     1.8 (2.0, 2.7, 0.8)
    C-Tran                  64.8    65.3    66.0     1.2 (2.0, 0.6, 0.9)
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _common import describe_machine, hide_labels, score_percent, timed
from corel5k import compute_tokens, read_corel5k
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier

N_EXTRA = 20
PERCENTS_EXTRA_KNOWN = (0, 50, 100)


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    with timed("Computing image tokens"):
        tokens = compute_tokens(paths, folder / "weights" / "mobilenet_v2-imagenet.pth", 224)
    results = []
    for split in range(arguments.splits):
        order = np.random.RandomState(arguments.seed + split).permutation(len(words))
        extra, targets = order[:N_EXTRA], order[N_EXTRA:]
        print(f"extra words: {', '.join(words[extra])}")
        test_extra = Y[~train][:, extra]
        known = [hide_labels(test_extra, percent, split) for percent in PERCENTS_EXTRA_KNOWN]
        scores = {}
        for name, predict in fit_all(tokens, Y, train, targets, extra, arguments.seed):
            scores[name] = [score_percent(Y[~train][:, targets], predict(K), None) for K in known]
            print(f"    {name}: mAP " + " / ".join(f"{score:.1f}" for score in scores[name]))
        results.append({"extra": words[extra].tolist(), "mAP": scores})
    machine = describe_machine(arguments.seed)
    print_table(results, machine)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"splits": results, **machine}, indent=2))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--splits", type=int, default=3, help="random choices of extra words (3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def fit_all(tokens, Y, train, targets, extra, seed):
    """Yield names, and functions from the test part's known extra labels to probabilities."""
    Y_train, E_train = Y[train][:, targets], Y[train][:, extra]
    with timed("Fitting the linear model"):
        linear = LinearOnConcepts(tokens.mean(axis=1), train).fit(Y_train, E_train)
    yield "linear on concepts", linear.predict_proba
    with timed("Fitting C-Tran"):
        model = CTranClassifier(backbone=None, random_state=seed)
        encoded = model.fit(tokens[train], Y_train, extra_labels=E_train).encode(tokens[~train])
    yield "C-Tran", lambda known: model.predict_proba(encoded, extra_labels=known)


class LinearOnConcepts:
    """Logistic regression per target on features and concepts; unknown concepts are predicted.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
        Features of training and test images.
    train : ndarray of shape (n_samples,), bool
    """

    #: Regularisation strength, and scale of the concepts relative to the features: the best of a
    #: few values on a part of the training photos.
    C = 0.003
    CONCEPT_SCALE = 10.0

    def __init__(self, features, train):
        self.scaler = StandardScaler().fit(features[train])
        self.X_train, self.X_test = (self.scaler.transform(features[m]) for m in (train, ~train))

    def fit(self, Y, E):
        """Learn targets and concepts."""
        logistic = MultiOutputClassifier(LogisticRegression(C=self.C, max_iter=1000))
        self.centre, self.scale = E.mean(axis=0), E.std(axis=0)
        self.concepts = _positive(logistic.fit(self.X_train, E).predict_proba(self.X_test))
        self.targets = MultiOutputClassifier(LogisticRegression(C=self.C, max_iter=1000))
        self.targets.fit(self._inputs(self.X_train, E), Y)
        return self

    def predict_proba(self, known):
        """Probabilities of the targets of the test images; `known` has -1 where unknown."""
        E = np.where(known < 0, self.concepts, known)
        return _positive(self.targets.predict_proba(self._inputs(self.X_test, E)))

    def _inputs(self, X, E):
        return np.hstack([X, self.CONCEPT_SCALE * (E - self.centre) / self.scale])


def _positive(proba):
    return np.column_stack([p[:, 1] for p in proba])


def print_table(results, machine):
    """Print mean mAP by share of the extra labels known, and the gain from knowing all."""
    shares = "".join(f"{percent:>6} %" for percent in PERCENTS_EXTRA_KNOWN)
    print("\nmAP of the targets (%), by share of the extra labels known; gain (of each split)\n")
    print(f"{'':20}{shares}{'gain':>8}")
    for name in results[0]["mAP"]:
        scores = np.array([result["mAP"][name] for result in results])
        gains = scores[:, -1] - scores[:, 0]
        cells = "".join(f"{score:8.1f}" for score in scores.mean(axis=0))
        each = ", ".join(f"{gain:.1f}" for gain in gains)
        print(f"{name:20}{cells}{gains.mean():8.1f} ({each})")
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")


if __name__ == "__main__":
    main()
