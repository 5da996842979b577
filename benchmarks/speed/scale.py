"""How time and memory grow with the number of images, labels, tokens and the width.

One of them changes; the others stay at 2,000 images, 20 labels, 10 tokens of 256 channels and a
width of 128, on made-up tokens and the estimator's other defaults. Each size is a process of its
own:

- train, predict: milliseconds of an image in a training step and in ``predict_proba``;
- attention: the share of a training step that attention takes, timed by itself;
- memory: the peak of a fit and a prediction in MB, beyond imports and data. By labels it is that
  of batches of 4;
- fit: seconds of a default fit. It is not run to its end: what comes before the first step is
  measured with all images, a step as the median of some, and the number of steps is the default's.

Batches are the default's, of 64 images, but with more than 390 labels of fewer; a fit is then
counted as if it took batches of 64 of as many milliseconds an image. The exponent is the slope of
log time against log size over the last three sizes: 1 is linear.

The second table has the seconds of the rivals' default fits, on the mean tokens, by labels and
images. A rival's fit that would take more than 15 s is not run: "~" is the line through the two
sizes before, on logarithmic scales. (The MLP's fits are measured like ours.) Below are the sizes
at which C-Tran's fit becomes faster or slower.

Both tables are printed as docs/speed.rst has them.

Usage (9 minutes)::

    python benchmarks/speed/scale.py [--axes labels tokens] --json scale.json

"""

import argparse
import time

import numpy as np
import torch
from _fits import AXES, BATCH, DEFAULTS, fit_seconds, make_data
from _rivals import RIVALS, crossing, extrapolated, measure_rivals
from _speed import describe_machine, digits, in_new_process, peak_memory_mb, write_json
from memory import fit_nothing
from tabulate import tabulate

from sklearn_ctran import CTranClassifier
from sklearn_ctran.modules.attention import attend

KINDS = ("train ms", "predict ms", "attention %", "memory MB", "fit s")


def main():
    arguments = parse_arguments()
    machine = describe_machine(arguments.seed)
    baseline = peak_memory_mb(fit_nothing)
    results, growth, race, crossings = {}, {}, {}, []
    for axis in arguments.axes:
        ours = measure_axis(axis, baseline, arguments.seed)
        results[axis] = {"C-Tran": ours}
        growth |= growth_rows(axis, ours)
        if axis in ("images", "labels"):
            times = {size: point["fit s"] for size, point in ours.items()}
            rivals = measure_rivals(axis, arguments.seed)
            results[axis] |= rivals
            race |= race_rows(axis, times, rivals)
            crossings += [
                f"{name}, {axis}: C-Tran's fit is {crossing(times, extrapolated(rival, times))}"
                for name, rival in rivals.items()
            ]
    print_rst(growth, KINDS)
    if race:
        print_rst(race, ("C-Tran", *RIVALS))
        print("\n".join(crossings))
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
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


def measure_axis(axis, baseline, seed):
    """Measure each size of an axis: size -> dict with a number for each of KINDS."""
    points = {}
    for size in AXES[axis]:
        settings = make_settings(axis, size)
        (points[size], data), peak = in_new_process(measure, settings, seed)
        if axis == "labels":
            settings |= {"batch": 4, "steps": 1, "predicted": 4}
            (_, data), peak = in_new_process(measure, settings, seed)
        points[size]["memory MB"] = peak - baseline - data
        cells = (f"{kind} {points[size][kind]:.3g}" for kind in KINDS)
        print(f"{size:,} {axis}: {', '.join(cells)}", flush=True)
    return points


def make_settings(axis, size):
    """What a process measures: the size, the batch, and how many steps and predictions of it."""
    settings = DEFAULTS | {axis: size}
    batch = BATCH
    if axis == "labels":
        batch = min(BATCH, 400 * BATCH // (settings["tokens"] + size))
    steps, predicted = (8, 4 * batch) if batch == BATCH else (3, 2 * batch)
    if axis == "images":
        predicted = min(size, 10_000)
    return settings | {"batch": batch, "steps": steps, "predicted": predicted}


def measure(settings, seed):
    """Measure all but memory: kind -> number; and the megabytes of tokens and labels."""
    X, Y = make_data(settings, seed)
    model = CTranClassifier(
        None, regions=None, d_model=settings["width"], memory=None, random_state=seed
    )
    fit, step = fit_seconds(model, X, Y, settings["batch"], settings["steps"])
    rows = X[: settings["predicted"]]
    model.predict_proba(X[: settings["batch"]])  # The first call is slower.
    start = time.perf_counter()
    model.predict_proba(rows)
    predict = time.perf_counter() - start
    attention = attention_seconds(settings, model) * model.chosen_["n_layers"]
    point = {
        "train ms": 1000 * step / settings["batch"],
        "predict ms": 1000 * predict / len(rows),
        "attention %": 100 * attention / step,
        "fit s": fit,
    }
    return point, (X.nbytes + Y.nbytes) / 1e6


def attention_seconds(settings, model, n_repeats=2):
    """Seconds of attention in a training step, forward and backward, of one layer."""
    n, d = settings["tokens"] + settings["labels"], settings["width"]
    dtype = torch.bfloat16 if model.net_.precision == "bfloat16" else torch.float32
    query = torch.randn(settings["batch"], n, d, dtype=dtype, requires_grad=True)
    key_value = torch.randn(settings["batch"], n, 2 * d, dtype=dtype, requires_grad=True)
    seconds = []
    for _ in range(n_repeats + 1):
        start = time.perf_counter()
        attend(query, key_value, model.n_heads).sum().backward()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def growth_rows(axis, points):
    """Cells of KINDS for each size, and the exponents."""
    rows = {
        f"{size:,} {axis}": [digits(point[kind]) for kind in KINDS]
        for size, point in points.items()
    }
    exponents = [f"{exponent(points, kind):.2f}" for kind in KINDS]
    exponents[KINDS.index("attention %")] = ""
    return rows | {f"exponent of {axis}": exponents}


def exponent(points, kind):
    """Slope of log number against log size over the last three sizes."""
    last = list(points)[-3:]
    slope = np.polyfit(np.log(last), np.log([points[size][kind] for size in last]), 1)[0]
    return round(float(slope), 2) + 0.0  # not -0.0


def race_rows(axis, ours, rivals):
    """Seconds of the fits of C-Tran and of the rivals, by size."""
    rows = {}
    for size, seconds in ours.items():
        cells = [digits(seconds)]
        for times in rivals.values():
            mark = "" if size in times else "~"
            cells.append(mark + digits(extrapolated(times, [size])[size]))
        rows[f"{size:,} {axis}"] = cells
    return rows


def print_rst(rows, columns):
    """Print a table of reStructuredText."""
    table = [[name, *cells] for name, cells in rows.items()]
    text = tabulate(table, headers=["\\", *columns], tablefmt="rst", disable_numparse=True,
                    colalign=["left", *("right" for _ in columns)])  # fmt: skip
    print(f"\n{text}\n", flush=True)


if __name__ == "__main__":
    main()
