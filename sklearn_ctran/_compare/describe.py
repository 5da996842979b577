"""Texts by which estimators, metrics and their parameters are recognised in another process."""

import copyreg
import functools
import operator
import secrets
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import packages_distributions, version
from pathlib import Path
from types import FunctionType

import joblib
import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from torch import Tensor, nn

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran.modules.fingerprint import describe

#: Parameters that change no result.
_IRRELEVANT = ("n_jobs", "verbose")

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_PACKAGE = __name__.partition(".")[0]

_distributions = functools.cache(packages_distributions)


def recognise(value):
    """Describe an object by a text that is equal only for objects that do the same.

    Estimators count by their parameters; by what they have learned only if their clones keep it.
    Classes and functions count by name if they can be imported from this package, the standard
    library or an installed package, whose version counts too. The result is None if `value` holds
    anything else: a lambda, a nested function, a class or function of a script or of a package in
    development mode, or an object that cannot be pickled.
    """
    text = _describe(value, ())
    return text if text == _describe(value, ()) else None


def _describe(value, around):
    """The text of a value, a new one each time if it cannot be recognised.

    `around` holds the objects to which the value belongs, and to which it may refer.
    """
    if any(value is other for other in around):
        return "around"
    kind, within = type(value), (*around, value)
    if kind in _PLAIN or isinstance(value, (nn.Module, Tensor)):
        return describe(value)
    if kind in (list, tuple, dict, set, frozenset):
        items = value.items() if kind is dict else value
        texts = [_describe(item, within) for item in items]
        texts = sorted(texts) if kind in (set, frozenset) else texts
        return f"{kind.__name__}[{', '.join(texts)}]"
    if kind is np.ndarray and not value.dtype.hasobject:
        return joblib.hash(value, hash_name="sha1")
    return _imported(value, getattr(value, "__qualname__", None)) or _object(value, within)


def _object(value, within):
    if isinstance(value, TokenCache):
        return "TokenCache"  # Where tokens are kept changes no result.
    # The state of numpy's global generator depends on all that has run before.
    if isinstance(value, (type, FunctionType)) or value is check_random_state(None):
        return _unknown()
    if _is_distribution(value):  # The pickle holds numpy's global generator too.
        return f"scipy.stats{_describe((value.dist.name, value.args, value.kwds), within)}"
    if hasattr(value, "get_params"):
        fitted = any(map(_keeps_state, within))
        held = vars(value) if fitted else value.get_params(deep=False)
        names = [name for name in sorted(held) if fitted or name not in _IRRELEVANT]
        return _describe((type(value), {name: held[name] for name in names}), within)
    return _pickled(value, within)


def _pickled(value, within):
    """Describe an object by what pickle would write, which is all that a worker process gets."""
    reduce = copyreg.dispatch_table.get(type(value), operator.methodcaller("__reduce_ex__", 4))
    try:
        parts = reduce(value)
        if not isinstance(parts, str):
            parts = [list(part) if isinstance(part, Iterator) else part for part in parts]
    except Exception:  # Of any kind: it cannot be pickled.
        return _unknown()
    if isinstance(parts, str):
        return _imported(value, parts) or _unknown()
    return _describe(parts, within)


def _imported(value, name):
    """Module, name and version if `value` can be imported from an installed package, else None."""
    # Some functions that are compiled do not know their module, such as scipy.special.expit.
    for module in (getattr(value, "__module__", None), type(value).__module__, "scipy.special"):
        with suppress(AttributeError, KeyError, TypeError):
            if operator.attrgetter(name)(sys.modules[module]) is value:
                installed = _installed_version(module)
                return None if installed is None else f"{module}.{name} {installed}"
    return None


@functools.cache
def _installed_version(module):
    """Version of the installed package to which a module belongs, None if it belongs to none."""
    package = module.partition(".")[0]
    if package == _PACKAGE:
        return ""  # The keys count all of its sources.
    file = getattr(sys.modules[module], "__file__", None)
    if package in sys.stdlib_module_names:
        # A script may have the name of a module of the standard library.
        is_own = file and not Path(file).is_relative_to(sysconfig.get_path("stdlib"))
        return None if is_own else ""
    # A package installed in development mode changes without a new version.
    if not {"site-packages", "dist-packages"} & set(Path(file or "").parts):
        return None
    versions = [version(name) for name in sorted(set(_distributions().get(package, ())))]
    return " ".join(versions) or None


def _is_distribution(value):
    """Whether this is a distribution of scipy.stats with its parameters, as searches draw from."""
    dist = getattr(value, "dist", None)
    public = getattr(stats, str(getattr(dist, "name", None)), None)
    return isinstance(dist, stats.rv_continuous | stats.rv_discrete) and type(dist) is type(public)


def _keeps_state(value):
    """Whether clones of an estimator are fitted, as those of FrozenEstimator are."""
    own = getattr(type(value), "__sklearn_clone__", BaseEstimator.__sklearn_clone__)
    return own is not BaseEstimator.__sklearn_clone__


def _unknown():
    return secrets.token_hex(16)
