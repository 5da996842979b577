"""COCO's JSON: labels of images from annotated instances, and the reverse."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import DataFrame, FilePath
from sklearn_ctran.datasets._formats.targets import read_target
from sklearn_ctran.datasets._tags.bunch import Fixes, make_bunch
from sklearn_ctran.datasets._tags.columns import folder_of
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.datasets._tags.image_folder import folder_or
from sklearn_ctran.datasets._tags.json_files import check_kind, entry, read_json
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: What images of LVIS say of categories that somebody looked for and did not find.
_ABSENT = "neg_category_ids"


def load_coco(
    annotations: FilePath,
    *,
    images: FilePath | None = None,
    crowd: Literal["positive", "unknown"] = "positive",
    unannotated: Literal["negative", "unknown"] = "negative",
    on_missing_file: Literal["raise", "skip", "keep"] = "raise",
    duplicates: Literal["raise", "merge", "first"] = "raise",
) -> Bunch:
    """Images and labels from a file of instances in COCO's format.

    An image has the labels of which it has an instance. All others are negative, because COCO
    annotates all its categories. Where images have ``neg_category_ids``, as in LVIS, only these are
    negative, and other labels without an instance are unknown.

    Parameters
    ----------
    annotations : path-like
        The file, with "images", "annotations" and "categories".
    images : path-like, default=None
        The folder to which file names are relative. None: the folder of the file.
    crowd : {"positive", "unknown"}, default="positive"
        What of a label of which an image has only crowds (``iscrowd``).
    unannotated : {"negative", "unknown"}, default="negative"
        What of all labels of images without any annotation.
    on_missing_file, duplicates : str, default="raise"
        As in :func:`load_tags`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. Labels are in the order of "categories".

    Raises
    ------
    FileNotFoundError
        If there is no such file, or an image is not there.
    ValueError
        If the file is broken; the message names the annotation.

    See Also
    --------
    save_coco : The reverse.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_coco
    >>> content = {
    ...     "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 9, "file_name": "b.jpg"}],
    ...     "categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"}],
    ...     "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "iscrowd": 0}],
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "instances.json")
    ...     _ = file.write_text(json.dumps(content))
    ...     data = load_coco(file, on_missing_file="keep")
    >>> data.target
           cat  dog
    a.jpg  0.0  1.0
    b.jpg  0.0  0.0
    """
    entries, folder = coco_entries(annotations, crowd, unannotated)
    fixes = Fixes(on_missing_file=on_missing_file, duplicates=duplicates)
    return make_bunch(entries, folder_or(images, folder), fixes)


def coco_entries(annotations, crowd="positive", unannotated="negative"):
    """The Entries of a file of instances, and the folder that it is in."""
    check_choice("crowd", crowd, ["positive", "unknown"])
    check_choice("unannotated", unannotated, ["negative", "unknown"])
    source, folder = folder_of(annotations)
    content = check_kind(read_json(annotations, _light), dict, f"{source}, all of it,")
    if "categories" not in content:
        raise ValueError(f"{source} has no 'categories': captions and results have no labels.")
    names, columns = _categories(entry(content, "categories", list, source), source)
    photos = entry(content, "images", list, source)
    paths, rows = read_photos(photos, source)
    instances = entry(content, "annotations", list, source)
    of_row, of_column, is_crowd = _instances(instances, rows, columns, source)
    states = np.full((len(paths), len(names)), NEGATIVE, dtype=np.int8)
    for row, photo in enumerate(photos):
        if _ABSENT in photo:
            states[row] = UNKNOWN
            states[row, _absent(photo, columns, f"{source}, image {photo['id']}")] = NEGATIVE
    if unannotated == "unknown":
        states[np.bincount(of_row, minlength=len(paths)) == 0] = UNKNOWN
    if crowd == "unknown":
        states[of_row[is_crowd], of_column[is_crowd]] = UNKNOWN
        of_row, of_column = of_row[~is_crowd], of_column[~is_crowd]
    states[of_row, of_column] = POSITIVE
    identifiers = list(rows)
    entries = Entries(
        source=source,
        paths=paths,
        place=lambda row: f"{source}, image {identifiers[row]}",
        states=states,
        names=names,
        form=f"{len(instances):,} instances in COCO's format",
        is_explicit=any(_ABSENT in photo for photo in photos),
        index_name=None,
    )
    return entries, folder


def _light(item):
    """An object without its outline, which is most of a file: no label is read from it."""
    if "image_id" in item:
        item.pop("segmentation", None)
        item.pop("bbox", None)
    return item


def _categories(categories, source):
    """The names of the labels, and the column of each identifier."""
    names, columns = [], {}
    for number, category in enumerate(categories):
        where = f"{source}, category {number}"
        check_kind(category, dict, where)
        columns[entry(category, "id", int, where)] = number
        names.append(entry(category, "name", str, where))
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice or len(columns) < len(names):
        raise ValueError(f"{source}: two categories have one id or name {listed(twice)}.")
    return names, columns


def read_photos(photos, source):
    """The paths of the images, and the row of each identifier."""
    paths, rows = [], {}
    for number, photo in enumerate(photos):
        where = f"{source}, image {number}"
        check_kind(photo, dict, where)
        identifier = photo.get("id")
        if not isinstance(identifier, (int, str)) or identifier in rows:
            raise ValueError(f"{where} has the id {identifier!r}, which is none or there twice.")
        rows[identifier] = number
        paths.append(entry(photo, "file_name", str, where))
    return paths, rows


def _instances(instances, rows, columns, source):
    """Arrays of the rows, columns and crowds of all instances."""
    found = np.empty((len(instances), 3), dtype=np.int64)
    for number, instance in enumerate(instances):
        try:
            row, column = rows[instance["image_id"]], columns[instance["category_id"]]
            found[number] = row, column, bool(instance.get("iscrowd"))
        except (AttributeError, KeyError, TypeError):
            raise _odd_instance(instance, rows, f"{source}, annotation {number}") from None
    return found[:, 0], found[:, 1], found[:, 2].astype(bool)


def _odd_instance(instance, rows, where):
    """The error for an annotation that is none."""
    check_kind(instance, dict, where)
    for key in ("image_id", "category_id"):
        if key not in instance:
            return ValueError(f"{where} has no {key!r}.")
    known = isinstance(instance["image_id"], (int, str)) and instance["image_id"] in rows
    key, what = ("category_id", "categories") if known else ("image_id", "images")
    return ValueError(f"{where} has the {key} {instance[key]!r}, which is not among its {what}.")


def _absent(photo, columns, where):
    try:
        return [columns[identifier] for identifier in photo[_ABSENT]]
    except (KeyError, TypeError):
        raise ValueError(
            f"{where}: {_ABSENT} must list categories, got {photo[_ABSENT]!r}."
        ) from None


def save_coco(
    file: FilePath,
    target: DataFrame,
    *,
    images: Sequence[FilePath] | None = None,
    relative_to: FilePath | None = None,
) -> None:
    """Write labels of images as a file in COCO's format.

    Each positive label is an annotation without a box. If some entries are unknown, the categories
    that are known to be absent are in ``neg_category_ids`` of each image, as in LVIS.

    Parameters
    ----------
    file : path-like
        The file to write. It is written completely or not at all.
    target : DataFrame of shape (n_images, n_labels)
        1, 0, and NaN or -1 where unknown, with the labels as columns, as ``target`` of
        :func:`load_tags`, or ``predict`` as a frame.
    images : sequence of path-like, default=None
        The images. None: the index of `target`.
    relative_to : path-like, default=None
        Write file names relative to this folder, with "/", instead of as they are.

    Raises
    ------
    ValueError, TypeError
        If `target` is no table of labels.

    See Also
    --------
    load_coco : The reverse.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from sklearn_ctran.datasets import load_coco, save_coco
    >>> target = pd.DataFrame({"cat": [1, 0], "dog": [0, None]}, index=["a.jpg", "b.jpg"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "labels.json")
    ...     save_coco(file, target)
    ...     data = load_coco(file, on_missing_file="keep")
    >>> data.target
           cat  dog
    a.jpg  1.0  0.0
    b.jpg  0.0  NaN
    """
    labels = read_target(target, images, relative_to)
    photos: list[dict[str, Any]] = [
        {"id": row + 1, "file_name": path} for row, path in enumerate(labels.paths)
    ]
    if (labels.states == UNKNOWN).any():
        for photo, states in zip(photos, labels.states, strict=True):
            photo[_ABSENT] = (np.flatnonzero(states == NEGATIVE) + 1).tolist()
    pairs = np.argwhere(labels.states == POSITIVE).tolist()
    content = {
        "images": photos,
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(labels.names)],
        "annotations": [
            {"id": number + 1, "image_id": row + 1, "category_id": column + 1, "iscrowd": 0}
            for number, (row, column) in enumerate(pairs)
        ],
    }
    with replacing(Path(os.fspath(file))) as unfinished:
        unfinished.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
