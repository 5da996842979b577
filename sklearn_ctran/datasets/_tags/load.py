"""load_tags: images and labels from a table of tags."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sklearn.utils import Bunch

from sklearn_ctran._utils.typing import DataFrame, FilePath
from sklearn_ctran.datasets._tags.bunch import Fixes, make_bunch
from sklearn_ctran.datasets._tags.columns import read_columns
from sklearn_ctran.datasets._tags.forms import Form, read_entries
from sklearn_ctran.datasets._tags.image_folder import folder_or


def load_tags(
    table: FilePath | DataFrame,
    *,
    images: FilePath | None = None,
    path_column: str | None = None,
    column: str | None = None,
    sep: str | None = None,
    label_columns: Sequence[str] | None = None,
    missing: Literal["negative", "unknown"] | None = None,
    blank: Literal["negative", "unknown"] | None = None,
    extra_columns: Sequence[str] | None = None,
    split_column: str | None = None,
    positive: Any = 1,
    negative: Any = 0,
    unknown: Any = -1,
    suffix: str = "",
    on_missing_file: Literal["raise", "skip", "keep"] = "raise",
    unlisted: Literal["ignore", "unknown"] = "ignore",
    duplicates: Literal["raise", "merge", "first"] = "raise",
    merge_spellings: bool = False,
    rename: Mapping[str, str | None] | None = None,
    min_count: int = 0,
    encoding: str | None = None,
    delimiter: str | None = None,
    return_X_y: bool = False,
) -> Bunch | tuple[list[str], DataFrame]:
    """Images and labels from a table of tags: a file of CSV or Parquet, or a data frame.

    A row is an image. Its labels are in one column of tags, as a list or a text with separators,
    or in a column of 0 and 1 for each label. What is wrong in the table is told in ``summary``, and
    put right by an argument. Images are not opened.

    It needs ``pip install "sklearn-ctran[tables]"``, and ``[parquet]`` for Parquet files.

    Parameters
    ----------
    table : path-like or DataFrame
        A file of CSV (``.csv``, ``.txt``, ``.tsv``, ``.tab``), Parquet (``.parquet``, ``.pq``) or
        JSON Lines (``.jsonl``, ``.ndjson``); or a frame of pandas, polars or pyarrow. The index of
        a frame of pandas is a column of paths if it has no other.
    images : path-like, default=None
        The folder to which paths are relative. None: the folder of the table, the current one of a
        frame.
    path_column : str, default=None
        The column of paths. None: the one that is called "path", "file", "filename", "image" or
        alike, or has names of image files.
    column : str, default=None
        The column of tags. None: the one that is called "tags", "labels", "keywords" or alike, or
        the only one beside the paths, unless its cells are 0 and 1.
    sep : str, default=None
        What separates the tags of a text; spaces around tags do not count. A tag in quotes may have
        the separator in it. None: the one of ``; | ,``, tab and line break that is in the column.
    label_columns : list of str, default=None
        The columns of labels. None: all other columns, if they hold 0 and 1 only. []: no labels.
    missing : {"negative", "unknown"}, default=None
        What of a tag that a row does not list: the image has it not, or nobody looked. There is no
        default for a column of tags. For label columns it says what of an empty cell, and None is
        "unknown".
    blank : {"negative", "unknown"}, default=None
        The same for all tags of a row whose cell is empty; a list of nothing is no empty cell.
        None: as `missing`.
    extra_columns : list of str, default=None
        Columns of extra labels: of 0 and 1, or of texts, of which each value becomes a label, such
        as "city=Rome".
    split_column : str, default=None
        The column that says of which part a row is, such as "train".
    positive, negative, unknown : code, or list of codes, default=1, 0, -1
        What the cells of label columns and of extra columns mean, as in :func:`read_codes`.
        Booleans are 1 and 0, and numbers are the same as texts, 1 and "1".
    suffix : str, default=""
        What is added to each path, such as ".jpg".
    on_missing_file : {"raise", "skip", "keep"}, default="raise"
        What to do with rows without a file. "keep" is for files that are elsewhere.
    unlisted : {"ignore", "unknown"}, default="ignore"
        What to do with images in the folder `images`, and in folders in it, that have no row:
        nothing, or take them in with all labels unknown.
    duplicates : {"raise", "merge", "first"}, default="raise"
        What to do with rows of one path. "merge" unites their tags, so that a table may have a row
        for each tag. Where label columns say 1 and 0, the label is unknown. Files with the same
        content are found by :func:`~sklearn_ctran.inspection.diagnose`.
    merge_spellings : bool, default=False
        Make one label of those that differ in capital letters, spaces, "_" and "-" only, under the
        most frequent name.
    rename : dict of str to str or None, default=None
        New names of labels, before spellings are looked at. Labels of one name become one; None
        leaves a label out.
    min_count : int, default=0
        Labels with fewer positives are left out.
    encoding : str, default=None
        How a CSV file is encoded. None: UTF-8, or UTF-16 if the file begins with its mark.
    delimiter : str, default=None
        What separates the cells of a CSV file. None: the one of ``, ; |`` and tab of which the
        header has most.
    return_X_y : bool, default=False
        Return ``(images, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        images : list of str
            Paths of the files, for `X` of any method.
        target : pandas.DataFrame of shape (n_images, n_labels), float32
            1.0, 0.0, and NaN where unknown. Its index has the paths as the table has them, its
            columns the labels: those of tags sorted, label columns in their order.
        target_names : ndarray of shape (n_labels,), object
            The labels, which are texts.
        counts : pandas.DataFrame
            A row for each label, with the columns "positive", "negative" and "unknown".
        extra, extra_names : DataFrame and ndarray, or None
            The extra labels, in the same forms.
        groups : dict or None
            Extra columns of texts, each with the labels that it became, for ``label_groups``.
        split : ndarray of shape (n_images,), object, or None
            The cells of `split_column`.
        summary : TagSummary
            What was found. ``print`` it; its attributes are lists of what it says in words.
        DESCR : str
            What the data set is.

    Raises
    ------
    FileNotFoundError
        If there is no such table or folder, or a row has no file.
    ValueError
        If the table is broken, if it is not clear which columns are what, or if an argument is
        needed to say what the table means. The message names the line and the argument.
    TypeError
        If `table` is no table.
    ImportError
        If a package for tables is not installed.

    See Also
    --------
    load_shards : Images in tar files.
    read_codes : Arrays of codes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_tags
    >>> folder = tempfile.TemporaryDirectory()
    >>> for name in ("a.jpg", "b.jpg", "c.jpg"):
    ...     pathlib.Path(folder.name, name).touch()
    >>> table = pathlib.Path(folder.name, "tags.csv")
    >>> text = "file,tags\\na.jpg,beach; Sunset\\nb.jpg,sunset\\nc.jpg,\\n"
    >>> _ = table.write_text(text, encoding="utf-8")
    >>> data = load_tags(table, missing="negative", blank="unknown", merge_spellings=True)
    >>> data.target.reset_index()
        file  Sunset  beach
    0  a.jpg     1.0    1.0
    1  b.jpg     1.0    0.0
    2  c.jpg     NaN    NaN
    >>> print(data.summary)
    tags.csv: 3 rows, column 'tags', separated by ';'
    3 images, 2 labels: 3 positive, 1 negative and 2 unknown entries
    1 label ('Sunset = sunset') in several spellings: made one
    1 image ('c.jpg') without any known label
    >>> folder.cleanup()
    """
    columns = read_columns(table, encoding, delimiter)
    form = Form(
        path_column=path_column,
        column=column,
        sep=sep,
        label_columns=label_columns,
        extra_columns=extra_columns,
        split_column=split_column,
        missing=missing,
        blank=blank,
        positive=positive,
        negative=negative,
        unknown=unknown,
    )
    fixes = Fixes(
        suffix=suffix,
        on_missing_file=on_missing_file,
        unlisted=unlisted,
        duplicates=duplicates,
        merge_spellings=merge_spellings,
        rename=rename,
        min_count=min_count,
    )
    folder = folder_or(images, columns.folder)
    data = make_bunch(read_entries(columns, form), folder, fixes, look=images is not None)
    return (data.images, data.target) if return_X_y else data
