"""load_open_images: image-level labels that people and machines have given."""

import os
from collections.abc import Collection, Iterable, Sequence
from numbers import Real
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.download import Download
from sklearn_ctran.datasets._published.lists import read_lines
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._published.open_images_rows import (
    choose_labels,
    number_of,
    read_answers,
    read_classes,
    unique_names,
)
from sklearn_ctran.datasets._published.open_images_table import Table, check_size
from sklearn_ctran.datasets._tags.forms import check_choice

_SITE = "https://storage.googleapis.com/openimages"

_ABOUT = About(
    title="Open Images",
    text=f"""Open Images: photos of Flickr, and labels that people and machines have given them.

Kuznetsova et al., "The Open Images Dataset V4" (IJCV 2020); later versions have more labels. At
{_SITE}/web/index.html; annotations are of Google LLC under CC BY 4.0. Only some labels of each
photo were looked for; all others are unknown.""",
    counts={"train": 0, "validation": 41_620, "test": 125_436},
    n_labels=0,
)

#: Subset -> how it is called in files of version 7.
_SHORT = {"train": "train", "validation": "val", "test": "test"}

_WHERE = f"at {_SITE}/web/download_v7.html (CC BY 4.0)"


def load_open_images(
    data_home: FilePath | None = None,
    *,
    subsets: Sequence[Literal["train", "validation", "test"]] = ("train", "validation", "test"),
    labels: Sequence[str] | None = None,
    min_positive: int = 1,
    machine: float | None = None,
    photos: FilePath | Sequence[str] | None = None,
    names: Literal["display", "code"] = "display",
    images: str = "{subset}/{photo}.jpg",
    download: bool = False,
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """Image-level labels of Open Images: what people have said is there or is not, else unknown.

    Files are read in blocks of a million rows. What is returned has a row for each photo that has
    one of the labels, so choose labels, subsets or photos: all of them are a table of 20,000
    columns.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. This set is in ``OpenImages``: ``oidv7-class-descriptions.csv``
        and, for each subset, ``oidv7-train-annotations-human-imagelabels.csv``. Files of older
        versions, such as ``train-annotations-human-imagelabels.csv``, are read too.
    subsets : sequence of {"train", "validation", "test"}, default=all of them
        Which are read.
    labels : sequence of str, default=None
        Which labels, by code ("/m/01yrx") or name ("Cat"). None: all.
    min_positive : int, default=1
        Labels that have fewer positive photos are left out.
    machine : float in (0, 1], default=None
        Labels to which a machine gave at least this confidence, and of which no person said
        anything, are positive. None: files of machines are not read.
    photos : path-like or sequence of str, default=None
        The only photos, such as those that you have: identifiers, with or without the subset
        ("train/000002b66c9c498e"), in a list or in a text file with one a line, as of the official
        downloader. None: all.
    names : {"display", "code"}, default="display"
        How labels are called. Of labels with one name, the code follows in brackets.
    images : str, default="{subset}/{photo}.jpg"
        Where each photo is, in ``OpenImages`` or anywhere.
    download : bool, default=False
        Whether files of annotations that are not there are downloaded, of version 7 (2.9 GB for
        people's labels; with pooch, ``pip install "sklearn-ctran[download]"``). Photos never are.
    check_counts : bool, default=True
        Whether the files of "validation" and "test" must have the published 41,620 and 125,436
        photos. There is no such number of "train".
    on_missing_file
        As of :func:`load_coco80`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. ``target`` has 1 and 0 where people (or machines) have answered,
        and NaN elsewhere, also where people disagree. Photos are in the order of the files.
        ``split`` is the subset. ``extra``, ``extra_names`` and ``groups`` are None.

    Raises
    ------
    FileNotFoundError
        If a file is not there; the message says what it is called and where it is published.
    ValueError
        If a file is broken, with the row; if a label or a photo is not there, or nothing is left.
    MemoryError
        If the table would take more memory than is free.
    ConnectionError
        If a download fails.

    References
    ----------
    Kuznetsova et al., "The Open Images Dataset V4", IJCV 2020.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_open_images
    >>> rows = [
    ...     "ImageID,Source,LabelName,Confidence",
    ...     "0001eeaf4aed83f9,verification,/m/01yrx,1",
    ...     "0001eeaf4aed83f9,verification,/m/0bt9lr,0",
    ...     "000595fe6fee6369,verification,/m/0bt9lr,1",
    ... ]
    >>> with tempfile.TemporaryDirectory() as home:
    ...     folder = pathlib.Path(home, "OpenImages")
    ...     folder.mkdir()
    ...     classes = "LabelName,DisplayName\\n/m/01yrx,Cat\\n/m/0bt9lr,Dog\\n"
    ...     _ = (folder / "oidv7-class-descriptions.csv").write_text(classes)
    ...     file = folder / "oidv7-val-annotations-human-imagelabels.csv"
    ...     _ = file.write_text("\\n".join(rows))
    ...     data = load_open_images(home, subsets=["validation"], check_counts=False)
    >>> data.target.reset_index(drop=True)
       Cat  Dog
    0  1.0  0.0
    1  NaN  1.0
    """
    _check(subsets, machine, images, check_counts)
    check_count("min_positive", min_positive, least=0)
    check_choice("names", names, ["display", "code"])
    folder = SetFolder(_ABOUT.title, "OpenImages", data_home, download)
    classes = read_classes(_find(folder, "class-descriptions", "class-descriptions"))
    chosen = list(classes) if labels is None else choose_labels(labels, classes)
    columns = {**dict.fromkeys(classes, -1), **{code: i for i, code in enumerate(chosen)}}
    asked = None if photos is None else _photos(photos)
    tables, found = {}, []
    for subset in subsets:
        path, *others = _paths(folder, subset, machine is not None)
        people = read_answers(path, columns, asked, is_human=True)
        if check_counts:
            _check_photos(people.n_photos, path, subset)
        answers = [read_answers(each, columns, asked, is_human=False) for each in others]
        found += [each.found for each in (people, *answers)]
        tables[subset] = Table(people, answers, machine, len(chosen))
    if asked is not None:
        _check_found(asked, found)
    kept = sum(table.n_positive for table in tables.values()) >= min_positive
    codes = [code for code, is_kept in zip(chosen, kept, strict=True) if is_kept]
    if not codes:
        raise ValueError(f"No label has {min_positive} positive photo(s) or more in {subsets}.")
    check_size(sum(len(table.photos) for table in tables.values()), len(codes))
    texts = codes if names == "code" else unique_names(codes, classes)
    parts = {subset: table.entries(subset, kept, texts, images) for subset, table in tables.items()}
    return build(
        _ABOUT, parts, folder, check_counts=False, on_missing_file=on_missing_file, begin=None
    )


def _check(subsets, machine, images, check_counts):
    """Raise ValueError or TypeError for arguments that cannot be."""
    is_list = isinstance(subsets, Collection) and not isinstance(subsets, str)
    if not is_list or not len(subsets) or len({*map(str, subsets)}) < len(subsets):
        raise TypeError(f"subsets must be a list of different subsets, got {subsets!r}.")
    for subset in subsets:
        check_choice("subsets", subset, list(_SHORT))
    is_number = isinstance(machine, Real) and not isinstance(machine, bool)
    if machine is not None and not (is_number and 0 < machine <= 1):
        raise ValueError(f"machine must be a confidence above 0, at most 1, got {machine!r}.")
    if not isinstance(images, str) or "{photo}" not in images:
        raise ValueError(f"images must be a path with '{{photo}}' in it, got {images!r}.")
    if not isinstance(check_counts, bool):
        raise TypeError(f"check_counts must be True or False, got {check_counts!r}.")


def _find(folder, newest, older):
    """The path of a file of version 7, or of the names that it had in older versions."""
    name = f"oidv7-{newest}.csv"
    official = OfficialFile(name, _WHERE, Download(f"{_SITE}/v7/{name}"))
    others = [OfficialFile(f"{begin}{older}.csv", _WHERE) for begin in ("oidv6-", "")]
    there = [file for file in (official, *others) if folder.has(file)]
    return folder.find(there[0] if there else official)


def _paths(folder, subset, with_machine):
    kinds = ("human", "machine") if with_machine else ("human",)
    return [
        _find(
            folder,
            f"{_SHORT[subset]}-annotations-{kind}-imagelabels",
            f"{subset}-annotations-{kind}-imagelabels",
        )
        for kind in kinds
    ]


def _photos(photos):
    """The numbers (uint64, sorted) of the photos that were asked for."""
    if isinstance(photos, (str, os.PathLike)):
        photos, _ = read_lines(os.fspath(photos))
    if not isinstance(photos, Iterable):
        raise TypeError(f"photos must be a list of identifiers or a file of them, got {photos!r}.")
    numbers = []
    for photo in photos:
        number = number_of(photo.rpartition("/")[2]) if isinstance(photo, str) else None
        if number is None:
            raise ValueError(
                f"photos has {photo!r}, which is no identifier of a photo, such as "
                "'000002b66c9c498e'."
            )
        numbers.append(number)
    if not numbers:
        raise ValueError("photos is empty.")
    return np.unique(np.array(numbers, dtype=np.uint64))


def _check_photos(n_photos, path, subset):
    expected = _ABOUT.counts[subset]
    if expected and n_photos != expected:
        raise ValueError(
            f"{_ABOUT.title}: {path} has {n_photos:,} photos, but {expected:,} are published. Is "
            "it the official file, and complete? check_counts=False reads it as it is."
        )


def _check_found(asked, found):
    missing = np.setdiff1d(asked, np.concatenate(found))
    if len(missing):
        texts = [f"{number:016x}" for number in missing.tolist()]
        raise ValueError(
            f"photos has {listed(texts, most=3)}, which no file of these subsets has labels of."
        )
