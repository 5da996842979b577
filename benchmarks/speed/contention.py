"""Fits that share the processor: three processes at once, and a search with two workers.

- Fits: the same fit on made-up tokens (74 labels, default sizes), alone and in three processes at
  once, under several settings of the environment. "/ alone" divides the seconds until the last of
  the three is done by those of one fit alone with default settings. They do three times the work:
  3 is as good as one after the other. The processor's seconds are those of one fit. Those beyond
  its seconds alone with one thread are lost to waiting.
- Waiting: the processor's time that threads use after an operation, while the process sleeps.
- Search: ``GridSearchCV`` over four such fits in one process, in two workers, and in two workers
  that inherit a number of threads meant for one process.

Usage (4 minutes)::

    python benchmarks/speed/contention.py --json contention.json

"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from unittest import mock

import numpy as np
import torch
from _fits import make_data
from _speed import describe_machine, in_new_process, print_table, write_json
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_ctran import CTranClassifier

SIZES = {"images": 320, "labels": 74, "tokens": 10}
N_AT_ONCE = 3
ENVIRONMENTS = {
    "default": {},
    "OMP_NUM_THREADS=1": {"OMP_NUM_THREADS": "1"},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
    "GOMP_SPINCOUNT=0": {"GOMP_SPINCOUNT": "0"},
    "GOMP_SPINCOUNT=10000": {"GOMP_SPINCOUNT": "10000"},
}
SEARCHES = {
    "n_jobs=1": (1, {}),
    "n_jobs=2": (2, {}),
    # torch takes MKL's number where it has MKL; joblib sets the one of the two that is not set.
    "n_jobs=2, two threads each": (2, {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}),
}
# What would disturb the comparison if the caller's environment has it.
_SETTINGS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_")


def main():
    arguments = parse_arguments()
    size = SIZES | {"images": arguments.images}, arguments.epochs, arguments.seed
    machine = describe_machine(arguments.seed)
    fits = {}
    for name, env in ENVIRONMENTS.items():
        print(f"Fits, {name} ...", flush=True)
        fits[name] = measure_fits(env, *size)
    alone = fits["default"]["alone"]
    rows = {
        name: [
            fit["alone"],
            fit["at once"],
            fit["at once"] / alone,
            fit["processor alone"],
            fit["processor at once"],
            f"{fit['waiting ms']:.1f}",
        ]
        for name, fit in fits.items()
    }
    columns = ("alone: s", "3 at once: s", "/ alone", "processor: s", "at once: s", "waiting: ms")
    print_table(rows, columns, machine)
    searches = {}
    for name, (n_jobs, env) in SEARCHES.items():
        print(f"Search, {name} ...", flush=True)
        with environment(env):
            searches[name] = in_new_process(search, n_jobs, *size)[0]
    before = searches["n_jobs=1"]["seconds"]
    rows = {
        name: [result["seconds"], result["seconds"] / before, str(result["threads"])]
        for name, result in searches.items()
    }
    print_table(rows, ("search: s", "/ n_jobs=1", "threads each"), machine)
    write_json(arguments.json, {"fits": fits, "searches": searches}, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=SIZES["images"], help="of a fit (320)")
    parser.add_argument("--epochs", type=int, default=3, help="of a fit (3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


@contextmanager
def environment(changes):
    """Let new processes have these variables and, of those about threads, no others."""
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
            del os.environ[name]
        os.environ.update(changes)
        yield


def measure_fits(env, sizes, epochs, seed):
    """Seconds of a fit alone and of several at once, by the clock and of the processor."""
    with environment(env):
        ((alone, alone_processor, waiting),) = fit_at_once(1, sizes, epochs, seed)
        several = np.array(fit_at_once(N_AT_ONCE, sizes, epochs, seed))
    seconds, processor, _ = several.T
    return {
        "alone": alone,
        "at once": float(seconds.max()),
        "processor alone": alone_processor,
        "processor at once": float(processor.mean()),
        "waiting ms": waiting,
    }


def fit_at_once(n_processes, *size):
    """Do the same fit in several new processes; return what :func:`fit` does for each."""
    barrier = get_context("spawn").Barrier(n_processes, timeout=120)
    with ThreadPoolExecutor(n_processes) as pool:
        runs = [pool.submit(in_new_process, fit, barrier, *size) for _ in range(n_processes)]
        return [run.result()[0] for run in runs]


def fit(barrier, sizes, epochs, seed):
    """Fit when all processes are ready; return its seconds, the processor's, and `waiting_ms`."""
    X, Y = make_data(sizes, seed)
    make_model(1, seed).fit(X[:64], Y[:64])  # Imports what a fit needs.
    waiting = waiting_ms()
    barrier.wait()
    start = time.perf_counter(), time.process_time()
    make_model(epochs, seed).fit(X, Y)
    return time.perf_counter() - start[0], time.process_time() - start[1], waiting


def make_model(epochs, seed):
    return CTranClassifier(backbone=None, max_epochs=epochs, random_state=seed)


def waiting_ms(n_repeats=9):
    """Median of the processor's milliseconds while this process sleeps after an operation."""
    x, used = torch.zeros(1_000_000), []
    for _ in range(n_repeats):
        torch.exp(x)
        start = time.process_time()
        time.sleep(0.1)
        used.append(1000 * (time.process_time() - start))
    return float(np.median(used))


def search(n_jobs, sizes, epochs, seed):
    """Search over four fits; return the seconds, and torch's threads in each worker."""
    X, Y = make_data(sizes, seed)
    grid = {"lr": [1e-3, 2e-3]}
    # The workers start and import before the clock does.
    threads = Parallel(n_jobs)(delayed(torch.get_num_threads)() for _ in range(n_jobs))
    Parallel(n_jobs)(delayed(make_model(1, seed).fit)(X[:64], Y[:64]) for _ in range(n_jobs))
    model = make_model(epochs, seed)
    start = time.perf_counter()
    GridSearchCV(model, grid, cv=KFold(2), refit=False, n_jobs=n_jobs).fit(X, Y)
    seconds = time.perf_counter() - start
    get_reusable_executor().shutdown()  # This process would wait minutes for idle workers to end.
    return {"seconds": seconds, "threads": max(threads)}


if __name__ == "__main__":
    main()
