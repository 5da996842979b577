"""What a memory of training rows costs: time of predictions and of learning, bytes of the pickle.

Image tokens (10 x 256) and labels are random, 5 % of the labels positive; half of the labels are
known. A model of default sizes is fitted for one epoch on 512 images. Then it predicts with
memories of different sizes, and without one, in turns. "batch" is the ratio of a prediction of
512 images to that without memory, the median over rounds; "one" is a prediction of one image.
"learn" is what a fit takes longer, "MB" what a pickle is larger. Times are those of the processor.

Usage (10 minutes; the goals are a batch of at most 1.3 and one image below 10 ms)::

    OMP_NUM_THREADS=1 python benchmarks/speed/recall.py --json recall.json
    python benchmarks/speed/recall.py --rows 5000 --labels 80

Its output::

                               batch: ms  batch  one: ms  without  learn: s    MB
    5,000 rows, 80 labels            478    1.1     10.2     6.23      4.77   3.5
    20,000 rows, 80 labels           515   1.17     11.7     6.21      16.4  8.47
    100,000 rows, 80 labels          734   1.66       24     7.04      78.9  36.3
    5,000 rows, 2,000 labels       3,744   1.01     90.6     77.5      8.96  51.5
    1,000 rows, 10,000 labels     15,748      1    1,610    1,591      7.22  50.5

    processor Intel(R) Xeon(R) Processor, features avx2 avx512f avx512_bf16 amx_bf16 amx_int8, ...
"""

import argparse
import pickle
import time

import numpy as np
from _speed import describe_machine, print_table, speed_ratio, time_interleaved, write_json

from sklearn_ctran import CTranClassifier
from sklearn_ctran._memory.memory import LabelMemory
from sklearn_ctran._utils.devices import plain_torch

N_TOKENS, N_CHANNELS = 10, 256
SIZES = [(80, 5_000), (80, 20_000), (80, 100_000), (2_000, 5_000), (10_000, 1_000)]
COLUMNS = ("batch: ms", "batch", "one: ms", "without", "learn: s", "MB")


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    sizes = SIZES
    if arguments.rows:
        sizes = [(labels, rows) for labels in arguments.labels for rows in arguments.rows]
    results = {}
    for n_labels, n_rows in sizes:
        # With many labels a prediction takes long, and needs no large batch to be measured.
        n_queries = max(4, min(512, 100_000 // n_labels))
        measured = measure(n_rows, n_labels, n_queries, arguments.n_repeats, arguments.seed)
        results[f"{n_rows:,} rows, {n_labels:,} labels"] = measured
        print(f"{n_rows:,} rows, {n_labels:,} labels: done", flush=True)
    print_table({name: list(each.values()) for name, each in results.items()}, COLUMNS, machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", help="instead of the sizes above")
    parser.add_argument("--labels", type=int, nargs="+", default=[80], help="with --rows (80)")
    parser.add_argument("--n-repeats", type=int, default=7, help="rounds (7)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def measure(n_rows, n_labels, n_queries, n_repeats, seed=0):
    """Figures of one memory, by name, one for each of ``COLUMNS``."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_queries, N_TOKENS, N_CHANNELS), dtype=np.float32)
    Y = (rng.random((n_queries, n_labels)) < 0.05).astype(np.int8)
    Y[:2] = [[0], [1]]  # Each label is positive and negative somewhere.
    model = CTranClassifier(None, max_epochs=1, memory=None, random_state=seed).fit(X, Y)
    n_bytes = len(pickle.dumps(model))
    features = rng.standard_normal((n_rows, N_CHANNELS), dtype=np.float32)
    states = (rng.random((n_rows, n_labels)) < 0.05).astype(np.int8)
    start = time.process_time()
    with plain_torch():
        memory = LabelMemory.learn(features, states, np.ones(n_rows), size=n_rows)
    learning = time.process_time() - start
    known = np.where(rng.random(Y.shape) < 0.5, Y, -1)

    def predict(memory, n):
        model.memory_ = memory
        model.predict_proba(X[:n], known[:n])

    variants = {
        (is_with, n): (lambda each=each, n=n: predict(each, n))
        for n in (n_queries, 1)
        for is_with, each in ((True, memory), (False, None))
    }
    seconds = time_interleaved(variants, n_repeats, clock=time.process_time)
    milliseconds = {name: 1e3 * float(np.median(each)) for name, each in seconds.items()}
    ratio = 1 / speed_ratio(seconds[True, n_queries], seconds[False, n_queries])
    model.memory_ = memory
    return {
        "batch_ms": milliseconds[True, n_queries],
        "batch_ratio": ratio,
        "one_ms": milliseconds[True, 1],
        "one_ms_without": milliseconds[False, 1],
        "learn_s": learning,
        "pickle_MB": (len(pickle.dumps(model)) - n_bytes) / 1e6,
    }


if __name__ == "__main__":
    main()
