"""Peak memory of fits on tokens in a memory-mapped file, for growing numbers of images.

Tokens (49 x 64, which `regions` makes 10 x 64), float32, and 20 labels are random. A fit has one
epoch of the default model in steps of 256 images; then all images are predicted. Each fit runs in a
process of its own. "peak MB" is the largest memory of its own, without pages of files, above that
before the fit. Pooled tokens of up to 1 GiB would be kept in memory: the script sets a limit that
all of these sizes but the first exceed, as 100,000 photos with 1,280 channels exceed the default.

Usage (5 minutes, 1.3 GB of disk)::

    python benchmarks/speed/larger.py --json larger.json

Its output with ``--sizes 10000 100000``::

                    tokens MB  peak MB     s
    10,000 images         125      842  22.1
    100,000 images      1,254      842   111

    processor Intel(R) Xeon(R) Processor, features avx2 avx512f avx512_bf16 amx_bf16 amx_int8, ...

    last / first: 1.00; the goal, at most 1.2, is reached
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from _speed import describe_machine, in_new_process, print_table, write_json

SIZES = (10_000, 30_000, 100_000)
SHAPE = 49, 64
N_LABELS = 20
MOST_BYTES = 20_000_000
COLUMNS = ("tokens MB", "peak MB", "s")
GOAL = 1.2


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes:
            path = str(Path(folder, "tokens.npy"))
            write_tokens(path, size, arguments.seed)
            (peak, seconds), _ = in_new_process(fit, path, arguments.seed)
            results[f"{size:,} images"] = [os.path.getsize(path) / 1e6, peak, seconds]
            print(f"{size:,} images: done", flush=True)
    print_table(results, COLUMNS, machine)
    peaks = [peak for _, peak, _ in results.values()]
    verdict = "reached" if peaks[-1] <= GOAL * peaks[0] else "missed"
    print(f"last / first: {peaks[-1] / peaks[0]:.2f}; the goal, at most {GOAL}, is {verdict}")
    write_json(
        arguments.json,
        {name: dict(zip(COLUMNS, row, strict=True)) for name, row in results.items()},
        machine,
    )


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def write_tokens(path, size, seed):
    """Write random tokens, part by part."""
    rng = np.random.default_rng(seed)
    tokens = np.lib.format.open_memmap(path, "w+", np.float32, (size, *SHAPE))
    for first in range(0, size, 5000):
        part = tokens[first : first + 5000]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32)
    tokens.flush()


def fit(path, seed):
    """Fit and predict; returns the peak, MB, and seconds."""
    from sklearn_ctran import CTranClassifier
    from sklearn_ctran._images import tokens

    tokens._MOST_BYTES = MOST_BYTES
    X = np.load(path, mmap_mode="r")
    Y = (np.random.RandomState(seed).random_sample((len(X), N_LABELS)) < 0.1).astype(np.int8)
    model = CTranClassifier(
        backbone=None, max_epochs=1, batch_size=256, memory=5000, device="cpu", random_state=seed
    )
    before, peak, is_over = own_megabytes(), [0.0], threading.Event()

    def watch():
        while not is_over.wait(0.01):
            peak[0] = max(peak[0], own_megabytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    model.fit(X, Y).predict_proba(X)
    is_over.set()
    watcher.join()
    return peak[0] - before, time.perf_counter() - start


def own_megabytes():
    """Memory of this process, without pages of files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1e3
    raise OSError("/proc/self/status has no RssAnon: this script needs Linux.")


if __name__ == "__main__":
    main()
