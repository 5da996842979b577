"""Images a second of a fit by one process, and by two that share its machine.

Each process has one thread. Both fits go through the same images in batches of 64 for each process;
tokens (49 x 1,280, as of a MobileNetV2) and labels (80, 5 % positive) are random. The model is the
default's without memory, once with one layer and once with three. Fits take turns, each in new
processes, and their first epoch does not count. "ratio" is the median of the ratios, round by
round.

Usage (8 minutes)::

    python benchmarks/speed/processes.py --json processes.json

Its output with ``--n-images 1024 --n-repeats 3`` (3 minutes)::

              1 process  2 processes  ratio
    1 layers      1,077        1,605   1.51
    3 layers        411          682   1.64

    processor Intel(R) Xeon(R) Processor, features avx2 avx512f avx512_bf16 amx_bf16 amx_int8, ...
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _speed import describe_machine, print_table, write_json

LAYERS = (1, 3)
COLUMNS = ("1 process", "2 processes", "ratio")


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    results = {}
    for n_layers in LAYERS:
        rounds = [
            [images_a_second(n, n_layers, arguments) for n in (1, 2)]
            for _ in range(arguments.n_repeats)
        ]
        alone, two = np.transpose(rounds)
        measured = np.median(alone), np.median(two), np.median(two / alone)
        results[f"{n_layers} layers"] = dict(zip(COLUMNS, map(float, measured), strict=True))
        print(f"{n_layers} layers: done", flush=True)
    print_table({name: list(each.values()) for name, each in results.items()}, COLUMNS, machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n-images", type=int, default=2048)
    parser.add_argument("--n-repeats", type=int, default=5, help="fits of each kind (5)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    parser.add_argument("--fit", nargs=2, help=argparse.SUPPRESS)  # what each process runs
    arguments = parser.parse_args()
    if arguments.fit:
        n_layers, path = arguments.fit
        fit(int(n_layers), Path(path), arguments)
        raise SystemExit
    return arguments


def images_a_second(n_processes, n_layers, arguments):
    """The speed of a fit by new processes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speed.json")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(n_processes), __file__]
        command += ["--n-images", str(arguments.n_images), "--seed", str(arguments.seed)]
        command += ["--fit", str(n_layers), str(path)]
        subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        return json.loads(path.read_text())


def fit(n_layers, path, arguments):
    """Fit as one of the processes; the first writes images a second."""
    import torch

    from sklearn_ctran import CTranClassifier

    torch.set_num_threads(1)
    rng = np.random.RandomState(arguments.seed)
    X = rng.standard_normal((arguments.n_images, 49, 1280)).astype(np.float32)
    Y = rng.random_sample((arguments.n_images, 80)) < 0.05
    model = CTranClassifier(
        backbone=None,
        n_layers=n_layers,
        max_epochs=4,
        memory=None,
        device="cpu",
        distributed="accelerate",
        random_state=arguments.seed,
    ).fit(X, Y.astype(int))
    if os.environ["RANK"] == "0":
        seconds = np.median([epoch["dur"] for epoch in model.history_[1:]])
        path.write_text(json.dumps(arguments.n_images / seconds))


if __name__ == "__main__":
    main()
