"""Saved models, and what they are asked about: images, and labels that are known of them."""

from dataclasses import dataclass

import numpy as np
import typer

from sklearn_ctran._cli.known import parse_known
from sklearn_ctran._images.folders import find_images
from sklearn_ctran._persistence.savable import load
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.progress import speaks


@dataclass(frozen=True)
class Questions:
    """Images, by paths, and what is known of them: dicts from label to state or column, or None.

    `names` are the images' names in results: paths, or what the table calls them.
    """

    images: list
    names: list
    known: dict | None = None
    extra: dict | None = None

    def __len__(self):
        return len(self.images)

    def arguments(self):
        """The keyword arguments of ``predict_proba`` beside the images."""
        given = {"known_labels": self.known, "extra_labels": self.extra}
        return {name: value for name, value in given.items() if value is not None}


def load_model(path, running, asking, console):
    """The model in a file, which runs as the groups of options `running` and `asking` say."""
    device = None if running.device == "auto" else running.device
    model = load(path, device=device, weights=asking.weights)
    parameters = running.parameters() | {"cache": asking.cache or "memory"}
    parameters["verbose"] = int(speaks(console.verbose))
    del parameters["device"]  # That of the file, unless it was replaced.
    part = model
    while part is not None:
        own = part.get_params(deep=False)
        part.set_params(**{name: value for name, value in parameters.items() if name in own})
        part = getattr(part, "estimator_", None)
    if not hasattr(model, "label_names_"):
        raise ValueError(f"{path} holds a {type(model).__name__}, which predicts no labels.")
    return model


def questions_about(model, places, tags, asking, console):
    """The Questions that a command line asks: `places` are images and folders, or one table.

    What the groups of options `tags` and `asking` say counts: known labels of all images, and, if
    they are to be known, the labels of the table.
    """
    groups = model.label_groups_
    known = parse_known(asking.known, "--known", model.label_names_, groups)
    extra = parse_known(asking.extra, "--extra", model.extra_label_names_, groups)
    is_table = len(places) == 1 and tags.is_table(places[0])
    if not is_table:
        if asking.known_from_table:
            raise typer.BadParameter("--known-from-table needs a table in the place of images.")
        paths = list(dict.fromkeys(find_images(places)))
        return Questions(paths, paths, known, extra)
    with_labels = asking.known_from_table
    data = tags.read(places[0], console, with_labels=with_labels)
    told = data.target if with_labels else None
    told = _columns(told, model.label_names_, "label", console)
    told_extra = _columns(data.extra, model.extra_label_names_, "extra label", console)
    known = (told | (known or {})) or None
    extra = (told_extra | (extra or {})) or None
    return Questions(data.images, list(data.target.index), known, extra)


def labelled_questions(model, table, tags, asking, part, console):
    """The Questions about the images of a table, and what is true of them, a frame.

    The frame has the model's labels as columns, those that the table lacks with NaN. `tags`,
    `asking` and `part` are groups of options. Raises ValueError if the table has no label of the
    model, or no image in the part.
    """
    data = tags.read(table, console, split_column=part.split_column)
    columns = _columns(data.target, model.label_names_, "label", console)
    if not columns:
        raise ValueError(f"{table} has none of the model's labels: {listed(model.label_names_)}.")
    truth = to_frame(columns).reindex(columns=list(model.label_names_))
    rows = np.arange(len(truth))
    if data.split is not None:
        rows = rows_of_part(data.split, part.test_part)
    groups = model.label_groups_
    known = parse_known(asking.known, "--known", model.label_names_, groups)
    extra = parse_known(asking.extra, "--extra", model.extra_label_names_, groups) or {}
    told = _columns(data.extra, model.extra_label_names_, "extra label", console)
    extra = {name: column[rows] for name, column in told.items()} | extra
    images = [data.images[row] for row in rows]
    names = [data.target.index[row] for row in rows]
    return Questions(images, names, known, extra or None), truth.iloc[rows]


def rows_of_part(split, name):
    """Numbers of the rows that `split`, an array, puts into a part; ValueError without any."""
    rows = np.flatnonzero(split == name)
    if not len(rows):
        found = ", ".join(sorted({str(part) for part in split}))
        raise ValueError(f"No image is in the part {name!r}: --test-part is one of {found}.")
    return rows


def _columns(frame, names, what, console):
    """The columns of a frame, or of None, whose names the model knows, as arrays."""
    if frame is None:
        return {}
    by_text = {str(name): name for name in names}
    strange = [name for name in frame.columns if str(name) not in by_text]
    if strange:
        console.warn(f"The model does not know the {what}s {listed(strange)}: they are ignored.")
    return {
        by_text[str(name)]: frame[name].to_numpy() for name in frame.columns if str(name) in by_text
    }
