"""load_label_studio: images and labels from an export of Label Studio."""

from collections import Counter
from itertools import chain
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._label_studio.annotations import Rules, marks_of, states_of
from sklearn_ctran.datasets._label_studio.label_config import read_label_config
from sklearn_ctran.datasets._label_studio.results import votes
from sklearn_ctran.datasets._label_studio.tasks import (
    found_config,
    image_key_of,
    path_of,
    read_tasks,
)
from sklearn_ctran.datasets._tags.bunch import Fixes, make_bunch
from sklearn_ctran.datasets._tags.columns import folder_of
from sklearn_ctran.datasets._tags.entries import Entries
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.datasets._tags.image_folder import ImageFolder, folder_or
from sklearn_ctran.datasets._tags.json_files import read_json
from sklearn_ctran.datasets._tags.summary import counted
from sklearn_ctran.modules.label_states import UNKNOWN


def load_label_studio(
    export: FilePath,
    *,
    images: FilePath | None = None,
    label_config: FilePath | None = None,
    image_key: str | None = None,
    unticked: Literal["negative", "unknown"] = "negative",
    empty: Literal["negative", "unknown"] = "unknown",
    on_missing_file: Literal["raise", "skip", "keep"] = "raise",
) -> Bunch:
    """Images and labels that annotators ticked in Label Studio: an export as JSON or JSON_MIN.

    Labels are the choices of all ``<Choices>`` about the image. Only submitted annotations count:
    no predictions, drafts, cancelled or skipped annotations. Of an annotator who has several, the
    last one counts; one that is marked as ground truth stands for all. Several annotators vote: a
    label has the state that most of them give it, and is unknown if there are as many for as
    against. An image without an annotation has unknown labels. Tasks with one image are one.

    Parameters
    ----------
    export : path-like
        The file.
    images : path-like, default=None
        The folder of the images: the document root of local storage, Label Studio's folder
        ``media``, or the folder from which files were uploaded. None: the folder of the export.
    label_config : path-like or str, default=None
        The labeling configuration, as a file or as XML. It says which choices there are, and in
        which order; without it they are those that somebody has ticked, and a choice that two
        ``<Choices>`` have becomes two labels, "control=choice". JSON_MIN needs it. Choices
        that were ticked and are no longer in it are labels too. They are unknown where they are not
        ticked, and what is unticked beside them is unknown, because other choices were there then.
    image_key : str, default=None
        The entry of a task's data with the image. None: that of the configuration, else the only
        one that looks like an image.
    unticked : {"negative", "unknown"}, default="negative"
        What of an unticked choice beside a ticked one, in a control of several choices.
    empty : {"negative", "unknown"}, default="unknown"
        What of the choices of a control in which nothing is ticked: none of them applies, or nobody
        looked. They are unknown in any case if the configuration may have hidden the control.
    on_missing_file : {"raise", "skip", "keep"}, default="raise"
        What to do with tasks whose image is no file here.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`, with ``groups``: the labels of each ``<Choices>``; and

        exclusive_groups : list of str
            The groups of which one label at most applies, for the parameter of this name.
        votes : pandas.DataFrame of shape (n_images, n_labels), float32
            Share of the votes for a label; NaN without votes.
        n_votes : pandas.DataFrame of shape (n_images, n_labels), int64
            Number of votes.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or an image is not there.
    ValueError
        If the export or the configuration is broken; the message names the task.

    See Also
    --------
    save_label_studio : Predictions as pre-annotations.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_label_studio
    >>> def annotation(who, *choices):
    ...     value = {"choices": list(choices)}
    ...     result = {"type": "choices", "from_name": "tags", "to_name": "img", "value": value}
    ...     return {"completed_by": who, "result": [result]}
    >>> tasks = [
    ...     {
    ...         "id": 1,
    ...         "data": {"image": "/data/upload/1/0a1b2c3d-a.jpg"},
    ...         "annotations": [annotation(1, "cat", "sun"), annotation(2, "cat")],
    ...     },
    ...     {"id": 2, "data": {"image": "/data/upload/1/4e5f6a7b-b.jpg"}, "annotations": []},
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("a.jpg", "b.jpg"):
    ...         pathlib.Path(folder, name).touch()
    ...     export = pathlib.Path(folder, "export.json")
    ...     _ = export.write_text(json.dumps(tasks))
    ...     data = load_label_studio(export)
    >>> data.target
           cat  sun
    a.jpg  1.0  NaN
    b.jpg  NaN  NaN
    >>> data.votes.loc["a.jpg"].to_dict()
    {'cat': 1.0, 'sun': 0.5}
    """
    check_choice("unticked", unticked, ["negative", "unknown"])
    check_choice("empty", empty, ["negative", "unknown"])
    name, folder = folder_of(export)
    config = None if label_config is None else read_label_config(label_config)
    tasks = read_tasks(read_json(export), config, name)
    key = image_key_of(tasks, config, image_key)
    marks = [marks_of(task, where) for task, where in tasks]
    found = found_config(chain.from_iterable(marks))
    gone = [] if config is None else [place for place in found.labels if place not in config]
    config = found if config is None else config.extended(gone)
    folder = folder_or(images, folder)
    files = ImageFolder(folder)
    pool = _Pool(config, Rules(unticked, empty))
    for (task, where), ticked in zip(tasks, marks, strict=True):
        pool.add(_path(task, where, key, files), where, ticked)
    entries, shares, n_votes = pool.tables(name)
    data = make_bunch(entries, folder, Fixes(on_missing_file=on_missing_file))
    data.summary.notes += pool.notes()
    data.DESCR = f"Labels of images, read from {data.summary}\n"
    axes = {"index": entries.paths, "columns": entries.names}
    rows = data.target.index
    data.votes, data.n_votes = (to_frame(each, **axes).loc[rows] for each in (shares, n_votes))
    data.exclusive_groups = config.exclusive_groups
    return data


