"""Peak memory of fits for growing numbers of images, of which only some are in memory.

A fit has one epoch of the default model in steps of 256 images, with 20 random labels; then all
images are predicted. ``--data tokens``: random tokens (49 x 64, which `regions` makes 10 x 64),
float32, in a memory-mapped file. ``--data shards``: random pictures, 32 x 32, in tar files of 1,000
each, from which a ResNet-18 is trained. Each fit runs in a process of its own.
"peak MB" is the largest memory of its own, without pages of files, above that before the fit.
Pooled tokens of up to 1 GiB would be kept in memory: the script sets a limit that all of these
sizes but the first exceed, as 100,000 photos with 1,280 channels exceed the default.

Usage (5 minutes and 1.3 GB of disk; with ``--data shards`` a quarter of an hour)::

    python benchmarks/speed/larger.py --json larger.json

Its output with ``--sizes 10000 100000``::

                      data MB  peak MB     s
    10,000 images         125      842  22.1
    100,000 images      1,254      842   111

    processor Intel(R) Xeon(R) Processor, features avx2 avx512f avx512_bf16 amx_bf16 amx_int8, ...

    last / first: 1.00; the goal, at most 1.2, is reached

and with ``--data shards`` too, on a machine with other load, so that its times say little::

    load_shards: 0.5 s
    load_shards: 4.6 s

                    data MB  peak MB    s
    10,000 images      30.8    1,122   86
    100,000 images      308    1,121  901

    processor AMD EPYC, features avx2 avx512f avx512_bf16, ..., cores 2, threads 1, ...

    last / first: 1.00; the goal, at most 1.2, is reached
"""

import argparse
import io
import json
import shutil
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from _speed import describe_machine, in_new_process, print_table, write_json
from PIL import Image

SIZES = (10_000, 30_000, 100_000)
SHAPE = 49, 64
N_LABELS = 20
MOST_BYTES = 20_000_000
SIDE = 32
PER_SHARD = 1000
COLUMNS = ("data MB", "peak MB", "s")
GOAL = 1.2


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes:
            part = Path(folder, str(size))
            part.mkdir()
            write, fit = DATA[arguments.data]
            write(part, size, arguments.seed)
            n_bytes = sum(path.stat().st_size for path in part.iterdir())
            (peak, seconds), _ = in_new_process(watched, fit, str(part), arguments.seed)
            results[f"{size:,} images"] = [n_bytes / 1e6, peak, seconds]
            shutil.rmtree(part)
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
    parser.add_argument("--data", choices=DATA, default="tokens", help="what the fit reads")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def write_tokens(folder, size, seed):
    """Write random tokens, part by part."""
    rng = np.random.default_rng(seed)
    tokens = np.lib.format.open_memmap(folder / "tokens.npy", "w+", np.float32, (size, *SHAPE))
    for first in range(0, size, 5000):
        part = tokens[first : first + 5000]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32)
    tokens.flush()


def write_shards(folder, size, seed):
    """Write tar files of random pictures and labels."""
    rng = np.random.default_rng(seed)
    for first in range(0, size, PER_SHARD):
        with tarfile.open(folder / f"{first // PER_SHARD:05}.tar", "w") as tar:
            for number in range(first, min(first + PER_SHARD, size)):
                labels = np.flatnonzero(rng.random(N_LABELS) < 0.1).tolist()
                add(tar, f"{number:08}.json", json.dumps({"labels": labels}).encode())
                picture = io.BytesIO()
                pixels = rng.integers(256, size=(SIDE, SIDE, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(picture, "JPEG")
                add(tar, f"{number:08}.jpg", picture.getvalue())


def add(tar, name, content):
    """Add a file to an open tar file."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def watched(fit, folder, seed):
    """Fit; returns the peak, MB, and seconds."""
    from sklearn_ctran._images import tokens

    tokens._MOST_BYTES = MOST_BYTES
    before, peak, is_over = own_megabytes(), [0.0], threading.Event()

    def watch():
        while not is_over.wait(0.01):
            peak[0] = max(peak[0], own_megabytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    fit(folder, seed)
    is_over.set()
    watcher.join()
    return peak[0] - before, time.perf_counter() - start


def fit_tokens(folder, seed):
    """Fit on tokens, and predict them."""
    X = np.load(Path(folder, "tokens.npy"), mmap_mode="r")
    Y = (np.random.RandomState(seed).random_sample((len(X), N_LABELS)) < 0.1).astype(np.int8)
    model(seed, backbone=None).fit(X, Y).predict_proba(X)


def fit_shards(folder, seed):
    """Fit a network and its backbone on shards, and predict their images."""
    from sklearn_ctran.datasets import load_shards

    start = time.perf_counter()
    photos = load_shards(f"{folder}/*.tar", label_names=range(N_LABELS))
    print(f"load_shards: {time.perf_counter() - start:.1f} s")
    estimator = model(seed, backbone="resnet18", weights=None, image_size=SIDE)
    estimator.fit(photos.images, photos.Y).predict_proba(photos.images)


def model(seed, **params):
    """The estimator of both."""
    from sklearn_ctran import CTranClassifier

    return CTranClassifier(
        **params, max_epochs=1, batch_size=256, memory=5000, device="cpu", random_state=seed
    )


#: What writes data, and what fits on them.
DATA = {"tokens": (write_tokens, fit_tokens), "shards": (write_shards, fit_shards)}


def own_megabytes():
    """Memory of this process, without pages of files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1e3
    raise OSError("/proc/self/status has no RssAnon: this script needs Linux.")


if __name__ == "__main__":
    main()
