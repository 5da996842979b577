"""C-Tran and its rivals with few training photos and gaps in their labels.

Corel5k photos, the 20 most frequent words, tokens of a frozen MobileNetV2. 200, 600 or 1,500
training photos are drawn from the official training part, and 40 % of their labels are missing. The
500 test photos are complete. The script prints the mean average precision over the unknown labels
with 0 / 25 / 50 / 75 % of each test photo's labels known; the expected calibration error (mean over
words) with nothing known, and its mean over the four shares; and the seconds of a fit on ready
tokens. Known labels are the same for every method. Figures are means over seeds, each of which
draws other photos, gaps and known labels.

Linear models, the MLP and the powerset read the standardised mean of the tokens. The strength of
their regularisation and the powerset's smoothing are chosen by cross-validation on the training
part of the first seed, for each number of photos. A powerset needs complete label sets: its gaps
are filled by logistic regression. Usage::

    python benchmarks/few_images.py --shared ../shared --json few_images.json

``docs/comparison.rst`` shows its output.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from _common import PERCENTS_KNOWN, describe_machine, hide_labels, score_percent, seeded, timed
from _methods import C_LOGISTIC, tune
from corel5k import compute_tokens, read_corel5k
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import (
    BinaryRelevance,
    LabelPowerset,
    MaskedLinear,
    MemoryClassifier,
    StandardMLP,
)
from sklearn_ctran.metrics import expected_calibration_error

SIZES = (200, 600, 1500)
N_WORDS = 20
SHARE_MISSING = 0.4


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, _ = read_corel5k(folder / "corel5k")
    train = train.astype(bool)
    Y = Y[:, np.argsort(-Y[train].sum(axis=0), kind="stable")[:N_WORDS]]
    with timed("Computing image tokens"):
        tokens = compute_tokens(paths, folder / "weights" / "mobilenet_v2-imagenet.pth", 224)
    results = {}
    for size in arguments.sizes:
        results[size] = run(size, tokens, Y, train, arguments)
        print_table(size, results[size])
    machine = describe_machine(arguments.seed)
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
    if arguments.json:
        report = {"results": results, **machine}
        Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="training photos (200 600 1500)"
    )
    parser.add_argument("--seeds", type=int, default=4, help="training parts of each size (4)")
    parser.add_argument("--draws", type=int, default=3, help="draws of known labels a fit (3)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def run(size, tokens, Y, train, arguments):
    """Fit and score every method with one number of training photos.

    Returns method -> figure -> list of its value for each seed.
    """
    means = tokens.mean(axis=1)
    rows, given = draw_training_part(Y, train, size, arguments.seed)
    print(f"{size} training photos; settings:", flush=True)
    methods = make_methods(means[rows], given)
    results = {name: {} for name in methods}
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        rows, given = draw_training_part(Y, train, size, seed)
        for name, (estimator, reads_tokens) in methods.items():
            features = tokens if reads_tokens else means
            learned, model = features[rows], seeded(estimator, seed)
            start = time.perf_counter()
            model.fit(learned, given)
            figures = {"fit seconds": time.perf_counter() - start}
            figures |= score(model, features[~train], Y[~train], seed, arguments.draws)
            for figure, value in figures.items():
                results[name].setdefault(figure, []).append(value)
            print(f"    seed {seed}, {name}: {figures['fit seconds']:.1f} s", flush=True)
    return results


def draw_training_part(Y, train, size, seed):
    """Draw training photos: their rows, and their labels with gaps (-1)."""
    rng = np.random.RandomState(seed)
    rows = np.sort(rng.choice(np.flatnonzero(train), size, replace=False))
    return rows, np.where(rng.rand(size, Y.shape[1]) < SHARE_MISSING, -1, Y[rows])


class FilledPowerset(LabelPowerset):
    """A label powerset whose gaps in training are filled by its classifier, label by label."""

    def _fit_labels(self, X, states, sample_weight):
        relevance = BinaryRelevance(self.estimator).fit(X, states, sample_weight=sample_weight)
        filled = relevance.predict_proba(X, known_labels=states) > 0.5
        super()._fit_labels(X, filled.astype(states.dtype), sample_weight)


def make_methods(features, given):
    """Make every method and choose its settings; name -> (estimator, whether it reads tokens)."""
    scaled = (StandardScaler(),)
    logistic = LogisticRegression(max_iter=1000)
    grid = {"estimator__C": C_LOGISTIC}
    relevance = tune(BinaryRelevance(logistic), grid, features, given, scaled)
    grid = {"estimator__C": C_LOGISTIC[:3], "smoothing": (1e-2, 5e-2, 0.1)}
    powerset = tune(
        FilledPowerset(logistic), grid, features, given, scaled, shares=(0, 0.5), most_rows=600
    )
    pooled = {
        "logistic regression": relevance,
        "masked linear": MaskedLinear(),
        "MLP": StandardMLP(None),
        "powerset": powerset,
        "memory": MemoryClassifier(),
        "logistic regression, memory": MemoryClassifier(relevance),
    }
    hand = {
        "C-Tran": {},
        "C-Tran, no memory": {"memory": None},
        "C-Tran, 3 layers, 60 epochs": {"n_layers": 3, "max_epochs": 60},
        "C-Tran, 3 layers, 10 epochs": {"n_layers": 3, "max_epochs": 10},
        "C-Tran, 1 layer, 30 epochs": {"n_layers": 1, "max_epochs": 30},
        "C-Tran, 1 layer, 10 epochs": {"n_layers": 1, "max_epochs": 10},
    }
    return {
        **{name: (make_pipeline(*scaled, each), False) for name, each in pooled.items()},
        **{name: (CTranClassifier(None, **params), True) for name, params in hand.items()},
    }


def score(model, X, Y, seed, n_draws):
    """Score a fitted method at each share of known labels, in percent."""
    precision, error = {}, {}
    for percent in PERCENTS_KNOWN:
        scores = []
        for draw in range(n_draws if percent else 1):
            known = hide_labels(Y, percent, 1000 * seed + draw)
            proba = model.predict_proba(X, known_labels=known)
            calibration = expected_calibration_error(Y, proba, known_labels=known)
            scores.append((score_percent(Y, proba, known), 100 * calibration))
        precision[f"mAP {percent}"], error[f"ECE {percent}"] = map(float, np.mean(scores, axis=0))
    return precision | error


def print_table(size, results):
    """Print the means over seeds, one row per method."""
    width = max(map(len, results))
    shares = "".join(f"{percent:>6} %" for percent in PERCENTS_KNOWN)
    print(f"\n{size} training photos: mAP by share of labels known, ECE (%)\n")
    print(f"{'':{width}}{shares}   ECE, 0 %  ECE, all      fit")
    for name, figures in results.items():
        means = {figure: np.mean(values) for figure, values in figures.items()}
        scores = "".join(f"{means[f'mAP {percent}']:8.1f}" for percent in PERCENTS_KNOWN)
        errors = np.mean([means[f"ECE {percent}"] for percent in PERCENTS_KNOWN])
        seconds = f"{means['fit seconds']:7.1f} s"
        print(f"{name:{width}}{scores}{means['ECE 0']:11.1f}{errors:10.1f}{seconds}")


if __name__ == "__main__":
    main()
