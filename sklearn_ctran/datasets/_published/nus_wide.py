"""load_nus_wide: 81 concepts in photos of Flickr."""

import os
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.names import shortened
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.lists import read_lines
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.modules.label_states import POSITIVE

_TEXT = """NUS-WIDE: photos of Flickr, and which of 81 concepts they show.

Chua et al., "NUS-WIDE: A Real-World Web Image Database from National University of Singapore"
(CIVR 2009), at https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide/NUS-WIDE.html.
Photos without any of the concepts are {what}."""

#: Part -> photos with and without those that have none of the concepts.
_COUNTS = {
    "keep": {"train": 161_789, "test": 107_859},
    "skip": {"train": 125_449, "test": 83_898},
}

_SITE = "https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide/NUS-WIDE.html"


def load_nus_wide(
    data_home: FilePath | None = None,
    *,
    images: FilePath = "Flickr",
    without_concepts: Literal["keep", "skip"] = "keep",
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """Photos of Flickr: 161,789 for training and 107,859 for testing, 81 labels.

    Nothing can be downloaded: photos belong to who took them, and the annotations are behind a
    form.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. This set is in ``NUS-WIDE``: of the official archives the files
        ``ConceptsList/Concepts81.txt``, ``ImageList/TrainImagelist.txt``,
        ``Groundtruth/TrainTestLabels/Labels_airport_Train.txt`` and so on.
    images : path-like, default="Flickr"
        The folder of the photos, in ``NUS-WIDE`` or anywhere. The lists have paths in it.
    without_concepts : {"keep", "skip"}, default="keep"
        What of photos that have none of the 81 concepts. Many papers leave them out, which leaves
        125,449 and 83,898.
    check_counts, on_missing_file
        As of :func:`load_coco80`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. ``split`` is "train" or "test". ``extra``, ``extra_names`` and
        ``groups`` are None.

    Raises
    ------
    FileNotFoundError
        If a file is not there; the message says what it is called and where it is published.
    ValueError
        If a file is broken, or not the published one; if a file of labels and the list of photos
        have other lengths.

    References
    ----------
    Chua et al., "NUS-WIDE: A Real-World Web Image Database from National University of Singapore",
    CIVR 2009.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_nus_wide
    >>> labels = "Groundtruth/TrainTestLabels/Labels"
    >>> files = {
    ...     "ConceptsList/Concepts81.txt": "airport\\ncat\\n",
    ...     "ImageList/TrainImagelist.txt": "actor\\\\0001_2.jpg\\nzoo\\\\0002_3.jpg\\n",
    ...     "ImageList/TestImagelist.txt": "zoo\\\\0004_9.jpg\\n",
    ...     f"{labels}_airport_Train.txt": "1\\n0\\n",
    ...     f"{labels}_cat_Train.txt": "0\\n1\\n",
    ...     f"{labels}_airport_Test.txt": "0\\n",
    ...     f"{labels}_cat_Test.txt": "0\\n",
    ... }
    >>> with tempfile.TemporaryDirectory() as home:
    ...     for name, text in files.items():
    ...         path = pathlib.Path(home, "NUS-WIDE", name)
    ...         path.parent.mkdir(parents=True, exist_ok=True)
    ...         _ = path.write_text(text)
    ...     data = load_nus_wide(home, check_counts=False)
    >>> data.target.reset_index()
                          path  airport  cat
    0  Flickr/actor/0001_2.jpg      1.0  0.0
    1    Flickr/zoo/0002_3.jpg      0.0  1.0
    2    Flickr/zoo/0004_9.jpg      0.0  0.0
    """
    check_choice("without_concepts", without_concepts, list(_COUNTS))
    if not isinstance(images, (str, os.PathLike)):
        raise TypeError(f"images must be the path of a folder, got {images!r}.")
    what = {"keep": "kept", "skip": "left out"}[without_concepts]
    about = About("NUS-WIDE", _TEXT.format(what=what), _COUNTS[without_concepts], n_labels=81)
    folder = SetFolder(about.title, "NUS-WIDE", data_home)
    names, _ = read_lines(folder.find(_official("ConceptsList/Concepts81.txt", "Concepts List")))
    begin = os.fspath(images).replace("\\", "/").rstrip("/") + "/"
    parts = {part: _read(folder, part, names, begin) for part in about.counts}
    if without_concepts == "skip":
        parts = {part: _with_concepts(entries) for part, entries in parts.items()}
    return build(
        about,
        parts,
        folder,
        check_counts=check_counts,
        on_missing_file=on_missing_file,
        begin=begin,
    )


def _official(name, archive):
    return OfficialFile(name, f'in the archive "{archive}", at {_SITE}')


def _read(folder, part, names, begin):
    """The Entries of a part."""
    word = part.capitalize()
    path = folder.find(_official(f"ImageList/{word}Imagelist.txt", "Image List"))
    photos, lines = read_lines(path)
    states = np.empty((len(photos), len(names)), dtype=np.int8)
    for column, name in enumerate(names):
        file = f"Groundtruth/TrainTestLabels/Labels_{name}_{word}.txt"
        labels = folder.find(_official(file, "Groundtruth"))
        states[:, column] = _read_labels(labels, path, len(photos))
    source = os.path.basename(path)
    return Entries(
        source=source,
        paths=[begin + photo.replace("\\", "/") for photo in photos],
        place=lambda row: f"{source}, line {lines[row]}",
        states=states,
        names=names,
        form="a file of 0 and 1 for each label",
        is_explicit=True,
    )


def _read_labels(path, photos, n_photos):
    """States of a label (n_photos,); `photos` is the path of the list of photos."""
    with open(path, "rb") as file:
        values = file.read().split()
    if len(values) != n_photos:
        raise ValueError(
            f"{path} has {len(values):,} entries, but {photos} has {n_photos:,} photos. Are both "
            "complete?"
        )
    odd = set(values) - {b"0", b"1"}
    if odd:
        row = next(row for row, value in enumerate(values) if value in odd)
        raise ValueError(
            f"{path}, entry {row + 1} must be 0 or 1, got "
            f"{shortened(values[row].decode(errors='replace'))!r}."
        )
    return np.array(values) == b"1"


def _with_concepts(entries):
    return entries.take(np.flatnonzero((entries.states == POSITIVE).any(axis=1)))
