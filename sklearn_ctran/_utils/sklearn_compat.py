"""Private functions of scikit-learn, with types, or a substitute for versions that lack them."""

from collections.abc import Callable

import sklearn
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils._param_validation import validate_params as _validate_params

from sklearn_ctran._utils.typing import Function

try:
    from sklearn.utils._set_output import _get_output_config
except ImportError:
    _get_output_config = None

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: there are no callbacks."""


# scikit-learn has no types; without these, type checkers would not know the decorated functions.
fit_context: Callable[..., Callable[[Function], Function]] = _fit_context
validate_params: Callable[..., Callable[[Function], Function]] = _validate_params


class WholeNumber(Interval):
    """What scikit-learn validates a number by where True would not mean 1 to its user."""

    def is_satisfied_by(self, val):
        """Whether it is in the interval, and no boolean."""
        return not isinstance(val, bool) and super().is_satisfied_by(val)


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
