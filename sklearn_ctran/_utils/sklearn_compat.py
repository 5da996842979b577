"""Private functions of scikit-learn, with types, or a substitute for versions that lack them."""

from collections.abc import Callable

import sklearn
from sklearn.base import _fit_context
from sklearn.utils._param_validation import validate_params as _validate_params

from sklearn_ctran._utils.typing import Function

try:
    from sklearn.utils._set_output import _get_output_config
except ImportError:
    _get_output_config = None

# scikit-learn has no types; without these, type checkers would not know the decorated functions.
fit_context: Callable[..., Callable[[Function], Function]] = _fit_context
validate_params: Callable[..., Callable[[Function], Function]] = _validate_params


def output_container(estimator):
    """The container that `estimator.transform` shall return: "default", "pandas" or "polars".

    It is set by the estimator's ``set_output``, else by ``sklearn.set_config``.
    """
    if _get_output_config is None:
        return _output_container(estimator)
    return _get_output_config("transform", estimator)["dense"]


def _output_container(estimator):
    # What set_output leaves on an estimator.
    own = getattr(estimator, "_sklearn_output_config", {})
    return own.get("transform", sklearn.get_config()["transform_output"])
