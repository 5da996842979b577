"""Peak memory of training with many labels, and with many images.

Each line is one fit in its own process. Its peak is the largest resident set above that of a
process with the same imports that fits nothing.

- Labels: fits on features in memory (9 tokens of 1,280 channels, which `regions` makes 10; d =
  256), for growing numbers of labels. Everything else is the estimator's default. "more" is the
  memory of each label added since the line before. It is constant if memory is linear.
- Images: fits on the paths of many links to a small JPEG file (32 pixels, 20 labels, backbone
  "small", which is trained). A fit is stopped in its first epoch, after `--steps` steps of 64
  images. All files have been read by then, and an epoch of 100,000 images would take minutes.
  ``--whole-epoch`` finishes it.

Usage (3 minutes)::

    python benchmarks/speed/memory.py --json memory.json
    python benchmarks/speed/memory.py --labels 80 2000 --images       # no images

Part of its output::

                            peak MB  kB/label  more  s/step
    batch 4, 80 labels          251     3,133        0.0293
    batch 4, 500 labels         354       709   247   0.255
    batch 4, 2,000 labels       627       313   182     1.6
    batch 4, 10,000 labels    1,472       147   106    30.7

    processor AMD EPYC, features avx2 avx512f avx512_bf16, cores 2, threads 2, torch 2.14.1, ...

    the largest fit: 1,472 MB; the goal, under 4,000 MB, is reached

                    peak MB     s
    100 images          288  1.84
    100,000 images      386    27
    more images: 98 MB; the goal, under 200 MB, is reached
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from _speed import describe_machine, peak_memory_mb, print_table, write_json
from PIL import Image
from skorch.callbacks import Callback

from sklearn_ctran import CTranClassifier

N_LABELS = (80, 500, 2_000, 10_000)
BATCH_SIZES = (1, 4)
N_IMAGES = (100, 10_000, 100_000)
# ext4 takes 65,000 hard links to a file.
LINKS_PER_FILE = 50_000
GOAL_LABELS_MB, GOAL_IMAGES_MB = 4000, 200


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    baseline = peak_memory_mb(fit_nothing)
    print(f"importing everything: {baseline:.0f} MB", flush=True)
    labels = images = {}
    if arguments.labels:
        labels = {
            batch_size: measure_labels(arguments.labels, batch_size, baseline, arguments.seed)
            for batch_size in arguments.batch_sizes
        }
        rows = {
            f"batch {batch_size}, {n:,} labels": ["" if x is None else x for x in result.values()]
            for batch_size, results in labels.items()
            for n, result in results.items()
        }
        print_table(rows, ("peak MB", "kB/label", "more", "s/step"), machine)
        peak = max(result["MB"] for results in labels.values() for result in results.values())
        _say("the largest fit", peak, GOAL_LABELS_MB)
    if arguments.images:
        images = measure_images(
            arguments.images, None if arguments.whole_epoch else arguments.steps, baseline
        )
        rows = {f"{n:,} images": list(result.values()) for n, result in images.items()}
        print_table(rows, ("peak MB", "s"), machine)
        peaks = [result["MB"] for result in images.values()]
        _say("more images", peaks[-1] - peaks[0], GOAL_IMAGES_MB)
    write_json(
        arguments.json, {"baseline_MB": baseline, "labels": labels, "images": images}, machine
    )


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", type=int, nargs="*", default=N_LABELS, help="numbers of labels")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES, help="(1 4)")
    parser.add_argument("--images", type=int, nargs="*", default=N_IMAGES, help="numbers of images")
    parser.add_argument("--steps", type=int, default=100, help="steps on images (100)")
    parser.add_argument("--whole-epoch", action="store_true", help="do not stop fits early")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def _say(what, megabytes, goal):
    verdict = "reached" if megabytes < goal else "missed"
    print(f"{what}: {megabytes:,.0f} MB; the goal, under {goal:,} MB, is {verdict}", flush=True)


def fit_nothing():
    """Do nothing: the peak is that of a process that has imported this module."""


class StepTimer(Callback):
    """Measure the seconds of each training step.

    Parameters
    ----------
    n_steps : int or None
        Stop the fit after this number of steps.
    """

    def __init__(self, n_steps=None):
        self.n_steps = n_steps
        self.seconds = []

    def on_batch_begin(self, net, training=False, **kwargs):
        """Start the clock."""
        if self.n_steps is not None and len(self.seconds) == self.n_steps:
            raise KeyboardInterrupt
        self.start = time.perf_counter()

    def on_batch_end(self, net, training=False, **kwargs):
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self.start)


def fit_features(sender, n_labels, batch_size, n_steps, seed):
    """Fit on features; send the median seconds of a step, of several without the first."""
    rng = np.random.default_rng(seed)
    n = n_steps * batch_size
    X = rng.standard_normal((n, 9, 1280), dtype=np.float32)
    Y = rng.integers(2, size=(n, n_labels), dtype=np.int8)
    timer = StepTimer()
    CTranClassifier(
        backbone=None,
        d_model=256,
        batch_size=batch_size,
        max_epochs=1,
        random_state=seed,
        callbacks=[timer],
    ).fit(X, Y)
    sender.send(float(np.median(timer.seconds[1:] or timer.seconds)))


def measure_labels(numbers, batch_size, baseline, seed=0):
    """Measure memory and seconds for growing numbers of labels.

    Returns
    -------
    results : dict
        Number of labels -> dict with keys ``MB`` above the baseline, ``kB per label``, ``kB per
        further label`` since the entry before, ``seconds`` of a step.
    """
    results, before = {}, None
    for n_labels in sorted(numbers):
        # A step with 10,000 labels takes most of a minute and needs no warm-up.
        n_steps = 1 if n_labels > 5000 else 3
        megabytes, seconds = _peak_and_answer(fit_features, n_labels, batch_size, n_steps, seed)
        megabytes -= baseline
        more = 1e3 * (megabytes - before[1]) / (n_labels - before[0]) if before else None
        results[n_labels] = {
            "MB": megabytes,
            "kB per label": 1e3 * megabytes / n_labels,
            "kB per further label": more,
            "seconds": seconds,
        }
        before = n_labels, megabytes
        print(f"batch {batch_size}, {n_labels:,} labels: {megabytes:.0f} MB", flush=True)
    return results


def _peak_and_answer(function, *args):
    """Run a function in a new process; return its peak megabytes, and what it sends."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    return peak_memory_mb(function, sender, *args), receiver.recv()


