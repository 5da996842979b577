"""The first second: imports, the first prediction of a new process, and one more question.

- Imports: the least time of new processes, which take turns. The last column is the difference
  from the line above: the line of this package shows what it adds to all that it depends on.
- First prediction: a new process imports, loads a fitted model, from a pickle and from the file of
  its ``save``, and predicts for one photo, which it has not seen.
- Questions: ``predict_proba(encoded[i : i + 1], known_labels={...})`` of a model with 74 labels and
  default sizes, by the clock.

The network has random weights: they do not change what anything takes.

Usage (2 minutes)::

    python benchmarks/speed/latency.py --json latency.json

"""

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from _speed import describe_machine, print_table, write_json
from PIL import Image

from sklearn_ctran import CTranClassifier

N_LABELS = 74
LEARN = "import torch, sklearn.metrics, sklearn.model_selection"
SMALL = "scipy.stats, PIL.Image, tqdm.auto, tabulate, filelock, joblib, sqlite3"
IMPORTS = {
    "torch": "import torch",
    "and scikit-learn": LEARN,
    "and skorch": f"{LEARN}, skorch",
    "and small ones": f"{LEARN}, skorch, {SMALL}",
    "CTranClassifier": "from sklearn_ctran import CTranClassifier",
    # Needed for a torchvision network only. It imports torch's compiler.
    "and torchvision": "from sklearn_ctran import CTranClassifier; import torchvision.models",
}
ALONE = {"metrics": "import sklearn_ctran.metrics", "its scikit-learn": "import sklearn.metrics"}
FIRST = """
import pickle
with open("model.pkl", "rb") as file:
    pickle.load(file).predict_proba(["photo.png"])
"""
FIRST_SAVED = """
import sklearn_ctran
sklearn_ctran.load("model.safetensors").predict_proba(["photo.png"])
"""
TIMED = """
import json, time
start = time.perf_counter(), time.process_time()
{code}
print(json.dumps([time.perf_counter() - start[0], time.process_time() - start[1]]))
"""


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    warnings.simplefilter("ignore")
    rng = np.random.RandomState(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        model, images = fitted_model(rng, arguments.backbone)
        with open(Path(folder, "model.pkl"), "wb") as file:
            pickle.dump(model, file)
        photo = rng.randint(0, 256, (375, 500, 3), dtype=np.uint8)
        Image.fromarray(photo).save(Path(folder, "photo.png"))
        model.save(Path(folder, "model.safetensors"))
        first = {"first, of a pickle": FIRST, "first, of a file": FIRST_SAVED}
        codes = IMPORTS | ALONE | first
        seconds = in_new_processes(codes, folder, arguments.n_repeats)
    results = {"seconds": seconds, "question": questions(model, images, arguments)}
    before, rows = 0.0, {}
    for name, (clock, processor) in seconds.items():
        more = f"{processor - before:.2f}" if name in IMPORTS else ""
        rows[name] = [f"{clock:.2f}", f"{processor:.2f}", more]
        before = processor
    print_table(rows, ["clock: s", "processor: s", "more: s"], machine)
    line = {arguments.backbone: [f"{ms:.1f}" for ms in results["question"].values()]}
    print_table(line, [f"{name}: ms" for name in results["question"]], machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--n-repeats", type=int, default=5, help="new processes of each kind")
    parser.add_argument("--n-questions", type=int, default=200, help="after 100 that do not count")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write all figures to this file")
    return parser.parse_args()


def fitted_model(rng, backbone="resnet50", precision="auto"):
    """A model of default sizes, and the images that it was fitted on."""
    images = rng.randint(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    Y = rng.random_sample((len(images), N_LABELS)) < 0.2
    Y[:2] = [[False], [True]]  # Each label is positive and negative somewhere.
    model = CTranClassifier(
        backbone,
        weights=None,
        train_backbone=False,
        max_epochs=1,
        precision=precision,
        random_state=0,
    )
    return model.fit(images, Y.astype(np.int8)), images


def in_new_processes(codes, folder, n_repeats):
    """Least seconds by the clock and of the processor that each piece of code takes."""
    seconds = {name: [] for name in codes}
    for _ in range(n_repeats):
        for name, code in codes.items():
            command = [sys.executable, "-W", "ignore", "-c", TIMED.format(code=code)]
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
            seconds[name].append(json.loads(done.stdout))
    return {name: np.min(pairs, axis=0).tolist() for name, pairs in seconds.items()}


def ask(model, encoded, k):
    """The k-th question: about one of the images, with two labels known."""
    known = {k % N_LABELS: 1, (7 * k + 3) % N_LABELS: 0}
    return model.predict_proba(encoded[[k % len(encoded)]], known_labels=known)


def questions(model, images, arguments, n_before=100):
    """Median and 95th percentile of a question's milliseconds, from the hundredth on."""
    encoded, times = model.encode(images), []
    for k in range(n_before + arguments.n_questions):
        start = time.perf_counter()
        ask(model, encoded, k)
        times.append(1000 * (time.perf_counter() - start))
    times = times[n_before:]
    return {"median": float(np.median(times)), "p95": float(np.percentile(times, 95))}


if __name__ == "__main__":
    main()
