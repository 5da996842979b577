"""YOLO's folders: labels of images from the classes of their boxes."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sklearn.utils import Bunch

from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._tags.bunch import Fixes, make_bunch
from sklearn_ctran.datasets._tags.csv_files import read_text
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import check_choice, states_of_tags
from sklearn_ctran.datasets._tags.image_folder import ImageFolder
from sklearn_ctran.datasets._tags.json_files import check_kind
from sklearn_ctran.datasets._tags.summary import counted
from sklearn_ctran.modules.label_states import UNKNOWN

_SPLITS = ("train", "val", "test")


def load_yolo(
    source: FilePath,
    *,
    splits: Sequence[str] | None = None,
    unannotated: Literal["negative", "unknown"] = "negative",
    on_missing_file: Literal["raise", "skip", "keep"] = "raise",
    duplicates: Literal["raise", "merge", "first"] = "raise",
) -> Bunch:
    """Images and labels from folders as YOLO has them, with a file of boxes for each image.

    An image has the labels of the classes in its file; all others are negative. The file of
    ``images/a.jpg`` is ``labels/a.txt``, that of an image in another folder is beside it. Boxes,
    polygons and numbers of classes alone, one a line, are all read.

    A ``data.yaml`` needs PyYAML: ``pip install "sklearn-ctran[tables]"``.

    Parameters
    ----------
    source : path-like
        A file ``data.yaml``, or the folder that it is in; or a folder with ``classes.txt``, a class
        a line, ``images`` and ``labels``, as Label Studio exports it.
    splits : list of {"train", "val", "test"}, default=None
        The parts to read. None: all that ``data.yaml`` has.
    unannotated : {"negative", "unknown"}, default="negative"
        What of all labels of an image without a file. YOLO takes it for an image without any.
    on_missing_file, duplicates : str, default="raise"
        As in :func:`load_tags`. Files can be missing where a part is a list of paths.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. Labels are in the order of the classes, ``split`` has the parts.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If a file is broken, with its line.
    ImportError
        If PyYAML is not installed.

    Notes
    -----
    There is no writer, because labels of images have no boxes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_yolo
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = pathlib.Path(name)
    ...     for part in ("images", "labels"):
    ...         (folder / part).mkdir()
    ...     (folder / "images" / "a.jpg").touch()
    ...     _ = (folder / "labels" / "a.txt").write_text("1 0.5 0.5 0.2 0.2\\n")
    ...     _ = (folder / "classes.txt").write_text("cat\\ndog\\n")
    ...     data = load_yolo(folder)
    >>> data.target
                  cat  dog
    images/a.jpg  0.0  1.0
    """
    check_choice("unannotated", unannotated, ["negative", "unknown"])
    file = _file(Path(source))
    names, parts = _read_classes(file) if file.suffix == ".txt" else _read_yaml(file)
    parts = _chosen(parts, splits, file)
    paths, split, rows, stray = [], [], [], 0
    for part, places in parts.items():
        found = [path for place in places for path in _images(place, file)]
        paths += found
        split += [part] * len(found)
        rows += [_classes(path, names) for path in found]
        stray += _n_stray(found)
    states, labels = states_of_tags(rows, "negative", names=names)
    if unannotated == "unknown":
        # A file that is there and empty says that there is nothing.
        states[[row is None for row in rows]] = UNKNOWN
    folder = str(file.parent)
    paths = [os.path.relpath(path, folder).replace(os.sep, "/") for path in paths]
    entries = Entries(
        source=file.name,
        paths=paths,
        place=lambda row: f"{file.name}, image {row}",
        states=states,
        names=labels,
        form="classes of YOLO's boxes",
        split=None if None in parts else split,
        index_name=None,
    )
    fixes = Fixes(on_missing_file=on_missing_file, duplicates=duplicates)
    data = make_bunch(entries, folder, fixes)
    if stray:
        data.summary.notes.append(f"{counted(stray, 'file')} of labels without an image: not used")
        data.DESCR = f"Labels of images, read from {data.summary}\n"
    return data


def _file(source):
    """The file that names the classes, of which the folder may be given."""
    if not source.is_dir():
        return source
    for name in ("data.yaml", "data.yml", "dataset.yaml", "classes.txt"):
        if (source / name).is_file():
            return source / name
    raise FileNotFoundError(f"The folder {str(source)!r} has neither data.yaml nor classes.txt.")


def _read_classes(file):
    """Names of the classes, and where images are, of ``classes.txt``."""
    names = [line.strip() for line in read_text(file).splitlines() if line.strip()]
    return _checked(names, file), {None: [file.parent / "images"]}


def _read_yaml(file):
    """Names of the classes, and where the images of each part are, of ``data.yaml``."""
    try:
        import yaml
    except ImportError as error:
        raise ImportError("data.yaml needs PyYAML: pip install 'sklearn-ctran[tables]'.") from error
    try:
        content = yaml.safe_load(read_text(file))
    except (yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{file} cannot be read as YAML: {reason}") from None
    check_kind(content, dict, f"{file}, all of it,")
    root = file.parent / str(content.get("path") or "")
    parts = {}
    for part in _SPLITS:
        places = content.get(part)
        places = [places] if isinstance(places, str) else places
        if places:
            check_kind(places, list, f"{file}, {part!r}")
            parts[part] = [_place(root, str(place)) for place in places]
    if not parts:
        raise ValueError(f"{file} has no {listed(_SPLITS)}: where are the images?")
    return _names(content.get("names"), file), parts


def _names(names, file):
    """The names of the classes, of a list, or of an object from number to name."""
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise ValueError(f"{file}: names must have the numbers 0 to {len(names) - 1}.")
        names = [names[number] for number in range(len(names))]
    for number, name in enumerate(check_kind(names, list, f"{file}, 'names'")):
        if not isinstance(name, (str, int, float)):
            raise ValueError(
                f"{file}, 'names': name {number} must be a text, got a list or object."
            )
    return _checked([str(name) for name in names], file)


def _checked(names, file):
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice or not names:
        what = f"the name {listed(twice)} twice" if twice else "no names of classes"
        raise ValueError(f"{file} has {what}.")
    return names


def _place(root, place):
    """A folder or list of images. Some tools write a "../" too much."""
    path = root / place
    shorter = root / place.removeprefix("../")
    return shorter if not path.exists() and shorter.exists() else path


def _chosen(parts, splits, file):
    if splits is None:
        return parts
    if isinstance(splits, str):
        raise TypeError(f"splits must be a list: splits=[{splits!r}].")
    missing = [part for part in splits if part not in parts]
    if missing:
        raise ValueError(f"{file} has no part {missing[0]!r}, only {listed(parts)}.")
    return {part: parts[part] for part in splits}


def _images(place, file):
    """The paths of the images of a folder, or of a list."""
    if place.is_dir():
        return [os.path.join(place, name) for name in ImageFolder(str(place)).images()]
    if place.suffix != ".txt" or not place.is_file():
        raise FileNotFoundError(f"{file}: there is no folder or list of images {str(place)!r}.")
    lines = [line.strip() for line in read_text(place).splitlines()]
    return [os.path.join(place.parent, line) for line in lines if line]


def _label_file(path):
    """The file of labels of an image."""
    folder, name = os.path.split(path)
    before, found, after = f"{folder}/".replace(os.sep, "/").rpartition("/images/")
    folder = f"{before}/labels/{after}" if found else folder
    return os.path.join(folder, os.path.splitext(name)[0] + ".txt")


def _classes(path, names):
    """The names of the classes in an image's file, a list; None if there is no file."""
    file = _label_file(path)
    if not os.path.isfile(file):
        return None
    found = {}
    for number, line in enumerate(read_text(file).splitlines(), 1):
        word = line.split(maxsplit=1)[:1]
        if not word:
            continue
        if not (word[0].isdecimal() and int(word[0]) < len(names)):
            raise ValueError(
                f"{file}, line {number} begins with {word[0]!r}, which is no class: they are 0 to "
                f"{len(names) - 1}."
            )
        found[names[int(word[0])]] = True
    return list(found)


def _n_stray(paths):
    """The number of files of labels, in the folders of those of some images, without an image."""
    wanted = {}
    for path in paths:
        folder, name = os.path.split(_label_file(path))
        wanted.setdefault(folder, set()).add(name)
    stray = 0
    for folder, names in wanted.items():
        if os.path.isdir(folder):
            files = [name for name in os.listdir(folder) if name.endswith(".txt")]
            stray += len({*files} - names - {"classes.txt"})
    return stray
