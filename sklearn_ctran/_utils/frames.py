"""Results as data frames of pandas, which need not be installed."""


def import_pandas():
    """The module pandas; raises ImportError if it is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "A data frame needs pandas, which is not installed: pip install "
            "'sklearn-ctran[pandas]'. The same numbers are in the attributes of this object."
        ) from error
    return pandas


def to_frame(data, **axes):
    """Make a data frame of a dict or array, with ``index`` and ``columns``.

    Raises ImportError if pandas is not installed.
    """
    return import_pandas().DataFrame(data, **axes)
