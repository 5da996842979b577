"""Does training the backbone pay? Frozen tokens against a CNN that learns with C-Tran.

Corel5k photos: C-Tran with frozen tokens of an ImageNet MobileNetV2, against C-Tran whose
backbone's last stage (blocks of 7 x 7 cells, three quarters of the weights) is trained with it, on
mirrored photos. Digit scenes of 64 pixels: the same frozen tokens, of scenes enlarged to 224
pixels, against a small CNN from scratch, as they are and shifted at random. Without ``--test``,
models are scored on a fifth of the training images, which is how settings are chosen. The script
prints mAP with 0 / 25 / 50 / 75 % of the labels known, of the whole model, of its network and of
its memory alone, and of the network with the memory of the frozen tokens; and minutes. Usage::

    python benchmarks/fine_tuning.py --shared ../shared --test --seed 0 --json fine_tuning.json
    python benchmarks/fine_tuning.py --shared ../shared --dataset digits --test

On Corel5k, held-out training photos, seed 0 (one thread of an AMD EPYC with AVX-512 BF16; other
jobs ran)::

    frozen                                           62.6 / 65.1 / 69.7 / 75.1
    frozen, network alone                            59.9 / 61.2 / 64.6 / 70.9
    frozen, memory alone                             62.0 / 64.2 / 68.9 / 73.7
    last stage                                       63.9 / 65.1 / 67.2 / 72.6
    last stage, network alone                        63.5 / 65.7 / 67.6 / 73.3
    last stage, memory alone                         63.2 / 64.3 / 66.2 / 71.0
    last stage, memory of frozen tokens              64.8 / 66.9 / 71.2 / 76.2
    last stage                                       63.4 minutes (about 30 of the processor)
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from _common import (
    PERCENTS_KNOWN,
    describe_machine,
    hide_labels,
    make_digit_parts,
    score_percent,
)
from corel5k import hold_out, read_corel5k
from scipy.special import logit
from torch.nn import functional

from sklearn_ctran import CTranClassifier, FineTuning
from sklearn_ctran._memory.memory import MEMORY_SHARE

DIGITS_SIDE, N_DIGIT_SCENES = 64, (2000, 1000)
SHIFT = 4  # pixels
EPS = 1e-7  # A known label has the probability 0 or 1.


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


_FROM_SCRATCH = {"backbone": "small", "weights": None, "image_size": None, "max_epochs": 12}
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
    results, answers = {}, {}
    for name in arguments.methods or OF_DATASET[arguments.dataset]:
        model = CTranClassifier(**photos | METHODS[name], random_state=arguments.seed)
        start = time.perf_counter()
        model.fit(X[rows], Y[rows])
        minutes = (time.perf_counter() - start) / 60
        answers[name] = answer(model, X[test], Y[test], arguments.seed)
        results[name] = {"minutes": minutes, "epochs": len(model.history_)}
        for part, of_part in parts_of(answers[name], answers.get("frozen")).items():
            scores = results[name][part] = score(Y[test], of_part, arguments.seed)
            shown = " / ".join(f"{each:.1f}" for each in scores.values())
            print(f"{name + part:48} {shown}", flush=True)
        print(f"{name:48} {minutes:.1f} minutes", flush=True)
    machine = describe_machine(arguments.seed)
    print(json.dumps(machine))
    if arguments.json:
        report = {"results": results, "test": arguments.test, **machine}
        Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n")


def answer(model, X, Y, seed):
    """Percentage known -> logits (n, L) of the whole model and of its network alone."""
    models = (model, model._without_memory())
    answers = {}
    for percent in PERCENTS_KNOWN:
        known = hide_labels(Y, percent, seed)
        probas = (each.predict_proba(X, known).astype(float) for each in models)
        answers[percent] = [logit(proba.clip(EPS, 1 - EPS)) for proba in probas]
    return answers


def parts_of(answers, frozen):
    """What is scored -> percentage known -> logits.

    The whole model's are a weighted mean of the network's and the memory's. The last part is the
    network's with the memory of the frozen tokens, if they were run before.
    """
    parts = {
        "": {percent: whole for percent, (whole, _) in answers.items()},
        ", network alone": {percent: network for percent, (_, network) in answers.items()},
        ", memory alone": {percent: recalled(*both) for percent, both in answers.items()},
    }
    if frozen is not None and frozen is not answers:
        parts[", memory of frozen tokens"] = {
            percent: (1 - MEMORY_SHARE) * network + MEMORY_SHARE * recalled(*frozen[percent])
            for percent, (_, network) in answers.items()
        }
    return parts


def recalled(whole, network):
    """The memory's logits, from those of the whole model and of the network."""
    return (whole - (1 - MEMORY_SHARE) * network) / MEMORY_SHARE


def score(Y, logits, seed):
    """mAP in percent by the percentage known; known entries do not count."""
    return {
        percent: float(score_percent(Y, of_share, hide_labels(Y, percent, seed)))
        for percent, of_share in logits.items()
    }


def read(dataset, folder, seed):
    """Images, labels, and which rows are for training."""
    if dataset == "corel5k":
        paths, Y, train, _ = read_corel5k(folder / "corel5k")
        return np.array(paths, dtype=object), Y, train
    parts = make_digit_parts(*N_DIGIT_SCENES, seed, image_size=DIGITS_SIDE)
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
