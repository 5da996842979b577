"""How C-Tran helps an annotator of Corel5k photos: effects of labels, and questions to ask next.

C-Tran with default settings is trained on 4,500 photos (74 words, tokens of a frozen MobileNetV2).
For the test photos the script measures the time of `label_effects` of all words, and the mean
average precision after a number of questions per photo, answered from the true labels. A question
is about the word that `suggest_labels` chooses ("suggest"), the word whose probability is nearest
to 0.5 ("uncertain"), or any word ("random"). Scores are over:

- held-out labels: a random half of each photo's words is scored and questions are about the other
  half, then the reverse (means of both). Only this compares strategies on the same entries;
- unknown labels: all labels without an answer. The better the questions, the harder they are;
- all labels: answers count as right predictions, as in the table that an annotator would produce.

Usage::

    python benchmarks/annotation.py --shared ../shared --json annotation.json

A sample of its output (two cores, seed 0; 38.6 s for the effects, 481.5 s for all questions)::

                            0      5     10     15     20
    held-out labels
      suggest            67.4   70.2   70.4   70.7   70.7
      uncertain          67.4   69.7   70.4   70.7   70.8
      random             67.4   68.0   68.5   68.7   69.1
      10 suggested questions reach the mAP of 32 random ones
    unknown labels
      suggest            64.9   40.5   36.8   35.1   36.6
      uncertain          64.9   57.0   43.8   32.8   40.9
      random             64.9   65.7   65.9   66.2   67.0
      10 suggested questions reach the mAP of 0 random ones
    all labels
      suggest            64.9   86.1   92.4   95.6   97.7
      uncertain          64.9   85.7   92.8   96.1   98.1
      random             64.9   68.9   72.8   75.9   78.7
      10 suggested questions reach the mAP of more than 37 random ones
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _common import describe_machine, timed
from corel5k import compute_tokens, read_corel5k

from sklearn_ctran import CTranClassifier
from sklearn_ctran.inspection import label_effects, simulate_annotation

SHOWN_QUESTIONS = (0, 5, 10, 15, 20)
SUGGESTED = 10
#: Number of words of a photo that questions may be about while the other half is held out.
MOST_RANDOM = 37


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    folder = Path(arguments.shared) / "data"
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    train = train.astype(bool)
    with timed("Computing image tokens"):
        tokens = compute_tokens(paths, folder / "weights" / "mobilenet_v2-imagenet.pth", 224)
    with timed("Fitting C-Tran"):
        model = CTranClassifier(None, random_state=seed).fit(tokens[train], Y[train])
    encoded = model.encode(tokens[~train])
    with timed(f"Effects of {len(words)} words on {len(encoded)} photos") as effects_clock:
        effects = label_effects(model, encoded)
    print_strongest(effects, words)
    with timed("Asking questions") as questions_clock:
        curves = make_curves(model, encoded, Y[~train], arguments.candidates, seed)
    equal = {name: count_equal(by_strategy) for name, by_strategy in curves.items()}
    machine = describe_machine(seed)
    print_curves(curves, equal, machine)
    if arguments.json:
        report = {
            "effects_seconds": effects_clock.seconds,
            "questions_seconds": questions_clock.seconds,
            "mAP": {
                measure: {name: curve.tolist() for name, curve in by_strategy.items()}
                for measure, by_strategy in curves.items()
            },
            f"random_questions_worth_{SUGGESTED}_suggested": equal,
            **machine,
        }
        Path(arguments.json).write_text(json.dumps(report, indent=2))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument(
        "--candidates", type=int, default=8, help="n_candidates of suggest_labels (8)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def make_curves(model, X, Y, n_candidates, seed):
    """Compute curves in percent: measure -> strategy -> array (n_questions + 1,)."""
    half = split_labels(Y.shape, seed)
    held_out = [ask(model, X, Y, scored, n_candidates, seed)[0] for scored in (half, ~half)]
    unknown, table = ask(model, X, Y, None, n_candidates, seed)
    return {
        "held-out labels": {
            name: (held_out[0][name] + held_out[1][name]) / 2 for name in held_out[0]
        },
        "unknown labels": unknown,
        "all labels": table,
    }


def split_labels(shape, seed):
    """Return a mask that is True for a random half of each row's entries."""
    rank = np.random.RandomState(seed).random_sample(shape).argsort(axis=1).argsort(axis=1)
    return rank < shape[1] // 2


def ask(model, X, Y, scored, n_candidates, seed):
    """Return mAP over the scored entries and over all entries, in percent, by strategy."""
    unknown, table = {}, {}
    for strategy in ("suggest", "uncertain", "random"):
        curves = simulate_annotation(
            model,
            X,
            Y,
            strategies=[strategy],
            n_questions=MOST_RANDOM if strategy == "random" else max(SHOWN_QUESTIONS),
            n_candidates=n_candidates,
            scored=scored,
            random_state=seed,
        )
        unknown[strategy] = 100 * curves.mAP[strategy]
        table[strategy] = 100 * curves.table_mAP[strategy]
    return unknown, table


def count_equal(by_strategy):
    """Return how many random questions reach the mAP of the suggested ones; None if none do."""
    reached = by_strategy["random"] >= by_strategy["suggest"][SUGGESTED]
    return int(reached.argmax()) if reached.any() else None


def print_strongest(effects, words, n=5):
    """Print the pairs of words with the largest positive effects."""
    strength = np.nan_to_num(effects.effect)
    for cause, label in np.argwhere(strength >= np.sort(strength, axis=None)[-n])[:n]:
        print(
            f"    {words[cause]} -> {words[label]}: {effects.negative[cause, label]:.2f} without, "
            f"{effects.positive[cause, label]:.2f} with"
        )


def print_curves(curves, equal, machine):
    """Print each measure's curves, then the machine and the versions."""
    print("\nmAP (%) by questions per photo\n")
    print(f"{'':18}" + "".join(f"{n:>7}" for n in SHOWN_QUESTIONS))
    for measure, by_strategy in curves.items():
        print(measure)
        for name, curve in by_strategy.items():
            print(f"  {name:16}" + "".join(f"{curve[n]:7.1f}" for n in SHOWN_QUESTIONS))
        worth = f"more than {MOST_RANDOM}" if equal[measure] is None else equal[measure]
        print(f"  {SUGGESTED} suggested questions reach the mAP of {worth} random ones")
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")


if __name__ == "__main__":
    main()
