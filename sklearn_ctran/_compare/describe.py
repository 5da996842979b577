"""Estimators, metrics and whatever they hold as texts: equal only for what does the same."""

import functools
import secrets
import sys
import types
from pathlib import Path

import joblib
import numpy as np
from scipy import sparse
from scipy.stats._distn_infrastructure import rv_frozen
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran.modules.fingerprint import describe

#: Of parameters that change no result.
_IRRELEVANT = ("n_jobs", "verbose")


_PLAIN = (bool, int, float, complex, str, bytes, type(None))


#: Of what a function or class refers to, what does not change while a program runs.
_CONSTANT = (*_PLAIN, tuple, frozenset, types.FunctionType, type, np.ndarray)


#: What of a class says what it does.
_MEMBER = (*_CONSTANT, staticmethod, classmethod, property)


_PACKAGE = __name__.partition(".")[0]


_IS_PYTHON_S = 1 << 9  # Py_TPFLAGS_HEAPTYPE: no type of C's, which may keep what nobody sees.


def describe_object(value):
    """A text that is the same in every process for estimators, metrics, ... that do the same.

    Parameters count, not what was fitted, but for estimators whose clones are fitted. Of what is
    not an installed package, classes and functions count by their code, and that of the functions
    and constants that they name.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
        Each time another one if `value` cannot be described.
    """
    return _Description().of(value)


class _Description:
    """One description, in which each function and class is told once, then called by a number."""

    def __init__(self):
        self._told = {}

    def of(self, value, around=()):
        """The text of an object; `around` is what it belongs to and may refer to."""
        if any(value is other for other in around):
            return "around"
        within = (*around, value)
        if isinstance(value, (type, types.FunctionType)):
            return self._code(value)
        if isinstance(value, (*_PLAIN, nn.Module, Tensor)):
            return describe(value)
        if isinstance(value, (list, tuple)):
            return f"{_name(type(value))}{[self.of(item, within) for item in value]}"
        if isinstance(value, dict):
            items = [(self.of(key, within), self.of(item, within)) for key, item in value.items()]
            return f"{_name(type(value))}{items}"
        if isinstance(value, np.ndarray):
            return self.of(value.tolist(), within) if value.dtype == object else describe(value)
        if sparse.issparse(value) or hasattr(value, "to_numpy"):
            return joblib.hash(value, hash_name="sha1")
        return self._object(value, within)

    def _object(self, value, within):
        if isinstance(value, TokenCache):
            return "TokenCache"  # Where tokens are kept changes none.
        if isinstance(value, np.random.RandomState):
            return self.of(value.get_state(), within)
        if isinstance(value, rv_frozen):  # Of a randomised search; it has numpy's generator.
            return self.of((value.dist.name, value.args, value.kwds), within)
        if isinstance(value, functools.partial):
            return f"partial{self.of((value.func, value.args, value.keywords), within)}"
        if isinstance(value, types.MethodType):
            return f"method{self.of((value.__func__, value.__self__), within)}"
        if isinstance(value, (staticmethod, classmethod)):
            return f"{type(value).__name__}{self.of(value.__func__, within)}"
        if isinstance(value, property):
            return f"property{self.of((value.fget, value.fset), within)}"
        if hasattr(value, "get_params") and not any(map(_keeps_state, within)):
            params = value.get_params(deep=False)
            attributes = {name: params[name] for name in sorted(params) if name not in _IRRELEVANT}
        elif all(kind.__flags__ & _IS_PYTHON_S for kind in type(value).__mro__[:-1]):
            if any(vars(kind).get("__slots__") for kind in type(value).__mro__):
                return secrets.token_hex(16)
            attributes = getattr(value, "__dict__", {})
        elif hasattr(value, "__dict__") and not isinstance(value, np.ufunc):
            return secrets.token_hex(16)
        else:
            return describe(value)
        return f"{self._code(type(value))}{self.of(attributes, within)}"

    def _code(self, value):
        """The text of a class or function."""
        if value in self._told:
            return f"#{self._told[value]}"
        self._told[value] = len(self._told)
        return self._class(value) if isinstance(value, type) else self._function(value)

    def _class(self, kind):
        if _is_installed(kind.__module__):
            return _name(kind)
        # scikit-learn wraps methods that are not always there.
        members = {key: getattr(value, "fn", value) for key, value in vars(kind).items()}
        told = [
            (key, self.of(value))
            for key, value in sorted(members.items())
            if isinstance(value, _MEMBER) and (callable(value) or not key.startswith("__"))
        ]
        return f"{_name(kind)}{told}{[self._code(base) for base in kind.__bases__]}"

    def _function(self, function):
        name = f"{function.__module__}.{function.__qualname__}"
        if _is_installed(function.__globals__["__name__"]) and not function.__closure__:
            return f"{name} {_version(function.__module__)}"
        names = _names(function.__code__)
        held = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        parts = function.__defaults__, function.__kwdefaults__, held, vars(function)
        named = list(_constants(function.__globals__, names))
        return f"{name}{describe(function.__code__)}{self.of(parts)}{self.of(named)}"


def _constants(space, names):
    """Names and values of what a function's code names, in the modules of one's own too."""
    for name in names:
        value = space.get(name, ...)
        if isinstance(value, _CONSTANT):
            yield name, value
        elif isinstance(value, types.ModuleType) and not _is_installed(value.__name__):
            for member in names:
                if isinstance(vars(value).get(member, ...), _CONSTANT):
                    yield f"{name}.{member}", vars(value)[member]


def _names(code):
    """What code names, and the code of functions inside of it."""
    inner = (part for part in code.co_consts if isinstance(part, types.CodeType))
    return sorted({*code.co_names, *(name for part in inner for name in _names(part))})


def _is_filled(cell):
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _keeps_state(value):
    """Whether clones are fitted, as of FrozenEstimator."""
    own = getattr(type(value), "__sklearn_clone__", BaseEstimator.__sklearn_clone__)
    return own is not BaseEstimator.__sklearn_clone__


def _name(kind):
    return f"{kind.__module__}.{kind.__qualname__} {_version(kind.__module__)}"


def _version(module):
    return getattr(sys.modules.get(module.partition(".")[0]), "__version__", "")


def _is_installed(module):
    """Whether a version stands for a module's code; this package's sources are in each key."""
    package = module.partition(".")[0]
    if package in sys.stdlib_module_names or package == _PACKAGE:
        return True
    file = getattr(sys.modules.get(package), "__file__", None) or ""
    return bool({"site-packages", "dist-packages"} & set(Path(file).parts))
