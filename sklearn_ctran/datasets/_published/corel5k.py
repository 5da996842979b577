"""load_corel5k: photos of Corel's discs and their words."""

import os
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.names import shortened
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.corel5k_files import read_vectors, read_words
from sklearn_ctran.datasets._published.lists import read_lines, whole_number
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import check_choice

_TEXT = """Corel5k: photos of Corel's discs, and words that describe them.

Duygulu et al., "Object Recognition as Machine Translation: Learning a Lexicon for a Fixed Image
Vocabulary" (ECCV 2002). The annotation is that of {whose}. The list of the test photos has the
photo 161092 twice, with the same words; here it is there once."""

_COUNTS = {"train": 4_500, "test": 499}

#: Annotation -> whose it is, the number of its words, and where it is published.
_ANNOTATIONS = {
    "eccv2002": (
        "Duygulu et al.",
        374,
        "in ECCV_2002_data.tar.gz, at http://kobus.ca/research/data/eccv_2002",
    ),
    "inria": (
        'Guillaumin et al., "TagProp: Discriminative Metric Learning in Nearest Neighbor Models '
        'for Image Auto-Annotation" (ICCV 2009)',
        260,
        "in corel5k.20091111.tar, at https://lear.inrialpes.fr/people/guillaumin/data.php",
    ),
}

#: Corel's discs have a hundred photos each, with numbers that begin with that of the disc.
_PHOTOS_OF_DISC = 1_000


def load_corel5k(
    data_home: FilePath | None = None,
    *,
    annotation: Literal["eccv2002", "inria"] = "eccv2002",
    images: str = "images/{photo}.jpeg",
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """Photos of Corel's discs: 4,500 for training and 499 for testing, 374 words or 260.

    Nothing can be downloaded: Corel's photos are sold, and no licence of the annotations is stated.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. This set is in ``Corel5k``.
    annotation : {"eccv2002", "inria"}, default="eccv2002"
        Which files of annotation: "eccv2002" for ``words``, ``image_nums``, ``document_words``,
        ``test_1_image_nums`` and ``test_1_document_words`` of Duygulu et al. [1]_, with 374 words,
        three of which no training photo has; "inria" for ``corel5k_dictionary.txt``,
        ``corel5k_train_list.txt``, ``corel5k_train_annot.hvecs`` and those of the test photos of
        Guillaumin et al. [2]_, with 260 words.
    images : str, default="images/{photo}.jpeg"
        Where each photo is, in ``Corel5k`` or anywhere: "{photo}" is its number on Corel's discs,
        "{disc}" that of its disc, such as in "{disc}/{photo}.jpg".
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
        If a file is broken, or not the published one; the message names the line.

    References
    ----------
    .. [1] Duygulu et al., "Object Recognition as Machine Translation: Learning a Lexicon for a
       Fixed Image Vocabulary", ECCV 2002.
    .. [2] Guillaumin et al., "TagProp: Discriminative Metric Learning in Nearest Neighbor Models
       for Image Auto-Annotation", ICCV 2009.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_corel5k
    >>> files = {
    ...     "words": "city\\nmountain\\nsky\\n",
    ...     "image_nums": "1000\\n1001\\n",
    ...     "document_words": "1 2 3\\n3 -99 -99\\n",
    ...     "test_1_image_nums": "2050\\n",
    ...     "test_1_document_words": "2 -99\\n",
    ... }
    >>> with tempfile.TemporaryDirectory() as home:
    ...     folder = pathlib.Path(home, "Corel5k")
    ...     folder.mkdir()
    ...     for name, text in files.items():
    ...         _ = (folder / name).write_text(text)
    ...     data = load_corel5k(home, images="{disc}/{photo}.jpg", check_counts=False)
    >>> data.target.reset_index()
                path  city  mountain  sky
    0  1000/1000.jpg   1.0       1.0  1.0
    1  1000/1001.jpg   0.0       0.0  1.0
    2  2000/2050.jpg   0.0       1.0  0.0
    """
    check_choice("annotation", annotation, list(_ANNOTATIONS))
    if not isinstance(images, str) or "{photo}" not in images:
        raise ValueError(f"images must be a path with '{{photo}}' in it, got {images!r}.")
    whose, n_labels, where = _ANNOTATIONS[annotation]
    about = About("Corel5k", _TEXT.format(whose=whose), _COUNTS, n_labels)
    folder = SetFolder(about.title, "Corel5k", data_home)

    def find(name):
        return folder.find(OfficialFile(name, where))

    read = {"eccv2002": _read_eccv2002, "inria": _read_inria}[annotation]
    names, _ = read_lines(find("words" if annotation == "eccv2002" else "corel5k_dictionary.txt"))
    parts = {}
    for part in _COUNTS:
        path, states = read(find, part, names)
        parts[part] = _once(_entries(path, states, names, images))
    return build(
        about,
        parts,
        folder,
        check_counts=check_counts,
        on_missing_file=on_missing_file,
        begin=None,
    )


def _read_eccv2002(find, part, names):
    """The path of a part's list of photos, and the states of the words."""
    begin = "test_1_" if part == "test" else ""
    return find(f"{begin}image_nums"), read_words(find(f"{begin}document_words"), names)


def _read_inria(find, part, names):
    path = find(f"corel5k_{part}_annot.hvecs")
    return find(f"corel5k_{part}_list.txt"), read_vectors(path, names)


def _entries(path, states, names, images):
    """The Entries of a list of photos: numbers, after the folder that a line may have."""
    photos, lines = read_lines(path)
    if len(photos) != len(states):
        raise ValueError(
            f"{path} has {len(photos):,} photos, but the file of their words has "
            f"{len(states):,} rows. Are both complete?"
        )
    source, paths = os.path.basename(path), []
    for photo, line in zip(photos, lines, strict=True):
        number = photo.rpartition("/")[2]
        value = whole_number(number)
        if value is None:
            raise ValueError(
                f"{path}, line {line} must be the number of a photo, got {shortened(photo)!r}."
            )
        disc = value // _PHOTOS_OF_DISC * _PHOTOS_OF_DISC
        paths.append(images.replace("{photo}", number).replace("{disc}", str(disc)))
    return Entries(
        source=source,
        paths=paths,
        place=lambda row: f"{source}, line {lines[row]}",
        states=states,
        names=names,
        form="words of each photo",
    )


def _once(entries):
    """Entries without those that repeat an earlier one, words and all."""
    first, kept = {}, []
    for row, path in enumerate(entries.paths):
        same = first.setdefault(path, row)
        if same == row or not np.array_equal(entries.states[row], entries.states[same]):
            kept.append(row)
    return entries.take(np.array(kept))
