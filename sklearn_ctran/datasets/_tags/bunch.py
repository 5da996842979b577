"""From entries to a Bunch: the one place where tables and files of any format become a data set."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.frames import import_pandas, to_frame
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.datasets._tags.entries import combined
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.datasets._tags.image_folder import ImageFolder
from sklearn_ctran.datasets._tags.spellings import renamed, variants
from sklearn_ctran.datasets._tags.summary import TagSummary
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


@dataclass
class Fixes:
    """What to do about what is wrong: the arguments of ``load_tags`` of these names."""

    suffix: str = ""
    on_missing_file: str = "raise"
    unlisted: str = "ignore"
    duplicates: str = "raise"
    merge_spellings: bool = False
    rename: Mapping | None = None
    min_count: int = 0

    def check(self):
        """Raise ValueError or TypeError for what no argument may be."""
        if not isinstance(self.suffix, str):
            raise TypeError(f"suffix must be a text, such as '.jpg', got {self.suffix!r}.")
        check_choice("on_missing_file", self.on_missing_file, ["raise", "skip", "keep"])
        check_choice("unlisted", self.unlisted, ["ignore", "unknown"])
        check_choice("duplicates", self.duplicates, ["raise", "merge", "first"])
        check_count("min_count", self.min_count, least=0)


def make_bunch(entries, folder, fixes=None, look=False, look_for_files=True):
    """The Bunch of some Entries, whose paths are relative to a folder.

    `look`: whether to look there for images without a row. `look_for_files`: whether to look for
    the file of each row.
    """
    fixes = fixes or Fixes()
    fixes.check()
    files = ImageFolder(folder, fixes.suffix, looks=look_for_files)
    summary = TagSummary(
        entries.source,
        entries.form,
        n_rows=len(entries.paths),
        action=fixes.on_missing_file,
        fixes=asdict(fixes),
    )
    entries = _with_fixed_names(entries, fixes, summary)
    entries, paths = _with_files(entries, files, fixes, summary)
    entries, paths = _without_repeats(entries, paths, fixes, summary)
    if look:
        entries, paths = _with_unlisted(entries, paths, files, fixes, summary)
    return _bunch(_without_rare(entries, fixes, summary), paths, summary)


def _with_fixed_names(entries, fixes, summary):
    if fixes.rename is not None:
        entries = _renamed(entries, fixes.rename, summary)
    summary.spellings = variants(entries.names, entries.states)
    if fixes.merge_spellings:
        first = {name: group[0] for group in summary.spellings for name in group[1:]}
        entries = _renamed(entries, first, summary)
    return entries


def _renamed(entries, rename, summary):
    names, states, contradicts = renamed(entries.names, entries.states, rename, entries.is_explicit)
    _tell_conflicts(entries.paths, names, contradicts, summary)
    groups = entries.groups and {
        group: tuple(dict.fromkeys(rename.get(name, name) for name in labels))
        for group, labels in entries.groups.items()
    }
    return replace(entries, names=names, states=states, groups=groups)


def _tell_conflicts(paths, names, contradicts, summary):
    rows, labels = np.nonzero(contradicts)
    pairs = zip(rows.tolist(), labels.tolist(), strict=True)
    summary.conflicts += [(paths[row], names[label]) for row, label in pairs]


def _with_files(entries, files, fixes, summary):
    """Entries to use, and the paths of their files."""
    found = [path and files.find(path) for path in entries.paths]
    missing = [row for row, path in enumerate(found) if path is None]
    summary.missing_files = [entries.paths[row] or "" for row in missing]
    if not missing:
        return entries, found
    if fixes.on_missing_file == "raise":
        raise _no_file(entries, missing, files)
    if fixes.on_missing_file == "keep":
        for row in missing:
            _check_path(entries, row)
            found[row] = files.path(entries.paths[row])
        return entries, found
    if len(missing) == len(found):
        # Nothing would be left: the folder is wrong.
        raise _no_file(entries, missing, files)
    rows = np.array([row for row, path in enumerate(found) if path is not None], dtype=np.int64)
    return entries.take(rows), [path for path in found if path is not None]


def _check_path(entries, row):
    if entries.paths[row] is None:
        raise ValueError(
            f"{entries.place(row)} has no path. on_missing_file='skip' leaves such rows out."
        )


def _no_file(entries, missing, files):
    """The error for rows without files."""
    row = missing[0]
    _check_path(entries, row)
    written = entries.paths[row]
    others, ways = "", "'skip' leaves rows without a file out, 'keep' keeps them."
    if len(missing) == len(entries.paths):
        others, ways = ", nor one of any other row", "'keep' keeps rows without a file."
    elif len(missing) > 1:
        others = f", and {len(missing) - 1} other rows have none"
    return FileNotFoundError(
        f"{entries.place(row)}: there is no file {files.path(written)!r}{others}."
        f"{files.hint(written)} Paths are relative to {entries.relative_to}. "
        f"on_missing_file={ways}"
    )


def _without_repeats(entries, paths, fixes, summary):
    """Entries of which each path is there once."""
    numbers = {}
    keys = [os.path.normpath(path) for path in paths]
    groups = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    order = np.argsort(groups, kind="stable")
    _, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    first = order[starts]
    repeated = first[counts > 1]
    if not len(repeated):
        return entries, paths
    summary.repeated_paths = [entries.paths[row] for row in repeated]
    if fixes.duplicates == "raise":
        row, other = np.flatnonzero(groups == groups[repeated[0]])[:2].tolist()
        raise ValueError(
            f"{entries.place(other)} has the path {entries.paths[other]!r}, which "
            f"{entries.place(row)} has too; {len(repeated)} paths are in several rows. "
            "duplicates='merge' unites their labels, 'first' takes the first row of each."
        )
    once = entries.take(first)
    if fixes.duplicates == "merge":
        _merge(once, entries, order, starts, summary)
    return once, [paths[row] for row in first]


def _merge(once, entries, order, starts, summary):
    """Put the labels of all rows of a path into the first ones."""
    once.states, contradicts = combined(entries.states[order], starts, entries.is_explicit)
    _tell_conflicts(once.paths, once.names, contradicts, summary)
    if entries.extra is not None:
        once.extra, contradicts = combined(entries.extra[order], starts, is_explicit=True)
        _tell_conflicts(once.paths, once.extra_names, contradicts, summary)


def _with_unlisted(entries, paths, files, fixes, summary):
    """Entries, and a row without labels for each image without a row if that is asked for."""
    known = {os.path.normpath(path) for path in paths}
    names = files.images()
    names = [name for name in names if os.path.normpath(files.joined(name)) not in known]
    summary.unlisted_files = names
    if not names or fixes.unlisted == "ignore":
        return entries, paths

    def more(states):
        unknown = np.full((len(names), states.shape[1]), UNKNOWN, dtype=np.int8)
        return np.concatenate([states, unknown])

    entries = replace(
        entries,
        paths=entries.paths + names,
        states=more(entries.states),
        extra=None if entries.extra is None else more(entries.extra),
        split=entries.split and entries.split + [None] * len(names),
    )
    return entries, paths + [files.joined(name) for name in names]


def _without_rare(entries, fixes, summary):
    is_kept = (entries.states == POSITIVE).sum(axis=0) >= fixes.min_count
    if is_kept.all():
        return entries
    pairs = list(zip(entries.names, is_kept.tolist(), strict=True))
    summary.rare_labels = [name for name, kept in pairs if not kept]
    names = [name for name, kept in pairs if kept]
    return replace(entries, names=names, states=entries.states[:, is_kept])


def _bunch(entries, paths, summary):
    states = entries.states
    index = _pandas().Index(entries.paths, dtype=object, name=entries.index_name)
    counts = {
        word: (states == state).sum(axis=0)
        for word, state in (("positive", POSITIVE), ("negative", NEGATIVE), ("unknown", UNKNOWN))
    }
    summary.n_images, summary.n_labels = states.shape
    summary.n_positive, summary.n_negative, summary.n_unknown = (
        int(each.sum()) for each in counts.values()
    )
    is_blank = (states == UNKNOWN).all(axis=1)
    summary.without_label = [entries.paths[row] for row in np.flatnonzero(is_blank)]
    extra = entries.extra
    return Bunch(
        images=paths,
        target=states_frame(states, index, entries.names),
        target_names=as_names(entries.names),
        counts=to_frame(counts, index=as_names(entries.names)).rename_axis("label"),
        extra=None if extra is None else states_frame(extra, index, entries.extra_names),
        extra_names=None if extra is None else as_names(entries.extra_names),
        groups=_groups(entries),
        split=None if entries.split is None else np.array(entries.split, dtype=object),
        summary=summary,
        DESCR=f"Labels of images, read from {summary}\n",
    )


def _pandas():
    try:
        return import_pandas()
    except ImportError as error:
        raise ImportError(
            "Labels are read into a frame of pandas: pip install 'sklearn-ctran[tables]'."
        ) from error


def states_frame(states, index, names):
    """A data frame of 1.0, 0.0 and NaN."""
    values = states.astype(np.float32)
    values[states == UNKNOWN] = np.nan
    return to_frame(values, index=index, columns=as_names(names), copy=False)


def _groups(entries):
    """Groups of the labels that are left; None if there are none."""
    left = {*entries.names, *(entries.extra_names or ())}
    groups = {
        group: tuple(name for name in labels if name in left)
        for group, labels in (entries.groups or {}).items()
    }
    return {group: labels for group, labels in groups.items() if labels} or None
