"""load_image_folder: Hugging Face's tables beside images, or folders that are labels."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sklearn.utils import Bunch

from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._tags.bunch import Fixes, make_bunch
from sklearn_ctran.datasets._tags.columns import Columns, read_columns
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import Form, check_choice, read_entries, states_of_tags
from sklearn_ctran.datasets._tags.image_folder import ImageFolder, folder_or

#: Names of the tables.
TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")

#: The column of paths.
PATH = "file_name"

#: Names of folders that are parts, with those that Hugging Face gives them.
_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}


def load_image_folder(
    folder: FilePath,
    *,
    column: str | None = None,
    sep: str | None = None,
    label_columns: Sequence[str] | None = None,
    missing: Literal["negative", "unknown"] | None = None,
    blank: Literal["negative", "unknown"] | None = None,
    extra_columns: Sequence[str] | None = None,
    on_missing_file: Literal["raise", "skip", "keep"] = "raise",
    unlisted: Literal["ignore", "unknown"] = "ignore",
    duplicates: Literal["raise", "merge", "first"] = "raise",
) -> Bunch:
    """Images and labels from a folder as ``ImageFolder`` of Hugging Face's ``datasets`` has it.

    Labels are in ``metadata.csv``, ``metadata.jsonl`` or ``metadata.parquet``, in the folder or in
    folders in it, whose column ``file_name`` is relative to the table. Without a table the folder
    of an image is its only label; images outside of such folders have unknown labels.

    Folders called "train", "validation" or "test" at the top, or alike, are parts.

    Parameters
    ----------
    folder : path-like
        The folder.
    column, sep, label_columns, missing, blank, extra_columns : default=None
        How the table writes labels, as in :func:`load_tags`.
    on_missing_file, unlisted, duplicates : str
        What to do about what is wrong, as in :func:`load_tags`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. ``split`` has "train", "validation" and "test", or is None without
        such folders.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or an image is not there.
    ValueError
        If a table is broken, several tables have different columns, or there is neither a table nor
        a folder of a label.

    See Also
    --------
    save_image_folder : The reverse.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_image_folder
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = pathlib.Path(name, "train")
    ...     folder.mkdir()
    ...     (folder / "a.jpg").touch()
    ...     line = '{"file_name": "a.jpg", "tags": ["cat", "sun"]}'
    ...     _ = (folder / "metadata.jsonl").write_text(line)
    ...     data = load_image_folder(name, missing="negative")
    >>> data.target
                 cat  sun
    train/a.jpg  1.0  1.0
    >>> data.split
    array(['train'], dtype=object)
    """
    check_choice("missing", missing, [None, "negative", "unknown"])
    root = folder_or(folder, "", "folder")
    tables = _tables(root)
    if tables:
        form = Form(
            path_column=PATH,
            column=column,
            sep=sep,
            label_columns=label_columns,
            extra_columns=extra_columns,
            missing=missing,
            blank=blank,
        )
        entries = read_entries(_joined(tables, root), form)
    else:
        entries = _of_folders(root)
    split = [_part(path) for path in entries.paths]
    entries.split = split if any(split) else None
    entries.index_name = None
    fixes = Fixes(on_missing_file=on_missing_file, unlisted=unlisted, duplicates=duplicates)
    return make_bunch(entries, root, fixes, look=bool(tables))


def _tables(root):
    """The tables in a folder and the folders in it, sorted."""
    found = [
        Path(folder, name) for folder, _, names in os.walk(root) for name in names if name in TABLES
    ]
    folders = [path.parent for path in found]
    twice = [folder for folder in folders if folders.count(folder) > 1]
    if twice:
        raise ValueError(f"{twice[0]} has several tables of metadata: keep one of them.")
    return sorted(found)


def _joined(tables, root):
    """The Columns of all tables, with paths relative to the root."""
    parts = [read_columns(path) for path in tables]
    names = parts[0].names
    values = {name: [] for name in names}
    places = []
    for path, part in zip(tables, parts, strict=True):
        if set(part.names) != set(names) or PATH not in part.names:
            odd = sorted({PATH} - set(part.names) or set(part.names) ^ set(names))
            raise ValueError(
                f"{path} must have a column {PATH!r}, and the columns of all other tables; see "
                f"{', '.join(odd)}."
            )
        inner = os.path.relpath(path.parent, root).replace(os.sep, "/")
        start = "" if inner == "." else f"{inner}/"
        for name in names:
            column = part[name] if name != PATH else part.texts(name)
            if name == PATH:
                column = [cell and start + cell for cell in column]
            values[name] += list(column)
        places += [(part, row) for row in range(len(part))]
    source = tables[0].name if len(tables) == 1 else f"{len(tables)} tables"
    return _Joined(values, source, parts, places)


class _Joined(Columns):
    """The columns of several tables, one below the other."""

    def __init__(self, values, source, parts, places):
        super().__init__(values, source, is_text=all(part.is_text for part in parts))
        self._places = places

    def place(self, row):
        """Where a row is, for errors."""
        part, inner = self._places[row]
        return part.place(inner)


def _part(path):
    """The part that the first folder of a path stands for; None if it is none."""
    first, _, rest = (path or "").partition("/")
    return _SPLITS.get(first.lower()) if rest else None


def _of_folders(root):
    """Entries of images whose folders are their labels."""
    paths = ImageFolder(root).images()
    folders = [path.split("/")[1 if _part(path) else 0 : -1][:1] for path in paths]
    if not any(folders):
        raise ValueError(
            f"{root!r} has no table, {', '.join(TABLES)}, and no images in folders that could be "
            "labels."
        )
    states, names = states_of_tags([found or None for found in folders], "negative", "unknown")
    return Entries(
        source=os.path.basename(os.path.abspath(root)),
        paths=paths,
        place=lambda row: paths[row],
        states=states,
        names=names,
        form="folders as labels",
    )
