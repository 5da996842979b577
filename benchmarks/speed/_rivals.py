"""The rivals' fits: how long they take at growing sizes, and where C-Tran's becomes faster."""

import time

import numpy as np
from _fits import AXES, BATCH, DEFAULTS, fit_seconds, make_data
from _speed import digits, in_new_process

from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain, MaskedLinear, StandardMLP

RIVALS = {
    "logistic regression": lambda seed: BinaryRelevance(),
    "classifier chain": lambda seed: ClassifierChain(random_state=seed),
    "masked linear": lambda seed: MaskedLinear(random_state=seed),
    "MLP": lambda seed: StandardMLP(None, random_state=seed),
}
LONGEST = 15  # seconds of a rival's fit


def measure_rivals(axis, seed):
    """Measure each rival, in a process of its own: name -> size -> seconds of its fit."""
    rivals = {}
    for name in RIVALS:
        rivals[name], _ = in_new_process(measure_rival, name, axis, seed)
        times = (f"{size:,} {seconds:.2f} s" for size, seconds in rivals[name].items())
        print(f"{name}, {axis}: {', '.join(times)}", flush=True)
    return rivals


def measure_rival(name, axis, seed, longest=LONGEST):
    """Seconds of fits of growing size, until one would take too long: size -> seconds."""
    times = {}
    for size in AXES[axis]:
        model = RIVALS[name](seed)
        is_network = isinstance(model, StandardMLP)  # Its fits are not run to their end.
        if not is_network and len(times) > 1 and extrapolated(times, [size])[size] > longest:
            break
        X, Y = make_data(DEFAULTS | {axis: size, "tokens": 1}, seed)
        if is_network:
            times[size], _ = fit_seconds(model, X[:, 0], Y, BATCH, n_steps=8)
        else:
            start = time.perf_counter()
            model.fit(X[:, 0], Y)
            times[size] = time.perf_counter() - start
    return times


def extrapolated(times, sizes):
    """The seconds of each size: measured, or on the line of log time through the last two."""
    *_, (one, before), (other, last) = times.items()
    slope = np.log(last / before) / np.log(other / one)
    return {
        size: times[size] if size in times else float(last * (size / other) ** slope)
        for size in sizes
    }


def crossing(ours, theirs):
    """Say at which sizes our fit is slower than theirs, and where that changes."""
    sizes = np.array(list(ours), dtype=float)
    ratios = np.log([ours[size] / theirs[size] for size in ours])
    words = ["slower" if ratio > 0 else "faster" for ratio in ratios]
    factors = np.exp(np.abs(ratios))
    text = f"{words[0]} at {sizes[0]:,.0f} ({digits(factors[0])} times)"
    for i in np.flatnonzero(np.diff(ratios > 0)):
        weight = ratios[i] / (ratios[i] - ratios[i + 1])
        where = np.exp((1 - weight) * np.log(sizes[i]) + weight * np.log(sizes[i + 1]))
        text += f", {words[i + 1]} from {float(f'{where:.1g}'):,.0f} on"
    return f"{text}; {words[-1]} at {sizes[-1]:,.0f} ({digits(factors[-1])} times)"
