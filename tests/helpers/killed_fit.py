"""A fit in a process of its own, which kills itself: python killed_fit.py FOLDER WHEN SEED.

WHEN is "never"; "step N", before training step N; "bytes N", after so many bytes of states were
written; or "replace N", at the N-th renaming of a file. The process prints a digest of the model.
"""

import hashlib
import os
import signal
import subprocess
import sys

import numpy as np
from skorch.callbacks import Callback

N_EPOCHS, N_STEPS = 4, 5


class KillAtStep(Callback):
    """Kills the process before a training step."""

    def __init__(self, step=None):
        self.step = step

    def on_train_begin(self, net, **kwargs):
        self.n_steps = 0

    def on_batch_begin(self, net, training=False, **kwargs):
        if training:
            if self.n_steps == self.step:
                os.kill(os.getpid(), signal.SIGKILL)
            self.n_steps += 1


def kill_at(counts):
    """Wrap a function: kill the process once `counts` says so."""

    def wrap(function):
        def wrapped(*args):
            if counts(*args):
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args)

        return wrapped

    return wrap


def main(folder, when, seed):
    import torch

    from sklearn_ctran import CTranClassifier
    from sklearn_ctran._neural import checkpoint_folder, progress

    torch.set_num_threads(1)
    kind, _, n = when.partition(" ")
    left = [int(n or 0)]

    def counts_bytes(file, data):
        left[0] -= len(data)
        return left[0] < 0

    def counts_calls(*args):
        left[0] -= 1
        return left[0] < 0

    if kind == "bytes":
        written = checkpoint_folder._Summed.write
        checkpoint_folder._Summed.write = kill_at(counts_bytes)(written)
    if kind == "replace":
        checkpoint_folder.os.replace = kill_at(counts_calls)(os.replace)
    if int(seed) % 2:
        progress._SECONDS = 0.0  # Keeps every step.
    rng = np.random.RandomState(0)
    X = rng.randn(100, 6).astype(np.float32)
    Y = (X[:, :3] + rng.randn(100, 3) > 0).astype(int)
    model = CTranClassifier(
        backbone=None,
        d_model=16,
        n_heads=2,
        n_layers=1,
        batch_size=100 // N_STEPS,
        max_epochs=N_EPOCHS,
        early_stopping=int(seed) % 3 == 0,
        device="cpu",
        checkpoint=None if folder == "none" else folder,
        callbacks=[KillAtStep(int(n) if kind == "step" else None)],
        random_state=int(seed),
    ).fit(X, Y)
    digest = hashlib.sha256(model.predict_proba(X).tobytes())
    for name, value in model.net_.module_.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    losses = [epoch["train_loss"] for epoch in model.history_]
    digest.update(np.array(losses).tobytes())
    print(digest.hexdigest())


def run(folder, when, seed):
    """The digest that the process prints, None if it is killed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, str(folder), when, str(seed)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.strip() or None


if __name__ == "__main__":
    main(*sys.argv[1:])
