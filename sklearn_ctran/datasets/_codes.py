"""Tables of labels that are written in other codes than 1, 0 and NaN."""

from typing import Any

import numpy as np
from scipy import sparse

from sklearn_ctran._labels.forms import check_kind
from sklearn_ctran._labels.states import as_table, is_missing
from sklearn_ctran._utils.frames import like, plain
from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.typing import DataFrame, Labels


def read_codes(
    y: Labels, positive: Any = 1, negative: Any = -1, unknown: Any = 0
) -> np.ndarray | DataFrame:
    """Turn a table of label codes into 1 (present), 0 (absent) and NaN (unknown).

    ``fit`` reads -1 as unknown, but many data sets use -1 for absent. The defaults are the codes
    of Pascal VOC's files: 1 present, -1 absent, 0 difficult.

    Parameters
    ----------
    y : array-like or DataFrame of shape (n_samples, n_labels), or one column
        Codes: numbers or texts. Empty entries (NaN, None, masked) are unknown, unless `positive` or
        `negative` lists them.
    positive, negative, unknown : code, or list, tuple or set of codes
        What stands for present, absent and unknown. The number 1 and the text "1" differ.

    Returns
    -------
    y : ndarray, DataFrame or Series of the shape of the argument, float64
        1.0, 0.0 and NaN. Data frames and series keep their index and their columns.

    Raises
    ------
    ValueError
        If an entry has another code, with its row and column, or one code has two meanings.
    TypeError
        If `y` is sparse.

    Examples
    --------
    Pascal VOC:

    >>> from sklearn_ctran.datasets import read_codes
    >>> read_codes([[1, -1, 0], [-1, -1, 1]])
    array([[ 1.,  0., nan],
           [ 0.,  0.,  1.]])

    CheXpert has 1 positive, 0 negative, -1 uncertain and blanks where a report does not mention the
    label. Blanks are unknown, or are taken for absent:

    >>> nan = float("nan")
    >>> read_codes([[1, 0], [-1, nan]], negative=0, unknown=-1)
    array([[ 1.,  0.],
           [nan, nan]])
    >>> read_codes([[1, 0], [-1, nan]], negative=[0, nan], unknown=-1)
    array([[ 1.,  0.],
           [nan,  0.]])

    Only positives are annotated, and the rest is taken for absent. The guide to losses, weights and
    tables of ticks says what that costs where it is wrong:

    >>> read_codes([[1, nan], [nan, 1]], negative=nan)
    array([[1., 0.],
           [0., 1.]])
    """
    if sparse.issparse(y):
        raise TypeError(
            "y is sparse: whether an absent entry means 0 is not clear. Pass y.toarray()."
        )
    table = as_table(y)
    check_kind(table, "y")
    meanings = code_meanings(positive, negative, unknown)
    values = np.asarray(table, dtype=object)
    if values.ndim not in (1, 2):
        raise ValueError(f"y must be a table or a column of codes, got {values.ndim} dimensions.")
    states = np.empty(values.shape)
    for place, value in np.ndenumerate(values):
        code = None if is_missing(value) else value
        try:
            states[place] = meanings[code]
        except (KeyError, TypeError):
            raise ValueError(_unknown_code(place, value, y, meanings)) from None
    return _as_given(states, y)


def code_meanings(positive, negative, unknown):
    """Return a dict from each code, None for what is empty, to 1, 0 or NaN."""
    meanings = {}
    for name, codes, meaning in (
        ("positive", positive, 1.0),
        ("negative", negative, 0.0),
        ("unknown", unknown, np.nan),
    ):
        is_one = isinstance(codes, (str, bytes)) or not hasattr(codes, "__iter__")
        for code in [codes] if is_one else codes:
            code = None if is_missing(code) else code
            if code in meanings:
                raise ValueError(f"The code {code!r} has two meanings, one of them {name!r}.")
            meanings[code] = meaning
    meanings.setdefault(None, np.nan)
    return meanings


def _unknown_code(place, value, y, meanings):
    """Say where a code stands that has no meaning."""
    where = f"row {place[0]}"
    if len(place) == 2:
        table = plain(y)
        names = as_names(table.columns) if hasattr(table, "columns") else range(place[1] + 1)
        where += f", label {names[place[1]]!r}"
    known = ", ".join(repr(code) for code in meanings if code is not None)
    return (
        f"y, {where}, holds {value!r}, but the codes are {known}. Name all codes: positive=..., "
        "negative=..., unknown=... (each a code or a list of codes)."
    )


def _as_given(states, y):
    if hasattr(y, "to_frame") and hasattr(y, "index"):
        return type(y)(states, index=y.index, name=y.name)
    return like(y, states)
