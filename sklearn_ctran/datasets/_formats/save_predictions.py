"""save_predictions: probabilities, or the tags that they come to, as CSV or Parquet files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.typing import DataFrame, FilePath
from sklearn_ctran.datasets._formats.csv_lines import csv_lines, csv_text
from sklearn_ctran.datasets._formats.probabilities import read_probabilities, read_thresholds
from sklearn_ctran.datasets._tags.columns import PARQUET
from sklearn_ctran.datasets._tags.forms import check_choice

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def save_predictions(
    file: FilePath,
    proba: DataFrame,
    *,
    images: Sequence[FilePath] | None = None,
    form: Literal["probabilities", "tags"] = "probabilities",
    thresholds: float | Mapping[str, float] | ArrayLike = 0.5,
    top: int | None = None,
    sep: str = ";",
    relative_to: FilePath | None = None,
    path_column: str = "path",
    tags_column: str = "tags",
    digits: int = 6,
) -> None:
    """Write predictions as a table, a CSV or Parquet file with a row for each image.

    The file is written completely or not at all.

    Parameters
    ----------
    file : path-like
        The file to write: ``.csv``, ``.tsv``, ``.parquet`` or ``.pq``. Texts are UTF-8.
    proba : DataFrame of shape (n_images, n_labels)
        Probabilities, with the labels as columns, as of ``predict_proba_frame``.
    images : sequence of path-like, default=None
        The images. None: the index of `proba`.
    form : {"probabilities", "tags"}, default="probabilities"
        A column of probabilities for each label; or one column of tags, the most probable first.
    thresholds : float, dict or array-like of shape (n_labels,), default=0.5
        Tags are the labels with greater probabilities. A dict has some labels, 0.5 for others.
    top : int, default=None
        How many tags an image has at most. ``thresholds=0`` gives just as many.
    sep : str, default=";"
        What separates tags in a CSV file, one character. Tags that have it in them are put in
        quotes, which :func:`load_tags` reads. In a Parquet file tags are a list.
    relative_to : path-like, default=None
        Write paths relative to this folder, with "/", instead of as they are.
    path_column, tags_column : str, default="path", "tags"
        Names of the columns.
    digits : int, default=6
        Significant digits of probabilities in a CSV file. Parquet files have all.

    Raises
    ------
    ValueError
        If an argument does not fit, or a label has the name of the column of paths.
    TypeError
        If `proba` is no frame.
    ImportError
        If pyarrow is not installed, for a Parquet file.

    Notes
    -----
    Names are written as they are. A spreadsheet program may take one that begins with ``=``, ``+``,
    ``-`` or ``@`` for a formula: import columns as texts if you do not know who chose the names.

    Images that could not be read have empty cells.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from sklearn_ctran.datasets import save_predictions
    >>> proba = pd.DataFrame({"cat": [0.9, 0.2], "sun": [0.7, 0.1]}, index=["a.jpg", "b.jpg"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "predictions.csv")
    ...     save_predictions(file, proba)
    ...     print(file.read_text())
    ...     save_predictions(file, proba, form="tags", top=2)
    ...     print(file.read_text())
    path,cat,sun
    a.jpg,0.9,0.7
    b.jpg,0.2,0.1
    <BLANKLINE>
    path,tags
    a.jpg,cat;sun
    b.jpg,
    <BLANKLINE>
    """
    path = Path(file)
    suffix = path.suffix.lower()
    if suffix not in (*_DELIMITERS, *PARQUET):
        raise ValueError(f"{path}: predictions are written as {', '.join(_DELIMITERS)} or Parquet.")
    check_choice("form", form, ["probabilities", "tags"])
    check_count("digits", digits)
    predicted = read_probabilities(proba, images, relative_to)
    paths = predicted.paths
    if form == "tags":
        tags = _tags(predicted, read_thresholds(thresholds, predicted.names), top)
        columns = {path_column: paths, tags_column: tags}
    else:
        columns = {path_column: paths} | dict(zip(predicted.names, predicted.values.T, strict=True))
    n_columns = 2 if form == "tags" else 1 + len(predicted.names)
    if len(columns) < n_columns:
        raise ValueError(
            f"Two columns would have one name, such as {path_column!r}: name the columns of paths "
            "and tags otherwise, path_column='...' and tags_column='...'."
        )
    if suffix in PARQUET:
        _write_parquet(path, columns)
        return
    if form == "tags":
        columns[tags_column] = [_joined(each, sep) for each in tags]
    else:
        columns |= {name: _numbers(columns[name], digits) for name in predicted.names}
    rows = [columns, *zip(*columns.values(), strict=True)]
    with replacing(path) as unfinished:
        text = csv_text(rows, _DELIMITERS[suffix])
        unfinished.write_text(text, encoding="utf-8", newline="")


def _tags(predicted, thresholds, top):
    """The tags of each image, a list of lists, the most probable first."""
    if top is not None:
        check_count("top", top)
    # Comparisons with NaN are False: such images have no tags.
    is_tag = predicted.values > thresholds
    order = np.argsort(-predicted.values, axis=1, kind="stable")
    names = np.array(predicted.names, dtype=object)
    rows = zip(order, is_tag, strict=True)
    return [names[ranked[chosen[ranked]]][:top].tolist() for ranked, chosen in rows]


def _joined(tags, sep):
    """Tags as one text, in quotes where they have the separator or quotes in them."""
    if not isinstance(sep, str) or len(sep) != 1 or sep in '"\r\n':
        raise ValueError(f"sep must be one character, no quote or line break, got {sep!r}.")
    return next(csv_lines([tags], sep)) if tags else ""


def _numbers(values, digits):
    return ["" if value != value else f"{value:.{digits}g}" for value in values.tolist()]


def _write_parquet(path, columns):
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(
            "Parquet files need pyarrow: pip install 'sklearn-ctran[parquet]'."
        ) from error
    with replacing(path) as unfinished:
        parquet.write_table(pyarrow.table(columns), unfinished)
