"""Keys of the tasks of ``compare``: digests of all that the result of a task depends on."""

import functools
import os
import platform
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

from sklearn_ctran._compare.describe import recognise
from sklearn_ctran._images.keys import content_key
from sklearn_ctran._images.sources import source
from sklearn_ctran._utils.warnings import warn

#: The folder of this package, whose sources are a part of each key.
_PACKAGE = Path(__file__).parents[1]


def task_keys(tasks, samples, evaluation):
    """Compute the keys of tasks; warn of methods and metrics that cannot be recognised.

    A key has 40 hexadecimal digits. It is None if the task's method, or any metric, cannot be
    recognised.
    """
    methods = {task.name: task.estimator for task in tasks}
    methods = {name: recognise(estimator) for name, estimator in methods.items()}
    metrics = {name: recognise(metric) for name, metric in evaluation.metrics.items()}
    _warn_of_unrecognised(methods, metrics)
    if None in metrics.values():
        return [None] * len(tasks)
    settings = evaluation.shares, list(metrics.items()), evaluation.n_draws
    common = _versions(), describe_data(samples), settings
    return [
        None if methods[task.name] is None else _task_key(common, methods[task.name], task)
        for task in tasks
    ]


def _task_key(common, method, task):
    rows = task.fold.train.astype(np.int64), task.fold.test.astype(np.int64)
    return _hash([common, method, rows, task.fold.seed, task.reseed])


def _warn_of_unrecognised(methods, metrics):
    found = [
        f"the {kind} {name!r}"
        for kind, texts in (("method", methods), ("metric", metrics))
        for name, text in texts.items()
        if text is None
    ]
    if found:
        warn(
            f"results_dir cannot recognise {', '.join(found)} in another call, so that the fits "
            "concerned are repeated in each call. Classes and functions can be recognised if they "
            "are imported from an installed package (not from a script, nor from a package "
            "installed in development mode); lambdas and nested functions cannot. Move them into "
            "such a package, or use estimators and metrics of one."
        )


def _hash(value):
    return joblib.hash(value, hash_name="sha1")


@functools.cache
def _versions():
    packages = ("scikit-learn", "numpy", "scipy", "torch")
    # This package's version stays the same while its sources change.
    sources = [
        (path.relative_to(_PACKAGE).as_posix(), path.read_bytes())
        for path in sorted(_PACKAGE.rglob("*.py"))
    ]
    return [platform.python_version(), [version(name) for name in packages], _hash(sources)]


def describe_data(samples):
    """Compute a digest of images and labels; image files count by path, size and time of change."""
    targets, extra = samples.targets, samples.extra_labels or {}
    extra = [(repr(name), column.copy()) for name, column in extra.items()]
    labels = targets.states, repr(targets.names.tolist()), targets.classes, extra
    kinds = type(samples.X).__name__, type(samples.y).__name__
    return _hash([_images(samples.X), labels, kinds])


def _images(X):
    if not isinstance(X, (list, tuple)):
        if np.ndim(X) != 1 and not (np.ndim(X) == 2 and np.shape(X)[1] == 1):
            return _hash(X)
        X = np.asarray(X).ravel().tolist()
    return [_image(row, item) for row, item in enumerate(X)]


def _image(row, item):
    held = source(item)
    if isinstance(held, str):
        try:
            status = os.stat(held)
        except OSError:
            return held
        return held, status.st_size, status.st_mtime_ns
    # One at a time: the digest of a list depends on whether equal items are one object.
    return content_key(row, item) if hasattr(held, "getexif") else _hash(item)
