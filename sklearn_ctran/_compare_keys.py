"""By which a finished task of ``compare`` is known again: a digest of all that it depends on."""

import functools
import os
import platform
import sys
import types
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from sklearn_ctran._cache import TokenCache
from sklearn_ctran._decoding import is_path
from sklearn_ctran._keys import content_key
from sklearn_ctran.modules.fingerprint import describe

#: Of parameters that change no result.
_IRRELEVANT = ("n_jobs", "verbose")
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
#: What `describe` tells by its content.
_CONTENT = (*_PLAIN, types.FunctionType, functools.partial, nn.Module, Tensor)
#: What of a class says what it does.
_CODE = (types.FunctionType, staticmethod, classmethod, property, *_PLAIN)
_PACKAGE = Path(__file__).parent


def task_key(data, method, part, questions, reseed):
    """The key of a task.

    Parameters
    ----------
    data : str
        As of :func:`describe_data`.
    method : str
        As of :func:`describe_object`.
    part : Part
    questions : Questions
    reseed : bool

    Returns
    -------
    key : str
        40 hexadecimal digits.
    """
    metrics = [(name, describe_object(metric)) for name, metric in questions.metrics.items()]
    asked = questions.known_fractions, questions.extra_known_fractions, metrics
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


def describe_object(value, around=()):
    """A text that is the same in every process for estimators, metrics, ... that do the same.

    Of what is not installed, classes and functions count by their code; not by that of the
    functions that they call.

    Parameters
    ----------
    value : object
    around : tuple, default=()
        Objects that `value` belongs to and may refer to.

    Returns
    -------
    str
        Each time another one if `value` cannot be described.
    """
    if any(value is other for other in around):
        return "around"
    within = (*around, value)
    if isinstance(value, TokenCache):
        return "TokenCache"  # Where tokens are kept changes none.
    if isinstance(value, type):
        return _class(value)
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}{[describe_object(item, within) for item in value]}"
    if isinstance(value, dict):
        items = value.items()
        return str([(describe_object(k, within), describe_object(v, within)) for k, v in items])
    if isinstance(value, np.ndarray):
        return describe_object(value.tolist(), within) if value.dtype == object else describe(value)
    if isinstance(value, np.random.RandomState):
        return describe_object(value.get_state(), within)
    if isinstance(value, _CONTENT):
        return describe(value)
    if sparse.issparse(value) or hasattr(value, "to_numpy"):
        return _hash(value)
    if hasattr(value, "get_params") and not any(map(_keeps_state, within)):
        params = value.get_params(deep=False)
        attributes = {name: params[name] for name in sorted(params) if name not in _IRRELEVANT}
    elif hasattr(value, "__dict__"):
        attributes = vars(value)
    else:
        return describe(value)
    return f"{_class(type(value))} {describe_object(attributes, within)}"


def _keeps_state(value):
    """Whether clones are fitted, as of FrozenEstimator."""
    own = getattr(type(value), "__sklearn_clone__", BaseEstimator.__sklearn_clone__)
    return own is not BaseEstimator.__sklearn_clone__


def _class(kind):
    """The classes that make up a class, those that are not installed with their code."""
    texts = []
    for base in kind.__mro__:
        name = f"{base.__module__}.{base.__name__}"
        package = base.__module__.partition(".")[0]
        if _is_installed(package):
            texts.append(f"{name} {getattr(sys.modules.get(package), '__version__', '')}")
            continue
        # scikit-learn wraps methods that are not always there.
        members = {key: getattr(value, "fn", value) for key, value in vars(base).items()}
        code = [
            f"{key}={describe(value, kind.__mro__)}"
            for key, value in sorted(members.items())
            if isinstance(value, _CODE) and (callable(value) or not key.startswith("__"))
        ]
        texts.append(f"{name} {code}")
    return str(texts)


def _is_installed(package):
    """Whether a version stands for a package's code; its own is in :func:`_versions`."""
    if package in sys.stdlib_module_names or package == _PACKAGE.name:
        return True
    file = getattr(sys.modules.get(package), "__file__", None) or ""
    return bool({"site-packages", "dist-packages"} & set(Path(file).parts))
