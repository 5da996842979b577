"""Images in tar files, with their labels."""

import glob
import os
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._images.tar_images import TarImages, encoded_name, split_name
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import FilePath, LabelNames
from sklearn_ctran.datasets._shard_labels import READERS, LabelRows, from_table
from sklearn_ctran.datasets._tar_files import members_of, shard_of

#: Extensions that an image may have.
_IMAGES = frozenset(
    ("avif", "bmp", "gif", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp")
)

_MOST_LABEL_BYTES = 1 << 20


def load_shards(
    shards: FilePath | Sequence[FilePath],
    labels: Any = "auto",
    *,
    image: str | None = None,
    label_names: LabelNames | None = None,
) -> Bunch:
    """Images in tar files, as WebDataset has them, with their labels.

    The tar files are looked through once, and images are read from them when they are needed, in
    any order: a fit shuffles over all shards. What takes paths takes ``images`` too. Their tokens
    are cached by content, so that an image and its file share them.

    The files of a sample have one name up to the first dot, its key: ``0001.jpg`` and
    ``0001.json``. Hidden files, files without an extension, and those whose names begin with two
    underscores are passed over.

    Parameters
    ----------
    shards : path-like, or sequence of them
        Tar files that are not compressed. A text may be a pattern: ``"photos-{000..009}.tar"``,
        ``"photos-{a,b}.tar"``, ``"photos-*.tar"``. Files of a pattern are in the order of numbers,
        or of names.
    labels : {"auto", "cls", "json", "txt"}, DataFrame, dict or None, default="auto"
        Where labels are. An extension is that of the file beside each image: ``.cls`` has numbers
        of classes, with spaces between them; ``.txt`` has tags, one a line or with commas between
        them; ``.json`` has ``{"labels": ["cat", "dog"]}`` or ``{"labels": {"cat": 1, "sun": 0}}``.
        "auto" is the one of them that the first shard has. A data frame has keys as its index, and
        a column of 0, 1 and NaN for each label; a dict has the same as ``.json``, by key. Of these,
        entries without an image are not used. None: there are no labels. Labels that a list does
        not name are absent, those that an object does not name are unknown.
    image : str, default=None
        Extension of the images, such as "jpg" or "left.png", without the first dot. None: the only
        one of each sample that belongs to images and has no dot.
    label_names : array-like of shape (n_labels,), default=None
        The labels in the order of the columns of ``Y``. Numbers of classes are positions among
        them, if they are no numbers themselves. None: all labels that are found, sorted; of a data
        frame, its columns.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        images : TarImages of shape (n_samples,)
            For `X` of any method. ``images[rows]`` selects images by a slice or an array,
            ``images[3].read()`` are the bytes of a file, and ``images.keys`` (n_samples,) the keys.
        Y : ndarray of shape (n_samples, n_labels), dtype int8, or None
            1 present, 0 absent, -1 unknown. Estimators learn the names of labels from a data frame:
            ``pandas.DataFrame(photos.Y, columns=photos.label_names)``.
        label_names : ndarray of shape (n_labels,), or None
            The labels of the columns of ``Y``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a tar file is damaged, cut short or compressed; if an image has no labels, or labels no
        image; if a key or a shard is there twice. The message names the tar file and what is in it.
    TypeError
        If `labels` is something else.

    Notes
    -----
    A key may be in several shards, unless `labels` are found by key.

    Examples
    --------
    >>> import io, tarfile, tempfile
    >>> from PIL import Image
    >>> from sklearn_ctran.datasets import load_shards, make_digit_scenes
    >>> def add(tar, name, content):
    ...     info = tarfile.TarInfo(name)
    ...     info.size = len(content)
    ...     tar.addfile(info, io.BytesIO(content))
    >>> folder, scenes = tempfile.TemporaryDirectory(), make_digit_scenes(50, random_state=0)
    >>> with tarfile.open(f"{folder.name}/scenes-0.tar", "w") as tar:
    ...     for number, pixels in enumerate(scenes.images):
    ...         with io.BytesIO() as file:
    ...             Image.fromarray(pixels).save(file, "PNG")
    ...             add(tar, f"{number:04}.png", file.getvalue())
    ...         digits = " ".join(str(digit) for digit in scenes.Y[number].nonzero()[0])
    ...         add(tar, f"{number:04}.cls", digits.encode())
    >>> photos = load_shards(f"{folder.name}/scenes-{{0..0}}.tar")
    >>> photos.images, photos.Y.shape
    (TarImages(50 images in 1 tar files), (50, 10))
    >>> bool((photos.Y == scenes.Y).all())
    True
    >>> from sklearn_ctran import CTranClassifier
    >>> model = CTranClassifier("small", image_size=None, max_epochs=1, random_state=0)
    >>> model.fit(photos.images, photos.Y).predict_proba(photos.images[:2]).shape
    (2, 10)
    >>> folder.cleanup()
    """
    found = [shard_of(path) for path in _paths(shards)]
    is_beside = isinstance(labels, str)
    extension = _label_extension(found[0].path, labels) if is_beside else None
    rows, index = LabelRows(label_names), _Index()
    for number, shard in enumerate(found):
        _read_shard(number, shard, image, extension, rows, index)
    if not len(index.numbers):
        raise ValueError(f"There are no images in {listed([s.path for s in found], most=3)}.")
    images = index.images(found)
    if labels is None:
        return Bunch(images=images, Y=None, label_names=None)
    if is_beside:
        Y, names = rows.table()
    else:
        keys = images.keys
        _check_keys(images, keys)
        Y, names = from_table(labels, keys.tolist(), lambda i: images[i].path, label_names)
    return Bunch(images=images, Y=Y, label_names=names)


class _Index:
    """The places of images, as they are found."""

    def __init__(self):
        self.numbers, self.names = array("i"), []
        self.offsets, self.sizes = array("q"), array("q")

    def add(self, number, member):
        self.numbers.append(number)
        self.names.append(encoded_name(member.name))
        self.offsets.append(member.offset)
        self.sizes.append(member.size)

    def images(self, shards):
        arrays = (np.array(self.names), np.array(self.offsets), np.array(self.sizes))
        return TarImages(shards, np.array(self.numbers, dtype=np.int32), *arrays)


def _paths(shards):
    """Absolute paths of shards, or of patterns of them; each must be there once."""
    if not isinstance(shards, (str, os.PathLike, Iterable)):
        raise TypeError(f"shards must be a path, a pattern or a list of them, got {shards!r}.")
    given = [shards] if isinstance(shards, (str, os.PathLike)) else list(shards)
    paths = [os.path.abspath(path) for each in given for path in _matches(os.fspath(each))]
    if not paths:
        raise ValueError("shards is empty: there are no tar files.")
    path, times = Counter(paths).most_common(1)[0]
    if times > 1:
        raise ValueError(f"{path} is there {times} times.")
    return paths


def _matches(pattern):
    """The paths that a pattern stands for, if it is no path itself."""
    if os.path.exists(pattern):
        return [pattern]
    paths = []
    for each in _expanded(pattern):
        found = sorted(glob.glob(each)) if glob.has_magic(each) else [each]
        if not found or not os.path.exists(found[0]):
            raise FileNotFoundError(f"There is no file {each!r}.")
        paths += found
    return paths


def _expanded(pattern):
    """All texts of a pattern with braces: {000..009} for numbers, {a,b} for words."""
    parts = re.split(r"\{([^{}]*(?:\.\.|,)[^{}]*)\}", pattern)
    choices = [[text] if i % 2 == 0 else _choices(text) for i, text in enumerate(parts)]
    return map("".join, product(*choices))


def _choices(text):
    ends = re.fullmatch(r"(\d+)\.\.(\d+)", text)
    if not ends:
        return text.split(",")
    first, last = ends.groups()
    width = len(first) if first.startswith("0") else 0
    return [f"{number:0{width}}" for number in range(int(first), int(last) + 1)]


def _label_extension(path, labels):
    """The extension of the files of labels; ValueError if "auto" finds none, or several."""
    if labels != "auto" and labels not in READERS:
        raise ValueError(
            f"labels={labels!r} is no extension that can be read: {listed(READERS)}, or 'auto'. "
            "Other labels can be given as a data frame, with keys as its index."
        )
    if labels != "auto":
        return labels
    found = sorted(READERS.keys() & {split_name(each.name)[1] for each in members_of(path)})
    if len(found) != 1:
        what = (
            f"files of labels of several kinds, {listed(found)}: name one"
            if found
            else (f"no files of labels ({listed(READERS)}): give a table of labels by key")
        )
        raise ValueError(f"{path} has {what}, as labels=..., or labels=None for images alone.")
    return found[0]


def _read_shard(number, shard, image, extension, rows, index):
    """Add the images of a shard to an index, and their labels to rows."""
    images, texts = {}, {}
    for member in members_of(shard.path):
        key, own = split_name(member.name)
        if not own or key.endswith("/") or not key or key.rpartition("/")[2].startswith("__"):
            continue
        if own == extension:
            _add(texts, key, member, shard)
        elif own == image or (image is None and own.lower() in _IMAGES):
            _add(images, key, member, shard)
    with open(shard.path, "rb") as file:
        for key, member in images.items():
            index.add(number, member)
            if extension:
                _add_labels(rows, file, member, texts.pop(key, None), extension)
    if texts:
        raise ValueError(
            f"{shard.path}: {next(iter(texts.values())).name!r} has labels, but there is no image "
            "of this sample in the shard."
        )


def _add(members, key, member, shard):
    if key in members:
        raise ValueError(
            f"{shard.path}: the sample {key!r} is there twice, as {members[key].name!r} and "
            f"{member.name!r}. If it has several images, say which: image='jpg'."
        )
    members[key] = member


def _add_labels(rows, file, member, labels, extension):
    """Add the labels of an image, which are in another member of the open tar file."""
    if labels is None:
        raise ValueError(
            f"{file.name}: {member.name!r} has no labels, no "
            f"{split_name(member.name)[0] + '.' + extension!r}."
        )
    try:
        if labels.size > _MOST_LABEL_BYTES:
            raise ValueError(f"it has {labels.size:,} bytes")
        file.seek(labels.offset)
        text = file.read(labels.size).decode("utf-8-sig")
        rows.add(READERS[extension](text))
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"{error}".rstrip(".")
        raise ValueError(
            f"{file.name}: the labels in {labels.name!r} cannot be read: {reason}."
        ) from error


def _check_keys(images, keys):
    """Raise ValueError if a key is there twice, so that a table cannot say whose labels it has."""
    distinct, first, counts = np.unique(keys, return_index=True, return_counts=True)
    if (counts > 1).any():
        key = distinct[counts > 1][0]
        one, other = np.flatnonzero(keys == key)[:2]
        raise ValueError(
            f"The key {str(key)!r} is there twice: {images[one].path} and {images[other].path}. "
            "Labels cannot be found by key."
        )
