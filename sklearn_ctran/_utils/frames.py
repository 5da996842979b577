"""Results as tables."""


def to_frame(data, **axes):
    """A pandas DataFrame, if pandas is installed.

    Parameters
    ----------
    data : dict or ndarray
    **axes : array-like
        ``index`` and ``columns``.

    Returns
    -------
    frame : pandas.DataFrame

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_frame needs pandas, which is not installed: pip install 'sklearn-ctran[pandas]'. "
            "What is in the table is in this object's attributes too."
        ) from error
    return pd.DataFrame(data, **axes)
