"""Fits of made-up data of any size, and the seconds that a whole one would take."""

import time
from contextlib import suppress

import numpy as np
from memory import StepTimer

DEFAULTS = {"images": 2000, "labels": 20, "tokens": 10, "width": 128}
CHANNELS, BATCH = 256, 64
AXES = {
    "images": (100, 1000, 10_000, 100_000),
    "labels": (5, 20, 80, 300, 1000, 3000, 10_000),
    "tokens": (1, 10, 49, 196, 577),
    "width": (64, 128, 256, 512, 1024, 2048),
}


def make_data(settings, seed):
    """Tokens (n, P, C), and labels (n, L) that depend on the mean token; a fifth are positive."""
    n, n_tokens, n_labels = (settings[name] for name in ("images", "tokens", "labels"))
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_tokens, CHANNELS), dtype=np.float32)
    Y = np.empty((n, n_labels), dtype=np.int8)
    # The peak of memory is the fit's: neither rows nor labels are looked at all at once.
    for start in range(0, n_labels, 500):
        labels = slice(start, start + 500)
        weights = rng.standard_normal((CHANNELS, Y[:, labels].shape[1]), dtype=np.float32)
        weights *= (n_tokens / CHANNELS) ** 0.5
        for first in range(0, n, 5000):
            rows = slice(first, first + 5000)
            scores = X[rows].mean(axis=1) @ weights
            scores += 0.5 * rng.standard_normal(scores.shape, dtype=np.float32)
            Y[rows, labels] = scores > 0.94
    Y[:2] = [[0], [1]]  # Each label is positive and negative somewhere.
    return X, Y


class FirstStep(StepTimer):
    """Stop a fit at its first step, and know how many epochs it would have had."""

    def __init__(self):
        super().__init__(n_steps=0)

    def on_train_begin(self, net, **kwargs):
        """Read the number of epochs."""
        self.n_epochs = net.max_epochs


def fit_seconds(model, X, Y, batch, n_steps):
    """Seconds of a whole fit, and of a step; the model is fitted for an epoch of `n_steps`."""
    first, timer = FirstStep(), StepTimer()
    start = time.perf_counter()
    with suppress(KeyboardInterrupt):  # FirstStep raises it.
        model.set_params(callbacks=[first]).fit(X, Y)
    before = time.perf_counter() - start
    rows = np.arange(n_steps * batch) % len(X)
    model.set_params(callbacks=[timer], max_epochs=1, batch_size=batch).fit(X[rows], Y[rows])
    step = float(np.median(timer.seconds[2:] or timer.seconds))
    steps = first.n_epochs * np.ceil(len(X) / BATCH)
    return float(before + steps * step * BATCH / batch), step
