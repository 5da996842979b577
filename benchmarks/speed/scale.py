"""How time and memory grow with the number of images, labels, tokens and the width.

One of them changes, the others stay at 20 labels, 10 tokens of 64 channels, width 128, three layers
and steps of 16 images, on made-up tokens. Each line is a process of its own:

- train: milliseconds of an image in a training step, the median of the steps after the first two;
- predict: milliseconds of an image in ``predict_proba``;
- attention: the share of the training step that attention takes, timed by itself on as many tokens;
- memory: the largest of the process in MB, above that of the first line of its block.

The exponent is the slope of log time against log size over the last three lines: 1 is linear, 2
quadratic. For images it is that of a whole epoch.

Usage (8 minutes)::

    python benchmarks/speed/scale.py [--axes labels tokens] --json scale.json

"""

import argparse
import time

import numpy as np
import torch
from _speed import describe_machine, in_new_process, print_table, write_json
from skorch.callbacks import Callback

from sklearn_ctran import CTranClassifier
from sklearn_ctran.modules.attention import attend

DEFAULTS = {"images": 96, "labels": 20, "tokens": 10, "width": 128, "batch": 16}
CHANNELS, N_LAYERS, N_HEADS = 64, 3, 4
AXES = {
    "labels": (5, 20, 80, 300, 1000, 3000),
    "tokens": (1, 10, 49, 196, 577),
    "width": (64, 128, 256, 512, 1024),
    "images": (100, 1000, 10_000, 100_000),
}
COLUMNS = ("train ms", "predict ms", "attention", "memory MB")


def main():
    arguments = parse_arguments()
    machine, results = describe_machine(arguments.seed), {}
    for axis in arguments.axes:
        points = {}
        for size in AXES[axis]:
            settings = DEFAULTS | {axis: size}
            if axis == "labels" and size >= 1000:
                settings |= {"batch": 4, "images": 16}  # Some seconds an image.
            points[size], peak = in_new_process(measure, settings, arguments.seed)
            points[size]["memory MB"] = peak
        results[axis] = points
        print(f"\nby {axis}")
        print_table(*make_table(axis, points), machine)
        print(f"exponents: {exponents(axis, points)}", flush=True)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES), help="(all)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


class StepTimes(Callback):
    """Times of the steps of training, in seconds."""

    def on_train_begin(self, net, **kwargs):
        self.seconds = []

    def on_batch_begin(self, net, training=False, **kwargs):
        self.start = time.perf_counter()

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.seconds.append(time.perf_counter() - self.start)


def measure(settings, seed):
    """Milliseconds of an image in training, in prediction, and in attention while training."""
    rng = np.random.RandomState(seed)
    shape = settings["images"], settings["tokens"], CHANNELS
    X = rng.standard_normal(shape).astype(np.float32)
    Y = rng.random((settings["images"], settings["labels"])) < 0.2
    Y[:2] = [[False], [True]]  # Each label is positive and negative somewhere.
    steps = StepTimes()
    model = CTranClassifier(
        backbone=None,
        regions=None,
        d_model=settings["width"],
        n_layers=N_LAYERS,
        n_heads=N_HEADS,
        batch_size=settings["batch"],
        max_epochs=1,
        callbacks=[steps],
        random_state=seed,
    )
    start = time.perf_counter()
    model.fit(X, Y.astype(np.int8))
    fit_seconds = time.perf_counter() - start
    X = X[: max(settings["batch"], 1000 if settings["images"] >= 1000 else 32)]
    model.predict_proba(X)  # The first call is slower.
    start = time.perf_counter()
    model.predict_proba(X)
    predict_seconds = time.perf_counter() - start
    step = float(np.median(steps.seconds[2:]))
    own = attention_seconds(settings, model.net_.precision) * N_LAYERS
    return {
        "train ms": 1000 * step / settings["batch"],
        "predict ms": 1000 * predict_seconds / len(X),
        "attention": own / step,
        "fit s": fit_seconds,
    }


def attention_seconds(settings, precision, n_repeats=3):
    """Seconds of attention in a training step, forward and backward, of one layer."""
    n, d = settings["tokens"] + settings["labels"], settings["width"]
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    query = torch.randn(settings["batch"], n, d, dtype=dtype, requires_grad=True)
    key_value = torch.randn(settings["batch"], n, 2 * d, dtype=dtype, requires_grad=True)
    seconds = []
    for _ in range(n_repeats + 1):
        start = time.perf_counter()
        attend(query, key_value, N_HEADS).sum().backward()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def make_table(axis, points):
    """Cells of COLUMNS for each size, and the columns."""
    columns = [*COLUMNS, "fit s"] if axis == "images" else list(COLUMNS)
    first = next(iter(points.values()))["memory MB"]
    rows = {}
    for size, point in points.items():
        cells = [f"{point['train ms']:.2f}", f"{point['predict ms']:.2f}"]
        cells += [f"{100 * point['attention']:.0f} %", f"{point['memory MB'] - first:.0f}"]
        rows[f"{size:,}"] = cells + ([f"{point['fit s']:.1f}"] if axis == "images" else [])
    return rows, columns


def exponents(axis, points):
    """Slopes of log time against log size over the last three sizes, as text."""
    kinds = ["fit s"] if axis == "images" else ["train ms", "predict ms"]
    sizes = np.log(list(points)[-3:])
    slopes = {
        kind: np.polyfit(sizes, np.log([points[s][kind] for s in list(points)[-3:]]), 1)[0]
        for kind in kinds
    }
    return ", ".join(f"{kind.removesuffix(' ms')} {slope:.2f}" for kind, slope in slopes.items())


if __name__ == "__main__":
    main()
