"""save_image_folder: labels beside the images of a folder, as Hugging Face reads them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.typing import DataFrame, FilePath
from sklearn_ctran.datasets._formats.csv_lines import csv_text
from sklearn_ctran.datasets._formats.load_image_folder import PATH
from sklearn_ctran.datasets._formats.paths import inside
from sklearn_ctran.datasets._formats.targets import read_target
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.datasets._tags.image_folder import folder_or
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


def save_image_folder(
    folder: FilePath,
    target: DataFrame,
    *,
    images: Sequence[FilePath] | None = None,
    table: Literal["metadata.csv", "metadata.jsonl"] = "metadata.jsonl",
    form: Literal["tags", "columns"] = "columns",
) -> None:
    """Write labels beside the images of a folder, as Hugging Face's ``ImageFolder`` reads them.

    The table has a row for each image, with its path as ``file_name``. It is written completely or
    not at all.

    Parameters
    ----------
    folder : path-like
        The folder in which the images are.
    target : DataFrame of shape (n_images, n_labels)
        1, 0, and NaN or -1 where unknown, with the labels as columns.
    images : sequence of path-like, default=None
        The images, relative to `folder`, or to the current folder if they are there. None: the
        index of `target`.
    table : {"metadata.csv", "metadata.jsonl"}, default="metadata.jsonl"
        The file to write in the folder.
    form : {"columns", "tags"}, default="columns"
        A column of 1, 0 and null for each label; or a column "tags" with a list of the positive
        ones, null if none is known. Tags do not tell absent from unknown labels.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If an image is not in the folder, or a label is called "file_name".

    See Also
    --------
    load_image_folder : The reverse.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from sklearn_ctran.datasets import save_image_folder
    >>> target = pd.DataFrame({"cat": [1, 0], "sun": [None, 1]}, index=["a.jpg", "b.jpg"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_image_folder(folder, target)
    ...     print(pathlib.Path(folder, "metadata.jsonl").read_text())
    {"file_name": "a.jpg", "cat": 1, "sun": null}
    {"file_name": "b.jpg", "cat": 0, "sun": 1}
    <BLANKLINE>
    """
    check_choice("table", table, ["metadata.csv", "metadata.jsonl"])
    check_choice("form", form, ["columns", "tags"])
    root = folder_or(folder, "", "folder")
    labels = read_target(target, images)
    taken = PATH if form == "columns" else None
    if taken in labels.names:
        raise ValueError(f"A label is called {PATH!r}, as the column of paths is.")
    content = _tags if form == "tags" else _cells
    rows = [
        {PATH: inside(_place(path, root), root, "folder")} | content(states, labels.names)
        for path, states in zip(labels.paths, labels.states, strict=True)
    ]
    write = _csv if table == "metadata.csv" else _json_lines
    with replacing(Path(root, table)) as unfinished:
        unfinished.write_text(write(rows), encoding="utf-8", newline="")


def _place(path, root):
    """The path of an image, which is in the folder `root`, or in the current one if it is there."""
    inner = os.path.join(root, path)
    return path if os.path.exists(path) and not os.path.exists(inner) else inner


def _cells(states, names):
    """A cell for each label: 1, 0 or None."""
    cells = [None if state == UNKNOWN else state for state in states.tolist()]
    return dict(zip(names, cells, strict=True))


def _tags(states, names):
    """The positive labels; None if no label is known."""
    if (states == UNKNOWN).all():
        return {"tags": None}
    return {"tags": [names[column] for column in np.flatnonzero(states == POSITIVE)]}


def _json_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _csv(rows):
    cells = [
        [
            json.dumps(cell, ensure_ascii=False) if isinstance(cell, list) else cell
            for cell in row.values()
        ]
        for row in rows
    ]
    return csv_text([rows[0] if rows else [PATH], *cells])
