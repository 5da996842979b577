"""load_vg500: the objects of Visual Genome, the paper's VG-500."""

import os
from collections.abc import Sequence
from itertools import chain
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.names import shortened
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.lists import column_names, read_lines
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.json_files import check_kind, read_json
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE

_ABOUT = About(
    title="VG-500",
    text="""VG-500: photos of everyday scenes, and which of the 500 commonest objects are in them.

Krishna et al., "Visual Genome" (IJCV 2017), in the division of Chen et al., "Learning
Semantic-Specific Graph Representation for Multi-Label Image Recognition" (ICCV 2019), which C-Tran
(CVPR 2021) uses: lists at https://github.com/HCPLab-SYSU/SSGRL, photos at
https://homes.cs.washington.edu/~ranjay/visualgenome. Neither has names of the labels.""",
    counts={"train": 98_249, "test": 10_000},
    n_labels=500,
)

_LISTS = {
    part: OfficialFile(f"{part}_list_500.txt", "in data/VG of https://github.com/HCPLab-SYSU/SSGRL")
    for part in _ABOUT.counts
}
_LABELS = OfficialFile(
    "vg_category_500_labels_index.json",
    "among the data files that https://github.com/HCPLab-SYSU/SSGRL names in its README",
)

#: Visual Genome has two archives of photos, which the authors of the lists have in one folder.
_PHOTOS, _MORE_PHOTOS = "VG_100K", "VG_100K_2"


def load_vg500(
    data_home: FilePath | None = None,
    *,
    label_names: Sequence[str] | None = None,
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """Visual Genome: 98,249 photos for training, 10,000 for testing, 500 labels.

    Nothing can be downloaded: the lists have no licence that says so.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. This set is in ``VG``: the files ``train_list_500.txt``,
        ``test_list_500.txt`` and ``vg_category_500_labels_index.json``, and the photos in
        ``VG_100K``; those of the second archive there too, or in ``VG_100K_2``.
    label_names : sequence of str, default=None
        The names of the labels, which the files do not have. None: "object 0" to "object 499".
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
        If a file is broken, or not the published one; a photo of a list has no labels; or there
        are not as many names as labels.

    References
    ----------
    Chen et al., "Learning Semantic-Specific Graph Representation for Multi-Label Image
    Recognition", ICCV 2019.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_vg500
    >>> home = tempfile.TemporaryDirectory()
    >>> folder = pathlib.Path(home.name, "VG")
    >>> folder.mkdir()
    >>> _ = (folder / "train_list_500.txt").write_text("2.jpg\\n1.jpg\\n")
    >>> _ = (folder / "test_list_500.txt").write_text("3.jpg\\n")
    >>> labels = json.dumps({"1.jpg": [0, 499], "2.jpg": [1], "3.jpg": []})
    >>> _ = (folder / "vg_category_500_labels_index.json").write_text(labels)
    >>> data = load_vg500(home.name, check_counts=False)
    >>> data.target[["object 0", "object 1", "object 499"]].reset_index(drop=True)
       object 0  object 1  object 499
    0       0.0       1.0         0.0
    1       1.0       0.0         1.0
    2       0.0       0.0         0.0
    >>> data.split.tolist()
    ['train', 'train', 'test']
    >>> home.cleanup()
    """
    names = column_names(label_names, _ABOUT.n_labels, "object")
    folder = SetFolder(_ABOUT.title, "VG", data_home)
    lists = {part: folder.find(file) for part, file in _LISTS.items()}
    labels = check_kind(read_json(folder.find(_LABELS)), dict, f"{_LABELS.name}, all of it,")
    elsewhere = _in_second_folder(folder)
    parts = {part: _read(list_, labels, names, elsewhere) for part, list_ in lists.items()}
    return build(_ABOUT, parts, folder, check_counts=check_counts, on_missing_file=on_missing_file)


def _in_second_folder(folder):
    """The names of photos in the folder of the second archive, if there is one."""
    second = folder.joined(_MORE_PHOTOS)
    return set(os.listdir(second)) if os.path.isdir(second) else set()


def _read(list_, labels, names, elsewhere):
    """The Entries of a list of photos."""
    source = os.path.basename(list_)
    photos, lines = read_lines(list_)
    for row, photo in enumerate(photos):
        if photo not in labels:
            raise ValueError(
                f"{source}, line {lines[row]}: {_LABELS.name} has no labels of the photo "
                f"{shortened(photo)!r}."
            )
    folders = (_MORE_PHOTOS if photo in elsewhere else _PHOTOS for photo in photos)
    return Entries(
        source=source,
        paths=[f"{folder}/{photo}" for folder, photo in zip(folders, photos, strict=True)],
        place=lambda row: f"{source}, line {lines[row]}",
        states=_states(photos, labels, len(names)),
        names=names,
        form="a list of photos, with the numbers of their labels",
    )


def _states(photos, labels, n_labels):
    """States (n_photos, n_labels) of photos whose labels are lists of numbers."""
    lists = [check_kind(labels[photo], list, f"{_LABELS.name}, {photo!r}") for photo in photos]
    rows = np.repeat(np.arange(len(lists)), [len(numbers) for numbers in lists])
    columns = np.array([*chain.from_iterable(lists)], dtype=object)
    is_odd = [type(number) is not int or not 0 <= number < n_labels for number in columns]
    if any(is_odd):
        first = is_odd.index(True)
        raise ValueError(
            f"{_LABELS.name}, {photos[rows[first]]!r}: labels are whole numbers from 0 to "
            f"{n_labels - 1}, got {columns[first]!r}."
        )
    states = np.full((len(photos), n_labels), NEGATIVE, dtype=np.int8)
    states[rows, columns.astype(np.int64)] = POSITIVE
    return states
