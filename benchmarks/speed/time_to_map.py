"""Time from photos to a mean average precision: C-Tran against linear models on Corel5k.

The data are those of ``benchmarks/corel5k.py``: 4,500 training photos, 74 words, image tokens of a
frozen MobileNetV2 that are computed once for all methods. Logistic regression per label and a
classifier chain read their mean. C-Tran is fitted for increasing times, then with the default and,
as before it had a memory, with three layers and without one. Each test photo has 0 / 25 / 50 / 75 %
of its labels known, the same for every method. For each rival, the script prints the shortest fit
of C-Tran that reaches the rival's mean over the four shares, and the shortest that reaches its mAP
at every share.

Fits are too long to take turns. Each method is fitted once, in the order of the table, so that
other load on the machine changes times by some 10 %. "photos to mAP" is the time of tokens, fit and
one prediction for all test photos.

Usage (5 minutes)::

    python benchmarks/speed/time_to_map.py --shared ../shared --json time_to_map.json

Its output, on an idle machine::

                                  0 %  25 %  50 %  75 %  mean  fit s  photos to mAP s
    logistic regression          60.9  62.1  63.5  65.4  63.0   17.1             36.7
    classifier chain             60.8  62.2  63.8  65.3  63.0   22.3             41.9
    C-Tran, default, 1 epochs    64.9  68.8  72.1  73.7  69.9    9.0             28.7
    C-Tran, default, 2 epochs    65.4  69.1  72.2  74.5  70.3   10.8             30.6
    C-Tran, default, 5 epochs    66.0  69.6  72.8  74.4  70.7   19.3             39.1
    C-Tran, default              66.2  70.0  72.8  75.1  71.0   43.4             63.2
    C-Tran, 3 layers, no memory  64.4  68.3  71.0  73.1  69.2   92.8            112.6

    processor Intel(R) Xeon(R) Processor, features avx2 avx512f avx512_bf16 amx_bf16 amx_int8, ...

    logistic regression: mean 63.0 in 17.1 s
        C-Tran reaches the mean in 9.0 s, 1.9 x as fast (C-Tran, default, 1 epochs)
        C-Tran reaches every share in 9.0 s, 1.9 x as fast (C-Tran, default, 1 epochs)
    classifier chain: mean 63.0 in 22.3 s
        C-Tran reaches the mean in 9.0 s, 2.5 x as fast (C-Tran, default, 1 epochs)
        C-Tran reaches every share in 9.0 s, 2.5 x as fast (C-Tran, default, 1 epochs)
    the default fit, 4,500 photos: 43 s; the goal, under 120 s, is reached
    0.47 of the time of three layers without a memory
"""

import argparse
from pathlib import Path

import numpy as np
from _speed import describe_machine, print_table, write_json
from corel5k import compute_tokens, make_methods, read_corel5k

# isort: split
from _common import PERCENTS_KNOWN, compare, timed  # in a folder that _speed makes known

from sklearn_ctran import CTranClassifier

RIVALS = ("logistic regression", "classifier chain")
QUICK_EPOCHS = (1, 2, 5)
DEFAULT = "C-Tran, default"
BEFORE = "C-Tran, 3 layers, no memory"
COLUMNS = (*(f"{percent} %" for percent in PERCENTS_KNOWN), "mean", "fit s", "photos to mAP s")
GOAL_SECONDS = 120


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    paths, Y, train, _ = read_corel5k(Path(arguments.shared) / "data" / "corel5k")
    weights = Path(arguments.shared) / "data" / "weights" / "mobilenet_v2-imagenet.pth"
    with timed(f"Computing image tokens of {len(paths)} photos") as clock:
        tokens = compute_tokens(paths, weights, image_size=224)
    methods = make_methods(tokens, train, seed)
    _, *photos = methods["C-Tran"]
    budgets = {name: (model, *photos) for name, model in make_budgets(seed).items()}
    rivals = {name: methods[name] for name in RIVALS}
    results = compare(rivals | budgets, Y[train], Y[~train], seed, n_draws=arguments.draws)

    machine = describe_machine(seed)
    print_table(make_rows(results, clock.seconds), COLUMNS, machine)
    races = {name: race(results, name, budgets) for name in RIVALS}
    for name, winners in races.items():
        print(describe_race(results, name, winners))
    seconds = results[DEFAULT]["fit_seconds"]
    verdict = "reached" if seconds < GOAL_SECONDS else "missed"
    print(
        f"the default fit, {train.sum():,} photos: {seconds:.0f} s; "
        f"the goal, under {GOAL_SECONDS} s, is {verdict}"
    )
    share = seconds / results[BEFORE]["fit_seconds"]
    print(f"{share:.2f} of the time of three layers without a memory")
    for result in results.values():
        del result["by_label"]
    report = {"token_seconds": clock.seconds, "methods": results, "races": races}
    write_json(arguments.json, report, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--draws", type=int, default=3, help="times that labels are hidden (3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def make_budgets(seed):
    """Make name -> C-Tran on tokens, from the shortest to the longest training."""
    quick = {f"{DEFAULT}, {n} epochs": {"max_epochs": n} for n in QUICK_EPOCHS}
    whole = {DEFAULT: {}, BEFORE: {"n_layers": 3, "memory": None}}
    return {
        name: CTranClassifier(None, random_state=seed, **params)
        for name, params in (quick | whole).items()
    }


def mean_map(result):
    """Compute the mean mAP over the shares of known labels."""
    return float(np.mean(list(result["mAP"].values())))


def make_rows(results, token_seconds):
    """Make the cells of COLUMNS for each method."""
    rows = {}
    for name, result in results.items():
        scores = [f"{score:.1f}" for score in (*result["mAP"].values(), mean_map(result))]
        fit = result["fit_seconds"]
        in_all = token_seconds + fit + result["predict_seconds"]
        rows[name] = [*scores, f"{fit:.1f}", f"{in_all:.1f}"]
    return rows


def race(results, rival, budgets):
    """Find the methods with the shortest fits that reach a rival's mAP.

    Parameters
    ----------
    results : dict
        As returned by ``_common.compare``.
    rival : str
    budgets : iterable of str
        Names of the methods that may win.

    Returns
    -------
    winners : dict
        ``the mean``: the method that reaches the rival's mean over the shares; ``every share``: the
        one that reaches its mAP at each share; None if there is none.
    """
    target = results[rival]
    by_time = sorted(budgets, key=lambda name: results[name]["fit_seconds"])

    def reaches_all(name):
        return all(results[name]["mAP"][share] >= goal for share, goal in target["mAP"].items())

    return {
        "the mean": next((x for x in by_time if mean_map(results[x]) >= mean_map(target)), None),
        "every share": next(filter(reaches_all, by_time), None),
    }


def describe_race(results, rival, winners):
    """Describe a rival's mAP and seconds, and the seconds in which C-Tran reaches it."""
    seconds = results[rival]["fit_seconds"]
    lines = [f"{rival}: mean {mean_map(results[rival]):.1f} in {seconds:.1f} s"]
    for what, winner in winners.items():
        if winner is None:
            lines.append(f"    C-Tran never reaches {what}")
        else:
            needed = results[winner]["fit_seconds"]
            ratio = seconds / needed
            lines.append(
                f"    C-Tran reaches {what} in {needed:.1f} s, {ratio:.2g} x as fast ({winner})"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
