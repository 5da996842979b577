"""What the checksums of a token cache cost, as a share of reading its tokens.

A later session finds the tokens of made-up photos, 49 of a MobileNetV2 each, in a directory. It
checks each image's row once, when the row is requested for the first time, and reads it in every
epoch of every fit. The script times a request with and without the checks, and the epochs of a fit
with default settings (about 1,000 batches of 64, at least 5 epochs), in shuffled batches. "warm":
the files are in the system's memory. "cold": they come from the disk, once, by the checks or by the
first epoch. Usage::

    python benchmarks/speed/checksums.py --images 4000 --json checksums.json

Its output (a Xeon with two cores that others used too, one thread; % of what one fit reads, and of
what seven fits read)::

    images                2000           4000
    float32, warm    4.1   0.59     10.3   1.5
    float32, cold   -1.6  -0.24     -2.8  -0.44
    bfloat16, warm   2.4   0.34      3.8   0.54
    bfloat16, cold  -3.3  -0.49     -4.2  -0.64

Checks read files from the first byte to the last, which is faster than the first epoch's order.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from _speed import describe_machine, print_table, write_json

from sklearn_ctran import TokenCache
from sklearn_ctran._cache import checksums
from sklearn_ctran._neural.training import n_epochs
from sklearn_ctran._utils import file_memo

SHAPE = (49, 1280)
BATCH_SIZE = 64
N_FITS = 7  # of a search over two candidates in three folds


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    file_memo._SETTLED_NS = -(10**18)  # These files are new, but nobody changes them.
    results = {}
    for dtype in ("float32", "bfloat16"):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            cache = TokenCache(folder, dtype=dtype, max_size="1TB")
            request(cache, arguments.images)
            for state in ("warm", "cold"):
                rounds = [measure(cache, arguments, state) for _ in range(arguments.repeats)]
                results[f"{dtype}, {state}"] = np.median(rounds, axis=0)
    columns = ["checks (s)", "one epoch (s)", "epochs", "% of a fit", f"% of {N_FITS} fits"]
    machine = describe_machine(0)
    print_table(results, columns, machine)
    write_json(arguments.json, {name: list(row) for name, row in results.items()}, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=4000, help="number of images (4000)")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch (2)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (5)")
    parser.add_argument("--folder", help="where the cache is; default: for temporary files")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def measure(cache, arguments, state):
    """Seconds of the checks and of an epoch, epochs, and shares of the checks in percent."""
    n_images = arguments.images
    epochs = n_epochs(n_images, BATCH_SIZE, 1000, 60)
    totals = []
    for has_checks in (False, True):
        request(cache, n_images)  # remembers all sums
        if has_checks:
            checksums._memo.clear()
        if state == "cold":
            forget_files(cache.location)
        start = time.perf_counter()
        tokens = request(cache, n_images)
        requested = time.perf_counter()
        read(tokens, seed=0)
        first = time.perf_counter()
        read(tokens, seed=1)
        epoch = time.perf_counter() - first
        totals.append((requested - start, first - requested, epoch))
    (plain, plain_first, plain_epoch), (checked, checked_first, _) = totals
    cost = checked - plain + checked_first - plain_first  # The checks may warm the first epoch.
    reading = plain_first + (epochs - 1) * plain_epoch
    search = plain_first + (N_FITS * epochs - 1) * plain_epoch
    return cost, plain_epoch, epochs, 100 * cost / reading, 100 * cost / search


def request(cache, n_images):
    """The tokens of all images, computed if they are missing."""
    values = torch.randn(32, *SHAPE)

    def compute(positions):
        for start in range(0, len(positions), 32):
            batch = positions[start : start + 32]
            yield batch, values[: len(batch)]

    keys = [number.to_bytes(16, "big") for number in range(n_images)]
    return cache.tokens("made up", keys, compute, batch_size=32)


def read(tokens, seed):
    """All tokens once, in shuffled batches."""
    order = np.random.RandomState(seed).permutation(len(tokens))
    for start in range(0, len(order), BATCH_SIZE):
        tokens.batch(order[start : start + BATCH_SIZE])


def forget_files(folder):
    """Let the system drop the files from its memory."""
    for path in Path(folder).glob("*.tokens"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
