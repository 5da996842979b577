"""save_label_studio: tasks with pre-annotations, to import into Label Studio."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.typing import DataFrame, FilePath
from sklearn_ctran.datasets._formats.paths import inside
from sklearn_ctran.datasets._formats.probabilities import read_probabilities, read_thresholds
from sklearn_ctran.datasets._label_studio.label_config import read_label_config
from sklearn_ctran.datasets._label_studio.predictions import check_labels, prediction


def save_label_studio(
    file: FilePath,
    proba: DataFrame,
    label_config: FilePath,
    *,
    images: Sequence[FilePath] | None = None,
    document_root: FilePath | None = None,
    thresholds: float | Mapping[str, float] | ArrayLike = 0.5,
    model_version: str | None = None,
    priority: Literal["uncertainty"] | ArrayLike | None = None,
) -> None:
    """Write tasks with predictions as pre-annotations, a file that Label Studio imports.

    Parameters
    ----------
    file : path-like
        The file to write, ``.json``. It is written completely or not at all.
    proba : DataFrame of shape (n_images, n_labels)
        Probabilities, with the labels as columns, as of ``predict_proba_frame``. Images with NaN
        get a task without a prediction.
    label_config : path-like or str
        The labeling configuration, as a file or as XML. Each label is one of its choices.
    images : sequence of path-like, default=None
        The images. None: the index of `proba`. Addresses of the web, and those that begin with
        ``/data/``, stay as they are.
    document_root : path-like, default=None
        Label Studio's ``LOCAL_FILES_DOCUMENT_ROOT``, a folder in which all images are. Needed for
        images that are files.
    thresholds : float, dict or array-like of shape (n_labels,), default=0.5
        Choices with a greater probability are ticked; of a ``<Choices>`` that takes one choice,
        the most probable of them. A dict has some labels.
    model_version : str, default=None
        What Label Studio calls the model.
    priority : {"uncertainty"} or array-like of shape (n_images,), default=None
        Write a number into each task's data, as "priority", and put the greatest first, so that
        the Data Manager can sort by it: gains of :func:`~sklearn_ctran.inspection.suggest_labels`,
        or "uncertainty", the sum of the entropies of all labels in nats.

    Raises
    ------
    ValueError
        If a label is no choice, an image is not in `document_root`, or an argument does not fit.
    FileNotFoundError
        If there is no such configuration.

    See Also
    --------
    load_label_studio : What annotators make of it.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> import pandas as pd
    >>> from sklearn_ctran.datasets import save_label_studio
    >>> config = '''
    ... <View>
    ...   <Image name="img" value="$image"/>
    ...   <Choices name="tags" toName="img" choice="multiple">
    ...     <Choice value="cat"/><Choice value="sun"/>
    ...   </Choices>
    ... </View>'''
    >>> proba = pd.DataFrame({"cat": [0.9], "sun": [0.2]}, index=["/data/upload/1/a.jpg"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "tasks.json")
    ...     save_label_studio(file, proba, config, model_version="first")
    ...     task = json.loads(file.read_text())[0]
    >>> task["data"]
    {'image': '/data/upload/1/a.jpg'}
    >>> task["predictions"][0]["result"][0]["value"]
    {'choices': ['cat']}
    """
    config = read_label_config(label_config)
    predicted = read_probabilities(proba, images)
    check_labels(predicted.names, config)
    limits = read_thresholds(thresholds, predicted.names)
    limits = dict(zip(predicted.names, limits.tolist(), strict=True))
    order, priorities = _order(priority, predicted.values)
    addresses = [_address(path, document_root) for path in predicted.paths]
    tasks = []
    for row in order:
        data: dict[str, Any] = {config.image_key: addresses[row]}
        if priorities is not None:
            data["priority"] = round(float(priorities[row]), 6)
        scores = dict(zip(predicted.names, predicted.values[row].tolist(), strict=True))
        given = prediction(scores, config, limits, model_version)
        tasks.append({"data": data, "predictions": [] if given is None else [given]})
    with replacing(Path(file)) as unfinished:
        unfinished.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")


def _order(priority, values):
    """The rows, the most urgent first, and their priorities, None if there are none."""
    if priority is None:
        return range(len(values)), None
    if isinstance(priority, str):
        if priority != "uncertainty":
            raise ValueError(f"priority must be 'uncertainty' or numbers, got {priority!r}.")
        # What could not be read tells nothing, and comes last.
        numbers = np.nan_to_num((entr(values) + entr(1 - values)).sum(axis=1))
    else:
        numbers = np.asarray(priority, dtype=np.float64)
    if numbers.shape != (len(values),) or not np.isfinite(numbers).all():
        raise ValueError(
            f"priority must be one finite number for each of {len(values)} images, got shape "
            f"{numbers.shape}."
        )
    return np.argsort(-numbers, kind="stable").tolist(), numbers


def _address(path, document_root):
    """The address at which Label Studio finds an image."""
    if "://" in path or path.startswith("/data/"):
        return path
    if document_root is None:
        raise ValueError(
            f"{path!r} is a file: say what Label Studio's LOCAL_FILES_DOCUMENT_ROOT is, "
            "document_root='...', a folder in which the images are."
        )
    return f"/data/local-files/?d={quote(inside(path, document_root, 'document_root'))}"