def _path(task, where, key, files):
    value = task["data"].get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where} has no image: its data has {value!r} as {key!r}.")
    return path_of(value.strip(), files)


class _Pool:
    """The votes on each image, as tasks are read."""

    def __init__(self, config, rules):
        self.config, self.rules = config, rules
        self.marks, self.places, self.n_tasks = {}, {}, Counter()
        self.n_without, self.n_empty = 0, 0

    def add(self, path, where, marks):
        """Add the ticks of a task, a dict for each annotation."""
        self.places.setdefault(path, where)
        self.n_tasks[path] += 1
        self.marks.setdefault(path, []).extend(marks)
        self.n_without += not marks
        self.n_empty += sum(not any(ticked.values()) for ticked in marks)

    def tables(self, source):
        """Entries, shares of votes and numbers of votes, a row for each image."""
        names = self.config.label_names
        columns = {name: column for column, name in enumerate(names)}
        shape = len(self.marks), len(names)
        states = np.full(shape, UNKNOWN, dtype=np.int8)
        shares = np.full(shape, np.nan, dtype=np.float32)
        counts = np.zeros(shape, dtype=np.int64)
        for row, marks in enumerate(self.marks.values()):
            if not marks:
                continue
            given = np.full((len(marks), len(names)), UNKNOWN, dtype=np.int8)
            for number, ticked in enumerate(marks):
                for label, state in states_of(ticked, self.config, self.rules).items():
                    given[number, columns[label]] = state
            states[row], shares[row] = votes(given)
            counts[row] = (given != UNKNOWN).sum(axis=0)
        paths, places = list(self.marks), list(self.places.values())
        entries = Entries(
            source=source,
            paths=paths,
            place=lambda row: places[row],
            states=states,
            names=names,
            form=f"choices of {', '.join(map(repr, self.config.controls)) or 'nobody'}",
            is_explicit=True,
            groups=self.config.groups,
            index_name=None,
        )
        return entries, shares, counts

    def notes(self):
        """What the summary says of annotations, line by line."""
        several = [path for path, times in self.n_tasks.items() if times > 1]
        if several:
            names = listed(several, most=3)
            yield f"{counted(len(several), 'image')} ({names}) in several tasks: taken together"
        if self.n_without:
            tasks = counted(self.n_without, "task")
            yield f"{tasks} without a submitted annotation: labels unknown"
        if self.n_empty and self.rules.empty == "unknown":
            yield (
                f"{counted(self.n_empty, 'annotation')} without any choice: labels unknown; "
                "empty='negative' takes them for \"none of these applies\""
            )
        gone = [self.config.labels[place] for place in sorted(self.config.gone)]
        if gone:
            yield (
                f"{counted(len(gone), 'label')} ({listed(gone, most=3)}) no longer in the "
                "configuration: unknown where not ticked"
            )
