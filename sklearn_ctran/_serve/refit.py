"""A fit in a process of its own: ``python -m sklearn_ctran._serve.refit JOB``.

The server goes on answering meanwhile, and lives on if there is not enough memory. The process ends
with the server.
"""

import contextlib
import os
import sys
import threading
from pathlib import Path

import numpy as np
from sklearn.base import clone

from sklearn_ctran._persistence.savable import load


def write_job(path, model, out, cache, images, names, states):
    """Write what :func:`main` reads: a model file, where the new one goes, and the rows."""
    np.savez(
        path,
        model=str(model),
        out=str(out),
        cache=str(cache),
        images=np.array(images, dtype=str),
        names=np.array(names, dtype=str),
        states=np.array(states, dtype=np.int8),
    )


def refit(job):
    """Fit the model of a job, a file of :func:`write_job`, to its rows, and save it."""
    import pandas as pd

    with np.load(job, allow_pickle=False) as rows:
        rows = dict(rows)
    estimator = clone(load(str(rows["model"])))
    # One broken image must not keep a server from learning.
    wanted = {"cache": str(rows["cache"]), "verbose": 0, "on_error": "skip"}
    params = estimator.get_params()
    estimator.set_params(**{name: value for name, value in wanted.items() if name in params})
    Y = pd.DataFrame(rows["states"], columns=rows["names"].tolist())
    estimator.fit(rows["images"].tolist(), Y)
    estimator.save(str(rows["out"]))


def _end_with_the_server():
    """End this process when its standard input ends, which the server holds."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.buffer.read()
    os._exit(3)


def main(job):
    """Run a job; the error's text goes to standard error."""
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
    try:
        refit(Path(job))
    except (ValueError, TypeError, OSError, MemoryError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # Threads of a pool may still run.
    sys.stdout.flush()
    os._exit(main(sys.argv[1]))
