"""Private functions of scikit-learn, each with a substitute for versions that lack it."""

import sklearn

try:
    from sklearn.utils._set_output import _get_output_config
except ImportError:
    _get_output_config = None


def output_container(estimator):
    """The container that `estimator.transform` shall return.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    container : {"default", "pandas", "polars"}
        Set by the estimator's ``set_output``, else by ``sklearn.set_config``.
    """
    if _get_output_config is None:
        return _output_container(estimator)
    return _get_output_config("transform", estimator)["dense"]


def _output_container(estimator):
    # What set_output leaves on an estimator.
    own = getattr(estimator, "_sklearn_output_config", {})
    return own.get("transform", sklearn.get_config()["transform_output"])
