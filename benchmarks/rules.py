"""How much rules between labels help if few entries are annotated.

Digits: scikit-learn's 1,797 digits with 12 labels: the ten digits, of which exactly one applies,
and "even" and "prime", which digits imply. Half of the images are for training; a random 20 % of
their entries are annotated. Corel5k: 74 words, tokens of a frozen MobileNetV2, official split, and
eight parent words such as "animal", which are positive if one of their children is. In training all
parents, 30 % of the children's entries, and all other words are annotated: often "animal" is known,
but not which animal.

The same C-Tran is trained with rules (`exclusive_groups`, `implies`); without rules; and without
rules on labels to which the implied states were added ("filled in"). Predictions of the models
without rules are also "made to obey" them: implied states are added to the known labels, and the
logits are turned into probabilities of the label sets that obey the rules. All figures are over
unknown entries of the test part, with nothing or half of each row's labels known: mAP of all labels
and of the children (digits; words that have a parent); log-loss per entry, in hundredths; subset
accuracy, the share of rows with all labels right; and the share of rows whose predicted and known
labels break a rule. Usage::

    python benchmarks/rules.py --shared ../shared --json rules.json

A sample of its output (two cores; digits with seeds 0 to 2, Corel5k with seed 0 only; other jobs
ran at times). With nothing known, rules hardly change Corel5k's mAP, and filling in without rules
makes log-loss worse on both sets::

    digits, 0 % known, mean of 3 seed(s)

                                            mAP  children  log-loss    subset    broken
    no rules                               96.6      96.1       6.4      85.5      10.5
    no rules, made to obey                 97.7      97.4       6.0      91.1       0.0
    no rules, filled in                    96.6      96.2       7.3      82.0      13.8
    no rules, filled in, made to obey      97.5      97.2       6.9      88.5       0.0
    rules                                  98.2      97.9       4.4      94.3       0.0

    digits, 50 % known, mean of 3 seed(s)

                                            mAP  children  log-loss    subset    broken
    no rules                               97.4      97.0       5.3      92.5       6.6
    no rules, made to obey                 99.6      99.6       2.5      97.7       0.0
    no rules, filled in                    98.5      98.3       4.2      94.5       4.4
    no rules, filled in, made to obey      99.5      99.5       2.5      98.0       0.0
    rules                                  99.8      99.7       1.5      99.1       0.0

    corel5k, 0 % known, mean of 1 seed(s)

                                            mAP  children  log-loss    subset    broken
    no rules                               63.1      64.0       8.3      15.8       6.0
    no rules, made to obey                 63.4      64.4       9.1      14.6       0.0
    no rules, filled in                    63.1      64.0       8.7      13.6       0.6
    no rules, filled in, made to obey      63.1      64.0       9.8      13.0       0.0
    rules                                  63.3      64.5       8.2      16.8       0.0

    corel5k, 50 % known, mean of 1 seed(s)

                                            mAP  children  log-loss    subset    broken
    no rules                               72.0      73.2       6.5      48.0       2.2
    no rules, made to obey                 72.7      73.6       6.6      46.6       0.0
    no rules, filled in                    71.5      71.6       6.9      45.2       2.0
    no rules, filled in, made to obey      72.0      72.0       7.1      44.2       0.0
    rules                                  76.2      79.0       5.8      52.4       0.0
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _common import describe_machine, hide_labels, score_percent, timed
from corel5k import compute_tokens, read_corel5k
from sklearn.datasets import load_digits

from sklearn_ctran import CTranClassifier
from sklearn_ctran._rules.reading import read_rules

#: Number of seeds for each set. A seed determines split, annotated entries, known labels and model.
SETS = {"digits": 3, "corel5k": 1}
PERCENTS_KNOWN = (0, 50)
PROPERTIES = {"even": (0, 2, 4, 6, 8), "prime": (2, 3, 5, 7)}
PARENTS = {
    "animal": ("bear", "birds", "cat", "foals", "fox", "horses", "mare", "tiger"),
    "vehicle": ("boats", "cars", "jet", "locomotive", "plane", "train"),
    "plant": ("branch", "flowers", "forest", "grass", "leaf", "petals", "plants", "tree"),
    "body of water": ("ocean", "pool", "water"),
    "building": ("buildings", "house", "palace", "ruins", "shops", "temple"),
    "landform": ("beach", "coast", "desert", "field", "hills", "mountain", "shore", "valley"),
    "something frozen": ("frost", "ice", "snow"),
    "work of art": ("sculpture", "statue"),
}
#: Smallest probability in the log-loss of any model, because with rules probabilities may be 0.
SMALLEST = 1e-7


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    folder = Path(arguments.shared) / "data"
    results, first = {}, arguments.seed
    for name in arguments.sets:
        read = make_digits() if name == "digits" else make_corel5k(folder)
        runs = [run(read(seed), seed) for seed in range(first, first + SETS[name])]
        results[name] = runs
        print_table(name, runs)
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"runs": results, **machine}, indent=2))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), help="data (all)")
    parser.add_argument("--seed", type=int, default=0, help="first seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def make_digits():
    """Make a function from a seed to the digits, split and annotated at random."""
    X, digit = load_digits(return_X_y=True)
    sets = [(d,) for d in range(10)] + list(PROPERTIES.values())
    Y = np.column_stack([np.isin(digit, members) for members in sets]).astype(np.int64)
    parents = {
        d: [10 + i for i, members in enumerate(PROPERTIES.values()) if d in members]
        for d in range(10)
    }
    rules = {
        "exclusive_groups": {tuple(range(10)): "exactly_one"},
        "implies": {d: above for d, above in parents.items() if above},
    }

    def read(seed):
        rng = np.random.RandomState(seed)
        train = rng.permutation(len(X)) < len(X) // 2
        annotated = rng.random_sample(Y.shape) < 0.2
        return Data(X.astype(np.float32), Y, train, annotated, np.arange(10), rules)

    return read


def make_corel5k(folder):
    """Make a function from a seed to Corel5k with parent words, annotated at random."""
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    with timed("Computing image tokens"):
        tokens = compute_tokens(paths, folder / "weights" / "mobilenet_v2-imagenet.pth", 224)
    position = {word: i for i, word in enumerate([*words.tolist(), *PARENTS])}
    implies = {position[c]: position[p] for p, below in PARENTS.items() for c in below}
    children = np.array(list(implies))
    above = [[position[word] for word in below] for below in PARENTS.values()]
    Y = np.column_stack([Y, *(Y[:, below].max(axis=1) for below in above)])

    def read(seed):
        annotated = np.ones(Y.shape, dtype=bool)
        rng = np.random.RandomState(seed)
        annotated[:, children] = rng.random_sample((len(Y), len(children))) < 0.3
        return Data(tokens, Y, train.astype(bool), annotated, children, {"implies": implies})

    return read


@dataclass
class Data:
    """Features, labels, masks of training rows and annotated entries, children, rules."""

    X: np.ndarray
    Y: np.ndarray
    train: np.ndarray
    annotated: np.ndarray
    children: np.ndarray
    rules: dict


def run(data, seed):
    """Compute figures on one draw of a data set: by model, then by percent known."""
    Y, test = data.Y[~data.train], data.X[~data.train]
    table = np.where(data.annotated, data.Y, -1).astype(np.int8)[data.train]
    rules = read_rules(np.arange(Y.shape[1]), **data.rules)
    filled = rules.propagate(table)
    print(f"seed {seed}: {(table >= 0).mean():.0%} of the table annotated, ", end="")
    print(f"{(filled >= 0).mean():.0%} with implied states", flush=True)
    models, seconds = {}, {}
    for name, (labels, params) in {
        "no rules": (table, {}),
        "no rules, filled in": (filled, {}),
        "rules": (table, data.rules),
    }.items():
        with timed(name) as clock:
            model = CTranClassifier(backbone=None, random_state=seed, **params)
            models[name] = model.fit(data.X[data.train], labels)
        seconds[name] = clock.seconds
        if not params:
            models[f"{name}, made to obey"] = Obedient(model, rules)
    figures = {
        name: {
            percent: score(model, test, Y, hide_labels(Y, percent, seed), data)
            for percent in PERCENTS_KNOWN
        }
        for name, model in models.items()
    }
    return {"figures": figures, "fit seconds": seconds}


class Obedient:
    """A model trained without rules, with predictions that are made to obey them."""

    def __init__(self, model, rules):
        self.model, self.rules = model, rules

    def predict_proba(self, X, known):
        """Probabilities of the label sets that obey the rules."""
        return self.rules.probabilities(*self._logits(X, known))

    def predict(self, X, known):
        """Labels that obey the rules."""
        logits, states = self._logits(X, known)
        labels = (self.rules.probabilities(logits, states) > 0.5).astype(np.int64)
        return self.rules.complete(labels, logits, states)

    def _logits(self, X, known):
        states = self.rules.propagate(known.astype(np.int8))
        logits = self.model.decision_function(X, states)
        # Logits of known labels are as large as floats can be.
        return np.where(states < 0, logits, 0), states


def score(model, X, Y, known, data):
    """Compute the figures of one model for one array of known labels."""
    proba = model.predict_proba(X, known)
    predicted = model.predict(X, known)
    likelihood = np.where(Y, proba, 1 - proba)[known < 0]
    children = data.children
    return {
        "mAP": score_percent(Y, proba, known),
        "children": score_percent(Y[:, children], proba[:, children], known[:, children]),
        "log-loss": 100 * float(-np.log(np.maximum(likelihood, SMALLEST)).mean()),
        "subset": 100 * float((predicted == Y).all(axis=1).mean()),
        "broken": 100 * float(breaks_a_rule(predicted, data.rules).mean()),
    }


def breaks_a_rule(labels, rules):
    """Return a mask of rows with not exactly one of a group, or with a child without a parent."""
    broken = np.zeros(len(labels), dtype=bool)
    for members in rules.get("exclusive_groups", {}):
        broken |= labels[:, members].sum(axis=1) != 1
    for child, parents in rules["implies"].items():
        broken |= labels[:, child] > labels[:, np.atleast_1d(parents)].min(axis=1)
    return broken


def print_table(name, runs):
    """Print means over seeds, one row per model, then seconds."""
    figures = [run["figures"] for run in runs]
    methods = list(figures[0])
    columns = list(figures[0][methods[0]][0])
    width = max(map(len, methods))
    for percent in PERCENTS_KNOWN:
        print(f"\n{name}, {percent} % known, mean of {len(runs)} seed(s)\n")
        print(" " * width + "".join(f"{column:>10}" for column in columns))
        for method in methods:
            table = [[run[method][percent][column] for column in columns] for run in figures]
            print(f"{method:{width}}" + "".join(f"{x:10.1f}" for x in np.mean(table, axis=0)))
    for method in runs[0]["fit seconds"]:
        seconds = np.mean([run["fit seconds"][method] for run in runs])
        print(f"fitting {method}: {seconds:.0f} s")


if __name__ == "__main__":
    main()
