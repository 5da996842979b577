"""load_voc: the objects of PASCAL VOC 2007 and 2012."""

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
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip

_TEXT = """PASCAL VOC {year}: photos of Flickr, and which of 20 kinds of objects are in them.

Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge" (IJCV 2010); files and terms
at http://host.robots.ox.ac.uk/pascal/VOC/voc{year}. Labels are those of the classification task;
objects that are difficult to see are {difficult}."""

_COUNTS = {
    2007: {"train": 2_501, "val": 2_510, "test": 4_952},
    2012: {"train": 5_717, "val": 5_823},
}

_ARCHIVES = {
    (2007, "train"): "VOCtrainval_06-Nov-2007.tar",
    (2007, "val"): "VOCtrainval_06-Nov-2007.tar",
    (2007, "test"): "VOCtest_06-Nov-2007.tar",
    (2012, "train"): "VOCtrainval_11-May-2012.tar",
    (2012, "val"): "VOCtrainval_11-May-2012.tar",
}

_DIFFICULT = {"unknown": UNKNOWN, "negative": NEGATIVE, "positive": POSITIVE}


def load_voc(
    data_home: FilePath | None = None,
    *,
    year: Literal[2007, 2012],
    difficult: Literal["unknown", "negative", "positive"],
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """PASCAL VOC 2007 or 2012: 20 labels.

    2007 has 2,501 photos for training, 2,510 for validation and 4,952 for testing; 2012 has 5,717
    and 5,823, and its test labels are not public. Labels are those of the classification task, in
    ``ImageSets/Main``.

    Nothing can be downloaded: the organisers state no licence of the annotations.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. The official archives, unpacked there, make the folder
        ``VOCdevkit``. This set is in ``VOCdevkit/VOC2007`` or ``VOC2012``.
    year : {2007, 2012}
        Which challenge.
    difficult : {"unknown", "negative", "positive"}
        What of a label all of whose objects in a photo are difficult to see: 0 in the files. The
        challenge does not score it, which is "unknown"; C-Tran's published code says "negative".
    check_counts, on_missing_file
        As of :func:`load_coco80`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. ``split`` is "train", "val" or "test". ``extra``, ``extra_names``
        and ``groups`` are None.

    Raises
    ------
    FileNotFoundError
        If a file is not there; the message says what it is called and where it is published.
    ValueError
        If a file is broken, or not the published one; the message names the line.

    References
    ----------
    Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", IJCV 2010.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_voc
    >>> names = (
    ...     "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse "
    ...     "motorbike person pottedplant sheep sofa train tvmonitor"
    ... )
    >>> home = tempfile.TemporaryDirectory()
    >>> folder = pathlib.Path(home.name, "VOCdevkit", "VOC2012", "ImageSets", "Main")
    >>> folder.mkdir(parents=True)
    >>> for name in names.split():
    ...     _ = (folder / f"{name}_train.txt").write_text("2008_000008 -1\\n")
    ...     _ = (folder / f"{name}_val.txt").write_text("2008_000002 -1\\n2008_000003  1\\n")
    >>> _ = (folder / "horse_train.txt").write_text("2008_000008  0\\n")
    >>> data = load_voc(home.name, year=2012, difficult="unknown", check_counts=False)
    >>> data.target[["cow", "horse"]].reset_index(drop=True)
       cow  horse
    0  0.0    NaN
    1  0.0    0.0
    2  1.0    1.0
    >>> home.cleanup()
    """
    check_choice("year", year, list(_COUNTS))
    check_choice("difficult", difficult, list(_DIFFICULT))
    about = About(
        title=f"PASCAL VOC {year}",
        text=_TEXT.format(year=year, difficult=difficult),
        counts=_COUNTS[year],
        n_labels=len(_CLASSES),
    )
    folder = SetFolder(about.title, f"VOCdevkit/VOC{year}", data_home)
    parts = {part: _read(folder, year, part, _DIFFICULT[difficult]) for part in about.counts}
    return build(about, parts, folder, check_counts=check_counts, on_missing_file=on_missing_file)


def _read(folder, year, part, difficult):
    """The Entries of a part."""
    archive = _ARCHIVES[year, part]
    where = f"in {archive} of http://host.robots.ox.ac.uk/pascal/VOC/voc{year}"
    states, photos, lines = [], None, None
    for name in _CLASSES:
        path = folder.find(OfficialFile(f"ImageSets/Main/{name}_{part}.txt", where))
        column, ids, numbers = _read_class(path, difficult)
        if photos is None:
            photos, lines = ids, numbers
        elif ids != photos:
            odd = sorted({*ids} ^ {*photos})
            what = f"only one of them has {odd[0]!r}" if odd else "their order differs"
            raise ValueError(
                f"{path} has other photos than {_CLASSES[0]}_{part}.txt: {what}. Is it complete?"
            )
        states.append(column)
    source = f"{_CLASSES[0]}_{part}.txt"
    return Entries(
        source=source,
        paths=[f"JPEGImages/{photo}.jpg" for photo in photos],
        place=lambda row: f"{source}, line {lines[row]}",
        states=np.stack(states, axis=1),
        names=list(_CLASSES),
        form="a list of photos for each label",
        is_explicit=True,
    )


def _read_class(path, difficult):
    """States of a label (n_photos,), the photos, and the lines that they are in."""
    states = {"-1": NEGATIVE, "0": difficult, "1": POSITIVE}
    lines, numbers = read_lines(path)
    column, photos = np.empty(len(lines), dtype=np.int8), []
    for row, line in enumerate(lines):
        photo, _, code = line.partition(" ")
        if code.strip() not in states:
            raise ValueError(
                f"{os.path.basename(path)}, line {numbers[row]} must be a photo and -1, 0 or 1, "
                f"got {shortened(line)!r}."
            )
        photos.append(photo)
        column[row] = states[code.strip()]
    return column, photos, numbers
