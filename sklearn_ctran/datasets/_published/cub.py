"""load_cub: birds, their species and their attributes, the paper's CUB-312."""

from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.names import shortened
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.cub_attributes import (
    choose,
    groups_of,
    read_annotations,
    states_of,
    vote,
)
from sklearn_ctran.datasets._published.lists import whole_number
from sklearn_ctran.datasets._published.numbered import Numbered
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE

_ABOUT = About(
    title="CUB-200-2011",
    text="""CUB-200-2011: photos of birds, their species, and attributes of the species.

Wah et al., "The Caltech-UCSD Birds-200-2011 Dataset" (2011), at
https://data.caltech.edu/records/65de6-vp158; attributes as Koh et al., "Concept Bottleneck Models"
(ICML 2020), have processed them. Their vote counts four fifths of the official training photos,
drawn without a seed that is published; here all of them vote.""",
    counts={"train": 5_994, "test": 5_794},
    n_labels=200,
)

_WHERE = "in CUB_200_2011.tgz, at https://data.caltech.edu/records/65de6-vp158"

#: The archive has the names of attributes outside of the folder of the set.
_NAMES_OF_ATTRIBUTES = ("attributes/attributes.txt", "attributes.txt", "../attributes.txt")


def load_cub(
    data_home: FilePath | None = None,
    *,
    attributes: Literal["class", "photo"] = "class",
    selection: Literal["published", "frequent", "all"] = "published",
    min_classes: int = 10,
    not_visible: Literal["keep", "unknown"] = "keep",
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
) -> Bunch:
    """Birds: 200 species as labels, 112 attributes in 28 groups as extra labels (CUB-312).

    5,994 photos are for training and 5,794 for testing. Attributes are those of Koh et al. [1]_: an
    attribute is present in all photos of a species if most of its training photos have it, where
    photos count in which it is absent and cannot be seen do not vote, and ties count as present.

    Nothing can be downloaded: no licence of the photos is stated.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. This set is in ``CUB_200_2011``, the folder of the official
        archive; ``attributes.txt``, which the archive has beside it, may be there or inside.
    attributes : {"class", "photo"}, default="class"
        Whether a photo has the attributes of its species, by the vote, or those that were annotated
        in the photo.
    selection : {"published", "frequent", "all"}, default="published"
        Which of the 312 attributes: the 112 that are in the files of Koh et al.; those that at
        least `min_classes` species have by the vote, which is the rule of Koh et al.; or all.
    min_classes : int, default=10
        Of `selection` "frequent".
    not_visible : {"keep", "unknown"}, default="keep"
        What of attributes of which the annotator of the photo said that they cannot be seen
        (certainty 1). C-Tran's published code does not show them to the model in testing, which is
        "unknown".
    check_counts, on_missing_file
        As of :func:`load_coco80`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. ``target`` has one species in each row, ``extra`` the attributes,
        ``groups`` the attributes by what they are of, such as "has_bill_shape". ``split`` is
        "train" or "test".

    Raises
    ------
    FileNotFoundError
        If a file is not there; the message says what it is called and where it is published.
    ValueError
        If a file is broken, or not the published one; the message names the line.

    References
    ----------
    .. [1] Koh et al., "Concept Bottleneck Models", ICML 2020 (appendix A).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_cub
    >>> annotations = "1 1 1 4 9\\n1 2 0 4 9\\n2 1 0 1 9\\n2 2 1 3 9\\n"
    >>> files = {
    ...     "images.txt": "1 001.Gull/a.jpg\\n2 002.Wren/b.jpg\\n",
    ...     "train_test_split.txt": "1 1\\n2 0\\n",
    ...     "classes.txt": "1 001.Gull\\n2 002.Wren\\n",
    ...     "image_class_labels.txt": "1 1\\n2 2\\n",
    ...     "attributes/attributes.txt": "1 has_size::large\\n2 has_size::small\\n",
    ...     "attributes/image_attribute_labels.txt": annotations,
    ... }
    >>> with tempfile.TemporaryDirectory() as home:
    ...     folder = pathlib.Path(home, "CUB_200_2011")
    ...     (folder / "attributes").mkdir(parents=True)
    ...     for name, text in files.items():
    ...         _ = (folder / name).write_text(text)
    ...     data = load_cub(home, attributes="photo", selection="all", check_counts=False)
    >>> data.extra.reset_index(drop=True)
       has_size::large  has_size::small
    0              1.0              0.0
    1              0.0              1.0
    >>> data.groups
    {'has_size': ('has_size::large', 'has_size::small')}
    """
    check_choice("attributes", attributes, ["class", "photo"])
    check_choice("selection", selection, ["published", "frequent", "all"])
    check_choice("not_visible", not_visible, ["keep", "unknown"])
    check_count("min_classes", min_classes)
    folder = SetFolder(_ABOUT.title, "CUB_200_2011", data_home)

    def find(name):
        return folder.find(OfficialFile(name, _WHERE))

    photos, classes = Numbered(find("images.txt")), Numbered(find("classes.txt"))
    is_train = _flags(Numbered(find("train_test_split.txt")), photos)
    of_photo = _classes(Numbered(find("image_class_labels.txt")), photos, classes)
    names = Numbered(find(_where_names_are(folder)))
    path = find("attributes/image_attribute_labels.txt")
    is_present, certainty = read_annotations(path, photos, names)
    if not is_train.any():
        raise ValueError(
            f"{_ABOUT.title}: train_test_split.txt has no photo for training, by which species "
            "get their attributes. Is it the official file?"
        )
    of_class = vote(
        is_present[is_train], certainty[is_train], of_photo[is_train], len(classes.texts)
    )
    chosen = choose(names, selection, of_class, min_classes)
    values = of_class[of_photo] if attributes == "class" else is_present
    extra = states_of(values[:, chosen], certainty[:, chosen], not_visible)
    extra_names = [names.texts[column] for column in chosen]
    states = np.full((len(of_photo), len(classes.texts)), NEGATIVE, dtype=np.int8)
    states[np.arange(len(of_photo)), of_photo] = POSITIVE
    entries = Entries(
        source=photos.source,
        paths=[f"images/{text}" for text in photos.texts],
        place=photos.place,
        states=states,
        names=classes.texts,
        form="a species and the attributes of each photo",
        is_explicit=True,
        extra=extra,
        extra_names=extra_names,
        groups=groups_of(extra_names),
    )
    parts = {
        part: entries.take(np.flatnonzero(is_train == (part == "train"))) for part in _ABOUT.counts
    }
    return build(_ABOUT, parts, folder, check_counts=check_counts, on_missing_file=on_missing_file)


def _where_names_are(folder):
    there = [name for name in _NAMES_OF_ATTRIBUTES if folder.has(OfficialFile(name, _WHERE))]
    return there[0] if there else _NAMES_OF_ATTRIBUTES[0]


def _flags(split, photos):
    """Whether each photo is for training."""
    flags = split.of(photos)
    for row, flag in enumerate(flags):
        if flag not in ("0", "1"):
            raise ValueError(
                f"{split.source}: the photo {photos.numbers[row]} must have 1 for training or 0 "
                f"for testing, got {flag!r}."
            )
    return np.array(flags) == "1"


def _classes(labels, photos, classes):
    """The row of each photo's species."""
    texts = labels.of(photos)
    numbers = [whole_number(text) for text in texts]
    for row, text in enumerate(texts):
        if numbers[row] is None:
            raise ValueError(
                f"{labels.source}: the photo {photos.numbers[row]} must have the number of a "
                f"species, got {shortened(text)!r}."
            )
    return classes.rows(
        np.array(numbers, dtype=np.int64),
        lambda row: f"{labels.source}, photo {photos.numbers[row]},",
    )
