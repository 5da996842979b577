"""load_news500: nouns of the captions of BBC News, the paper's NEWS-500."""

import os
from collections.abc import Sequence
from typing import Literal

from sklearn.utils import Bunch

from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._published.arrays import read_binary_array
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.lists import column_names
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._published.pickles import read_pickle
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.json_files import check_kind, entry

_ABOUT = About(
    title="NEWS-500",
    text="""NEWS-500: photos of BBC News, and which of 500 frequent nouns are in their captions.

Wang et al., "Feedback-prop: Convolutional Neural Network Inference under Partial Evidence" (CVPR
2018); C-Tran (CVPR 2021) uses it. It has no public address: its authors, named at
https://github.com/uvavision/feedbackprop, have it. Its files have no names of the labels.""",
    counts={"train": 151_873, "val": 10_304, "test": 10_451},
    n_labels=500,
)

#: Where photos were on the authors' machine, which the files have in each path.
_ROOT = "/localtmp/data/data/"

_WHERE = "by its authors on request only: see https://github.com/uvavision/feedbackprop"


def load_news500(
    data_home: FilePath | None = None,
    *,
    label_names: Sequence[str] | None = None,
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """BBC News: 151,873 photos for training, 10,304 for validation, 10,451 for testing, 500 labels.

    Files are those that C-Tran's published code reads. That code reads none for validation; that
    they are called like the others is our guess.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. This set is in ``NEWS``: of each of "train", "val" and "test",
        the pickle ``train_split.p``, a list of dicts with "file_path", and the array
        ``caption_train_space.npy`` of 0 and 1. Paths that begin with the authors' folder,
        ``/localtmp/data/data/``, are relative to ``NEWS``. Pickles can run no code here.
    label_names : sequence of str, default=None
        The names of the labels, which the files do not have. None: "noun 0" to "noun 499".
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
        If a file is broken, or not the published one; or there are not as many names as labels.

    References
    ----------
    Wang et al., "Feedback-prop: Convolutional Neural Network Inference under Partial Evidence",
    CVPR 2018.

    Examples
    --------
    >>> import pathlib, pickle, tempfile
    >>> import numpy as np
    >>> from sklearn_ctran.datasets import load_news500
    >>> home = tempfile.TemporaryDirectory()
    >>> folder = pathlib.Path(home.name, "NEWS")
    >>> folder.mkdir()
    >>> for part in ("train", "val", "test"):
    ...     photos = [{"file_path": f"/localtmp/data/data/{part}.jpg", "image_id": 1}]
    ...     _ = (folder / f"{part}_split.p").write_bytes(pickle.dumps(photos))
    ...     np.save(folder / f"caption_{part}_space.npy", np.eye(1, 500))
    >>> data = load_news500(home.name, check_counts=False)
    >>> data.target.iloc[:, :3].reset_index()
            path  noun 0  noun 1  noun 2
    0  train.jpg     1.0     0.0     0.0
    1    val.jpg     1.0     0.0     0.0
    2   test.jpg     1.0     0.0     0.0
    >>> home.cleanup()
    """
    names = column_names(label_names, _ABOUT.n_labels, "noun")
    folder = SetFolder(_ABOUT.title, "NEWS", data_home)
    files = {part: _find(folder, part) for part in _ABOUT.counts}
    parts = {part: _read(photos, states, names) for part, (photos, states) in files.items()}
    return build(_ABOUT, parts, folder, check_counts=check_counts, on_missing_file=on_missing_file)


def _find(folder, part):
    """The paths of the two files of a part."""
    photos, states = f"{part}_split.p", f"caption_{part}_space.npy"
    return folder.find(OfficialFile(photos, _WHERE)), folder.find(OfficialFile(states, _WHERE))


def _read(photos_file, states_file, names):
    """The Entries of a part."""
    source = os.path.basename(photos_file)
    paths = []
    for number, photo in enumerate(check_kind(read_pickle(photos_file), list, source)):
        where = f"{source}, photo {number}"
        path = entry(check_kind(photo, dict, where), "file_path", str, where)
        paths.append(path.removeprefix(_ROOT))
    return Entries(
        source=source,
        paths=paths,
        place=lambda row: f"{source}, photo {row}",
        states=read_binary_array(states_file, (len(paths), len(names))),
        names=names,
        form="a row of 0 and 1 for each photo",
        is_explicit=True,
    )
