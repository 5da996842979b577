"""load_coco80: the objects of COCO, the paper's COCO-80."""

from dataclasses import replace
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._formats.coco import coco_entries
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.coco_files import CATEGORIES, FOLDER, YEAR, annotation_file
from sklearn_ctran.datasets._published.official import SetFolder
from sklearn_ctran.modules.label_states import POSITIVE

_ABOUT = About(
    title="COCO-80",
    text="""COCO-80: photos of everyday scenes, and which of 80 kinds of objects are in them.

Lin et al., "Microsoft COCO: Common Objects in Context" (ECCV 2014), in the division of 2014. Labels
are those of https://cocodataset.org under CC BY 4.0; the photos are those of Flickr's users, under
their terms. Photos without any object are left out, as in C-Tran (CVPR 2021), which
trains on "train" and reports on "val".""",
    counts={"train": 82_081, "val": 40_137},
    n_labels=80,
)


def load_coco80(
    data_home: FilePath | None = None,
    *,
    download: bool = False,
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """COCO of 2014: 82,081 photos for training, 40,137 for validation, 80 labels.

    An object that is annotated as a crowd counts. Photos without any object are left out.

    Parameters
    ----------
    data_home : path-like, default=None
        The folder of all published sets. This one is in ``coco`` in it: the files
        ``annotations/instances_train2014.json`` and ``instances_val2014.json``, and the photos in
        ``train2014`` and ``val2014``. None: the environment variable ``SKLEARN_CTRAN_DATA``, or
        ``~/sklearn_ctran_data``.
    download : bool, default=False
        Whether files of annotations that are not there are downloaded (241 MB; with pooch, ``pip
        install "sklearn-ctran[download]"``). Photos never are.
    check_counts : bool, default=True
        Whether the numbers of photos and the labels must be the published ones. False reads parts
        of files, and others of this format.
    on_missing_file : {"keep", "raise", "skip"}, default="keep"
        What of rows without a photo. "keep" does not look for photos, which takes long on slow
        drives.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. ``split`` is "train" or "val". ``extra``, ``extra_names`` and
        ``groups`` are None.

    Raises
    ------
    FileNotFoundError
        If a file is not there; the message says what it is called and where it is published.
    ValueError
        If a file is broken, or not the published one.
    ConnectionError
        If a download fails.

    See Also
    --------
    load_coco : Any file of instances.
    load_coco1000 : The words of captions of the same photos.

    References
    ----------
    Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_coco80
    >>> home = tempfile.TemporaryDirectory()
    >>> folder = pathlib.Path(home.name, "coco", "annotations")
    >>> folder.mkdir(parents=True)
    >>> for part in ("train2014", "val2014"):
    ...     content = {
    ...         "images": [{"id": 7, "file_name": f"COCO_{part}_000000000007.jpg"}],
    ...         "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "bicycle"}],
    ...         "annotations": [{"id": 1, "image_id": 7, "category_id": 2}],
    ...     }
    ...     _ = (folder / f"instances_{part}.json").write_text(json.dumps(content))
    >>> data = load_coco80(home.name, check_counts=False)
    >>> data.target.reset_index(drop=True)
       person  bicycle
    0     0.0      1.0
    1     0.0      1.0
    >>> data.split.tolist()
    ['train', 'val']
    >>> home.cleanup()
    """
    folder = SetFolder(_ABOUT.title, FOLDER, data_home, download)
    parts = {part: _read(folder, part, check_counts) for part in YEAR}
    return build(_ABOUT, parts, folder, check_counts=check_counts, on_missing_file=on_missing_file)


def _read(folder, part, check_names):
    """The Entries of the photos of a part that have an object."""
    entries, _ = coco_entries(folder.find(annotation_file("instances", part)))
    if check_names and tuple(entries.names) != CATEGORIES:
        odd = sorted({*entries.names} ^ {*CATEGORIES})
        what = f"only one of both has {listed(odd)}" if odd else "their order differs"
        raise ValueError(
            f"{_ABOUT.title}: {entries.source} has other categories than the 80 of COCO: {what}. "
            "check_counts=False reads it as it is."
        )
    entries = entries.take(np.flatnonzero((entries.states == POSITIVE).any(axis=1)))
    return replace(entries, paths=[f"{YEAR[part]}/{name}" for name in entries.paths])
