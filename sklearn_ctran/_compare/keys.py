"""By which a finished task of ``compare`` is known again: a digest of all that it depends on."""

import functools
import os
import platform
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

from sklearn_ctran._compare.describe import describe_object
from sklearn_ctran._images.decoding import is_path
from sklearn_ctran._images.keys import content_key

_PACKAGE = Path(__file__).parents[1]


def task_key(data, method, part, questions, reseed):
    """The key of a task.

    Parameters
    ----------
    data : str
        As of :func:`describe_data`.
    method : str
        As of :func:`describe_object`.
    part : Part
    questions : Questionnaire
    reseed : bool

    Returns
    -------
    key : str
        40 hexadecimal digits.
    """
    metrics = [(name, describe_object(metric)) for name, metric in questions.metrics.items()]
    asked = questions.known_fractions, questions.extra_known_fractions, metrics, questions.n_draws
    rows = part.train.astype(np.int64), part.test.astype(np.int64)
    return _hash([_versions(), data, method, rows, part.seed, reseed, asked])


def _hash(value):
    return joblib.hash(value, hash_name="sha1")


@functools.cache
def _versions():
    packages = ("scikit-learn", "numpy", "scipy", "torch")
    # The version of this package does not change with each change to it.
    sources = [path.read_bytes() for path in sorted(_PACKAGE.rglob("*.py"))]
    return [platform.python_version(), [version(name) for name in packages], _hash(sources)]


def describe_data(samples):
    """A digest of images and labels.

    Parameters
    ----------
    samples : Samples
        Images in files count by path, size and time of change.

    Returns
    -------
    str
    """
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
    if is_path(item):
        try:
            status = os.stat(item)
        except OSError:
            return os.fsdecode(item)
        return os.fsdecode(item), status.st_size, status.st_mtime_ns
    # One by one, or items that are one object would have another digest than equal ones.
    return content_key(row, item) if hasattr(item, "getexif") else _hash(item)