def fit_paths(sender, folder, n_steps):
    """Fit on all files of a folder, or stop after some steps; send the seconds."""
    paths = sorted(entry.path for entry in os.scandir(folder))
    Y = np.random.default_rng(0).integers(2, size=(len(paths), 20))
    model = CTranClassifier(
        backbone="small",
        image_size=32,
        max_epochs=1,
        random_state=0,
        callbacks=[StepTimer(n_steps)],
    )
    start = time.perf_counter()
    with suppress(KeyboardInterrupt):  # StepTimer raises it.
        model.fit(paths, Y)
    sender.send(time.perf_counter() - start)


def measure_images(numbers, n_steps, baseline):
    """Measure memory and seconds for growing numbers of images.

    Parameters
    ----------
    numbers : sequence of int
    n_steps : int or None
        Stop fits after this number of steps; None for a whole epoch.
    baseline : float

    Returns
    -------
    results : dict
        Number of images -> dict with keys ``MB`` above the baseline and ``seconds`` of the fit.
    """
    results = {}
    for n_images in sorted(numbers):
        with tempfile.TemporaryDirectory() as folder:
            link_photos(folder, n_images)
            megabytes, seconds = _peak_and_answer(fit_paths, folder, n_steps)
        results[n_images] = {"MB": megabytes - baseline, "seconds": seconds}
        print(f"{n_images:,} images: {results[n_images]['MB']:.0f} MB", flush=True)
    return results


def link_photos(folder, n):
    """Save a small JPEG file under `n` names."""
    pixels = np.random.default_rng(0).integers(256, size=(32, 32, 3), dtype=np.uint8)
    for i in range(n):
        path = Path(folder) / f"photo{i:06}.jpg"
        if i % LINKS_PER_FILE == 0:
            Image.fromarray(pixels).save(path)
            original = path
        else:
            os.link(original, path)


if __name__ == "__main__":
    main()
