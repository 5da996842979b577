"""FiftyOne's JSON: fields of Classifications, and the reverse."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Bunch

from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import DataFrame, FilePath
from sklearn_ctran.datasets._formats.paths import inside
from sklearn_ctran.datasets._formats.probabilities import read_probabilities, read_thresholds
from sklearn_ctran.datasets._tags.bunch import Fixes, make_bunch
from sklearn_ctran.datasets._tags.columns import folder_of
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import check_choice, states_of_tags
from sklearn_ctran.datasets._tags.image_folder import ImageFolder, folder_or
from sklearn_ctran.datasets._tags.json_files import check_kind, entry, read_json

_KINDS = ("Classifications", "Classification")


def load_fiftyone(
    source: FilePath,
    *,
    missing: Literal["negative", "unknown"],
    blank: Literal["negative", "unknown"] = "unknown",
    field: str | None = None,
    images: FilePath | None = None,
    on_missing_file: Literal["raise", "skip", "keep"] = "raise",
    duplicates: Literal["raise", "merge", "first"] = "raise",
) -> Bunch:
    """Images and labels from an export of FiftyOne; FiftyOne itself is not needed.

    The export is a ``FiftyOneDataset`` with ``samples.json``, of which a field of
    ``Classifications``, or of one ``Classification``, is read; or a
    ``FiftyOneImageClassificationDataset`` with ``labels.json``. Confidences are not read.

    Parameters
    ----------
    source : path-like
        The folder of the export, or its file.
    missing : {"negative", "unknown"}
        What of a label that an image does not list, as in :func:`load_tags`.
    blank : {"negative", "unknown"}, default="unknown"
        What of all labels of an image whose field is empty.
    field : str, default=None
        The field of labels. None: the only one of its kind. Not for ``labels.json``.
    images : path-like, default=None
        The folder of the images. None: that of the export, or ``data`` in it for ``labels.json``.
    on_missing_file, duplicates : str, default="raise"
        As in :func:`load_tags`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. Labels are sorted, or in the order of "classes".

    Raises
    ------
    FileNotFoundError
        If there is no such export, or an image is not there.
    ValueError
        If the file is broken, or it is not clear which field has the labels.

    See Also
    --------
    save_fiftyone : The reverse.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_fiftyone
    >>> tags = {"_cls": "Classifications", "classifications": [{"label": "cat"}, {"label": "sun"}]}
    >>> samples = [
    ...     {"filepath": "data/a.jpg", "ground_truth": tags},
    ...     {"filepath": "data/b.jpg", "ground_truth": None},
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "samples.json").write_text(json.dumps({"samples": samples}))
    ...     data = load_fiftyone(folder, missing="negative", on_missing_file="keep")
    >>> data.target
                cat  sun
    data/a.jpg  1.0  1.0
    data/b.jpg  NaN  NaN
    """
    check_choice("missing", missing, ["negative", "unknown"])
    check_choice("blank", blank, ["negative", "unknown"])
    file = _file(source)
    name, folder = folder_of(file)
    content = check_kind(read_json(file), dict, f"{name}, all of it,")
    if "samples" in content:
        names = None
        paths, rows = _of_samples(entry(content, "samples", list, name), field, name)
    else:
        if field is not None:
            raise ValueError(f"{name} has one field of labels only: leave out field={field!r}.")
        folder = os.path.join(folder, "data") if images is None else folder
        names = content.get("classes")
        names = names if names is None else [str(each) for each in check_kind(names, list, name)]
        files = ImageFolder(folder_or(images, folder))
        paths, rows = _of_keys(entry(content, "labels", dict, name), names, files, name)
    states, labels = states_of_tags(rows, missing, blank, names)
    entries = Entries(
        source=name,
        paths=paths,
        place=lambda row: f"{name}, sample {row}",
        states=states,
        names=labels,
        form="classifications of FiftyOne",
        index_name=None,
    )
    fixes = Fixes(on_missing_file=on_missing_file, duplicates=duplicates)
    return make_bunch(entries, folder_or(images, folder), fixes)


def _file(source):
    """The file of an export, of which the folder may be given."""
    if not os.path.isdir(source):
        return source
    found = [Path(source, name) for name in ("samples.json", "labels.json")]
    found = [path for path in found if path.is_file()]
    if not found:
        raise FileNotFoundError(
            f"The folder {os.fspath(source)!r} has neither samples.json nor labels.json."
        )
    return found[0]


def _of_samples(samples, field, source):
    """Paths and lists of tags of ``samples.json``."""
    fields = {}
    for number, sample in enumerate(samples):
        check_kind(sample, dict, f"{source}, sample {number}")
        for key, value in sample.items():
            if isinstance(value, dict) and value.get("_cls") in _KINDS:
                fields[key] = True
    if field is None:
        if len(fields) != 1:
            what = f"has several, {listed(fields)}" if fields else "has none"
            raise ValueError(
                f"{source}: a field of Classifications is needed, but the file {what}. Say which: "
                "field='...'."
            )
        (field,) = fields
    elif not any(field in sample for sample in samples):
        raise ValueError(f"{source} has no field {field!r}, only {listed(fields)}.")
    paths, rows = [], []
    for number, sample in enumerate(samples):
        where = f"{source}, sample {number}"
        paths.append(entry(sample, "filepath", str, where))
        rows.append(_labels_of(sample.get(field), where))
    return paths, rows


def _labels_of(value, where):
    """The labels of a field: of Classifications, of a Classification, or None."""
    if value is None:
        return None
    check_kind(value, dict, where)
    if value.get("_cls") == "Classification":
        return [entry(value, "label", str, where)]
    found = entry(value, "classifications", list, where)
    return [entry(check_kind(each, dict, where), "label", str, where) for each in found]


def _of_keys(labels, names, files, source):
    """Paths and lists of tags of ``labels.json``, whose keys are paths without their suffixes."""
    stems = {}
    for path in files.images():
        stems.setdefault(os.path.splitext(path)[0], path)
    rows = []
    for key, value in labels.items():
        where = f"{source}, {key!r}"
        targets = value if isinstance(value, list) or value is None else [value]
        rows.append(targets and [_label(target, names, where) for target in targets])
    return [stems.get(key, key) for key in labels], rows


def _label(target, names, where):
    """The name of a target: a name, a position among names, or an object with either."""
    target = target.get("label") if isinstance(target, dict) else target
    if isinstance(target, int) and not isinstance(target, bool) and names is not None:
        if not 0 <= target < len(names):
            raise ValueError(f"{where}: there is no class {target} among {len(names)} classes.")
        return names[target]
    if not isinstance(target, str) or (names is not None and target not in names):
        raise ValueError(f"{where} has the label {target!r}, which is no class.")
    return target


def save_fiftyone(
    file: FilePath,
    proba: DataFrame,
    images: FilePath,
    *,
    thresholds: float | Mapping[str, float] | ArrayLike = 0.5,
    confidence: bool = True,
) -> None:
    """Write labels or predictions as ``labels.json``, which FiftyOne imports as Classifications.

    In FiftyOne, ::

        fiftyone.Dataset.from_dir(
            dataset_type=fiftyone.types.FiftyOneImageClassificationDataset,
            data_path=images, labels_path=file, include_all_data=False,
        )

    Parameters
    ----------
    file : path-like
        The file to write. It is written completely or not at all.
    proba : DataFrame of shape (n_images, n_labels)
        Probabilities with the labels as columns and paths as the index, as of
        ``predict_proba_frame``; or labels: 1, 0 and NaN. Images with NaN only have no labels.
    images : path-like
        The folder in which all images are.
    thresholds : float, dict or array-like of shape (n_labels,), default=0.5
        Labels with greater probabilities are written. A dict has some labels, 0.5 for others.
    confidence : bool, default=True
        Whether to write the probabilities too.

    Raises
    ------
    ValueError
        If an image is not in the folder, or two differ by their suffix only, which FiftyOne's
        format does not tell apart.

    See Also
    --------
    load_fiftyone : The reverse.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from sklearn_ctran.datasets import save_fiftyone
    >>> proba = pd.DataFrame({"cat": [0.9, 0.2]}, index=["photos/a.jpg", "photos/b.jpg"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "labels.json")
    ...     save_fiftyone(file, proba, "photos")
    ...     print(file.read_text())
    {"classes": ["cat"], "labels": {"a": [{"label": 0, "confidence": 0.9}], "b": []}}
    """
    predicted = read_probabilities(proba)
    above = predicted.values > read_thresholds(thresholds, predicted.names)
    labels: dict[str, Any] = {}
    for row, path in enumerate(predicted.paths):
        key = os.path.splitext(inside(path, images, "images"))[0]
        if key in labels:
            raise ValueError(
                f"{path!r} has the name of another image, but for its suffix: FiftyOne's format "
                "has no suffixes."
            )
        labels[key] = _targets(predicted.values[row], above[row], confidence)
    content = {"classes": predicted.names, "labels": labels}
    with replacing(Path(file)) as unfinished:
        unfinished.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _targets(values, above, confidence):
    """What ``labels.json`` has of an image; None where nothing is known."""
    if np.isnan(values).all():
        return None
    columns = np.flatnonzero(above).tolist()
    if not confidence:
        return columns
    return [{"label": column, "confidence": round(float(values[column]), 6)} for column in columns]
