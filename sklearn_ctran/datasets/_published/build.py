"""From what official files say to the Bunch of a published set, whose counts are checked."""

import ntpath
import posixpath
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sklearn_ctran._utils.names import listed, shortened
from sklearn_ctran.datasets._tags.bunch import Fixes, make_bunch
from sklearn_ctran.datasets._tags.forms import check_choice


@dataclass(frozen=True)
class About:
    """What is published of a set.

    Attributes
    ----------
    title : str
        What errors call it.
    text : str
        What it is, where it is published, and what is read otherwise than by its authors.
    counts : dict
        Part, such as "train" -> number of images.
    n_labels : int
    """

    title: str
    text: str
    counts: Mapping
    n_labels: int


def build(about, parts, folder, *, check_counts=True, on_missing_file="keep", begin=""):
    """The Bunch of a set.

    Parameters
    ----------
    about : About
    parts : dict
        Part, such as "train" -> its Entries, whose paths are relative to `folder`, with "/".
    folder : SetFolder
    check_counts : bool
        Whether the numbers of images and labels must be those of `about`.
    on_missing_file : {"keep", "raise", "skip"}
        As in ``load_tags``, but "keep" does not even look for files.
    begin : str or None
        What the user wants paths to begin with. What follows must not lead out of there. None: the
        user says all of them.

    Raises ValueError if a photo or a label is there twice, a path leads elsewhere, parts differ in
    their labels, counts differ, or there is no photo.
    """
    if not isinstance(check_counts, bool):
        raise TypeError(f"check_counts must be True or False, got {check_counts!r}.")
    check_choice("on_missing_file", on_missing_file, ["keep", "raise", "skip"])
    if begin is not None:
        _check_inside(about, parts, begin)
    if not any(entries.paths for entries in parts.values()):
        raise ValueError(f"{about.title}: its files have no photos. Are they the official ones?")
    _check_once(about, parts)
    _check_names(about, parts)
    if check_counts:
        _check_counts(about, parts)
    bunch = make_bunch(
        _stacked(about, parts, folder),
        str(folder.path),
        Fixes(on_missing_file=on_missing_file),
        look_for_files=on_missing_file != "keep",
    )
    bunch.DESCR = f"{about.text.strip()}\n\n{bunch.DESCR}"
    return bunch


def _check_inside(about, parts, begin):
    """Raise ValueError for a path that is absolute, or leads out of the folder by ".."."""
    for entries in parts.values():
        for row, path in enumerate(entries.paths):
            # As on Windows, where both "/" and a backslash are between folders.
            rest = ntpath.normpath(path.removeprefix(begin))
            if ntpath.isabs(rest) or rest.split("\\")[0] in ("", ".."):
                raise ValueError(
                    f"{about.title}: {entries.place(row)} has the path {shortened(path)!r}, which "
                    "leads out of the folder of the photos. Is it the official file?"
                )


def _check_names(about, parts):
    """Raise ValueError if a label is there twice."""
    for entries in parts.values():
        names = [*entries.names, *(entries.extra_names or ())]
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            raise ValueError(
                f"{about.title}: labels must have different names, but {listed(twice)} are "
                "there twice. Is the file of the labels the official one?"
            )


def _check_once(about, parts):
    """Raise ValueError if a photo is there twice, in one part or in two."""
    where = {}
    for entries in parts.values():
        for row, path in enumerate(entries.paths):
            first, other = where.setdefault(posixpath.normpath(path), (entries, row))
            if first is not entries or other != row:
                raise ValueError(
                    f"{about.title}: {entries.place(row)} is the photo {path!r}, which "
                    f"{first.place(other)} is too."
                )


def _check_counts(about, parts):
    found = {name: len(entries.paths) for name, entries in parts.items()}
    for name, entries in parts.items():
        expected = about.counts[name]
        if found[name] != expected:
            raise _other_count(about, entries, f"{found[name]:,} images", name, f"{expected:,}")
        if len(entries.names) != about.n_labels:
            words = f"{len(entries.names):,} labels"
            raise _other_count(about, entries, words, name, f"{about.n_labels:,}")


def _other_count(about, entries, found, part, expected):
    return ValueError(
        f"{about.title}: {entries.source} has {found} in {part!r}, but {expected} are published. "
        "Is it the official file, and complete? check_counts=False reads it as it is."
    )


def _stacked(about, parts, folder):
    """One Entries of all parts, with their names as its split."""
    first, *others = parts.values()
    for entries in others:
        for mine, its in ((first.names, entries.names), (first.extra_names, entries.extra_names)):
            if mine != its:
                odd = sorted({*map(str, mine or ())} ^ {*map(str, its or ())})
                what = f"only one of them has {listed(odd)}" if odd else "their order differs"
                raise ValueError(
                    f"{about.title}: the labels of {first.source} and {entries.source} are not "
                    f"the same: {what}."
                )
    sizes = [len(entries.paths) for entries in parts.values()]
    ends = np.cumsum(sizes)

    def place(row):
        part = int(np.searchsorted(ends, row, side="right"))
        return list(parts.values())[part].place(row - int(ends[part]) + sizes[part])

    return replace(
        first,
        source=about.title,
        paths=[path for entries in parts.values() for path in entries.paths],
        place=place,
        states=np.concatenate([entries.states for entries in parts.values()]),
        form="; ".join(dict.fromkeys(entries.form for entries in parts.values())),
        extra=None
        if first.extra is None
        else np.concatenate([entries.extra for entries in parts.values()]),
        split=[name for name, entries in parts.items() for _ in entries.paths],
        index_name="path",
        relative_to=f"the folder {str(folder.path)!r}",
    )
