"""Does training the last stage of the backbone pay? Corel5k photos, MobileNetV2 of ImageNet.

C-Tran with frozen tokens against C-Tran whose backbone's last stage (blocks of 7 x 7 cells, three
quarters of the weights) is trained with it, on mirrored photos. Without ``--test``, it learns from
3,600 of the training photos and is scored on the other 900, which is how settings are chosen. The
script prints mAP with 0 / 25 / 50 / 75 % of the labels known, and minutes. Usage::

    python benchmarks/fine_tuning.py --shared ../shared --test --seed 0 --json fine_tuning.json

On held-out training photos, seed 0 (an AMD EPYC, one thread, beside four other jobs)::

    frozen                           62.6 / 65.1 / 69.7 / 75.1   1.2 minutes
    last stage                       63.9 / 64.6 / 66.9 / 72.2   83.8 minutes
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from _common import PERCENTS_KNOWN, describe_machine, hide_labels, score_percent
from corel5k import hold_out, read_corel5k

from sklearn_ctran import CTranClassifier, FineTuning

METHODS = {
    "frozen": {},
    "last stage": {
        "train_backbone": FineTuning(1, batch_norm="frozen"),
        "input_dropout": 0.5,
        "backbone_lr": 2e-4,
    },
    "last stage, batch norm trained": {
        "train_backbone": "last_stage",
        "input_dropout": 0.5,
        "backbone_lr": 2e-4,
    },
    "last stage, slower": {
        "train_backbone": FineTuning(1, batch_norm="frozen"),
        "input_dropout": 0.5,
        "backbone_lr": 5e-5,
    },
}


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, _ = read_corel5k(folder / "corel5k")
    rows, test = np.flatnonzero(train), np.flatnonzero(~train)
    if not arguments.test:
        rows, test = hold_out(train, arguments.seed)
    weights = str(folder / "weights" / "mobilenet_v2-imagenet.pth")
    paths = np.array(paths, dtype=object)
    results = {}
    for name in arguments.methods:
        model = CTranClassifier(
            "mobilenet_v2", weights=weights, random_state=arguments.seed, **METHODS[name]
        )
        start = time.perf_counter()
        model.fit(paths[rows], Y[rows])
        minutes = (time.perf_counter() - start) / 60
        scores = {}
        for percent in PERCENTS_KNOWN:
            known = hide_labels(Y[test], percent, arguments.seed)
            proba = model.predict_proba(paths[test], known)
            scores[percent] = float(score_percent(Y[test], proba, known))
        results[name] = {"mAP": scores, "minutes": minutes, "epochs": len(model.history_)}
        shown = " / ".join(f"{score:.1f}" for score in scores.values())
        print(f"{name:32} {shown}   {minutes:.1f} minutes", flush=True)
    machine = describe_machine(arguments.seed)
    print(json.dumps(machine))
    if arguments.json:
        report = {"results": results, "test": arguments.test, **machine}
        Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    names = list(METHODS)
    parser.add_argument("--methods", nargs="+", choices=names, default=names, help="which (all)")
    parser.add_argument("--test", action="store_true", help="all training photos, test photos")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
