"""Does training the backbone pay? Frozen tokens against a CNN that learns with C-Tran.

Corel5k photos: C-Tran with frozen tokens of an ImageNet MobileNetV2, against C-Tran whose
backbone's last stage (blocks of 7 x 7 cells, three quarters of the weights) is trained with it, on
mirrored photos. Digit scenes of 64 pixels: the same frozen tokens, of scenes enlarged to 224
pixels, against a small CNN from scratch, as they are and shifted at random. Without ``--test``,
models are scored on a fifth of the training images, which is how settings are chosen. The script
prints mAP with 0 / 25 / 50 / 75 % of the labels known, and minutes. Usage::

    python benchmarks/fine_tuning.py --shared ../shared --test --seed 0 --json fine_tuning.json
    python benchmarks/fine_tuning.py --shared ../shared --dataset digits --test

OUTPUT
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from _common import PERCENTS_KNOWN, describe_machine, hide_labels, score_percent
from corel5k import hold_out, read_corel5k
from torch.nn import functional

from sklearn_ctran import CTranClassifier, FineTuning
from sklearn_ctran.datasets import make_digit_scenes

DIGITS_SIDE, N_DIGIT_SCENES = 64, (2000, 1000)
SHIFT = 4  # pixels


def shift(batch):
    """Each image moved by up to SHIFT pixels, its border repeated."""
    padded = functional.pad(batch.float(), (SHIFT,) * 4, mode="replicate").to(batch.dtype)
    height, width = batch.shape[-2:]
    places = torch.randint(2 * SHIFT + 1, (len(batch), 2)).tolist()
    return torch.stack(
        [
            image[:, top : top + height, left : left + width]
            for image, (top, left) in zip(padded, places, strict=True)
        ]
    )


_FROM_SCRATCH = {"backbone": "small", "weights": None, "image_size": None}
METHODS = {
    "frozen": {},
    "from scratch": {**_FROM_SCRATCH, "augment": None},
    "from scratch, shifted": {**_FROM_SCRATCH, "augment": shift},
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

#: The methods of a data set, if none is named.
OF_DATASET = {
    "corel5k": ("frozen", "last stage", "last stage, batch norm trained", "last stage, slower"),
    "digits": ("frozen", "from scratch", "from scratch, shifted"),
}


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    X, Y, train = read(arguments.dataset, folder, arguments.seed)
    rows, test = np.flatnonzero(train), np.flatnonzero(~train)
    if not arguments.test:
        rows, test = hold_out(train, arguments.seed, n_held_out=len(rows) // 5)
    photos = {
        "backbone": "mobilenet_v2",
        "weights": str(folder / "weights" / "mobilenet_v2-imagenet.pth"),
    }
    results = {}
    for name in arguments.methods or OF_DATASET[arguments.dataset]:
        model = CTranClassifier(**photos | METHODS[name], random_state=arguments.seed)
        start = time.perf_counter()
        model.fit(X[rows], Y[rows])
        minutes = (time.perf_counter() - start) / 60
        scores = {}
        for percent in PERCENTS_KNOWN:
            known = hide_labels(Y[test], percent, arguments.seed)
            proba = model.predict_proba(X[test], known)
            scores[percent] = float(score_percent(Y[test], proba, known))
        results[name] = {"mAP": scores, "minutes": minutes, "epochs": len(model.history_)}
        shown = " / ".join(f"{score:.1f}" for score in scores.values())
        print(f"{name:32} {shown}   {minutes:.1f} minutes", flush=True)
    machine = describe_machine(arguments.seed)
    print(json.dumps(machine))
    if arguments.json:
        report = {"results": results, "test": arguments.test, **machine}
        Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n")


def read(dataset, folder, seed):
    """Images, labels, and which rows are for training."""
    if dataset == "corel5k":
        paths, Y, train, _ = read_corel5k(folder / "corel5k")
        return np.array(paths, dtype=object), Y, train
    parts = [
        make_digit_scenes(n, subset=part, image_size=DIGITS_SIDE, random_state=seed + number)
        for number, (n, part) in enumerate(zip(N_DIGIT_SCENES, ("train", "test"), strict=True))
    ]
    train = np.arange(sum(N_DIGIT_SCENES)) < N_DIGIT_SCENES[0]
    X, Y = (np.concatenate([part[key] for part in parts]) for key in ("images", "Y"))
    return X, Y, train


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--dataset", choices=OF_DATASET, default="corel5k", help="(corel5k)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, help="which (the data set's)")
    parser.add_argument("--test", action="store_true", help="all training images, test images")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
