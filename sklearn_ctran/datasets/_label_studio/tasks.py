"""Tasks of an export, in either of its two forms, and the images that they are about."""

import os
import re
from urllib.parse import parse_qs, unquote, urlsplit

from sklearn_ctran._utils.names import listed
from sklearn_ctran.datasets._label_studio.config import Choices
from sklearn_ctran.datasets._label_studio.label_config import LabelConfig
from sklearn_ctran.datasets._tags.image_folder import is_image_name
from sklearn_ctran.datasets._tags.json_files import check_kind, entry

#: Label Studio puts eight hexadecimal digits before the names of files that are uploaded.
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


def read_tasks(rows, config, source):
    """Pairs of a task (dict) and what to call it, of the rows of JSON or of JSON_MIN.

    Raises ValueError where a row is broken, and for JSON_MIN without a configuration.
    """
    rows = check_kind(rows, list, f"{source}, all of it,")
    tasks = {}
    for number, row in enumerate(rows):
        where = f"{source}, task {number}"
        check_kind(row, dict, where)
        where = f"{source}, task {row['id']}" if "id" in row else where
        if "data" in row:
            entry(row, "data", dict, where)
            tasks[number] = row, where
            continue
        if config is None:
            raise ValueError(
                f"{where} has no 'data': it is JSON_MIN, in which choices look like other columns. "
                "Export JSON, or pass the labeling configuration: label_config='config.xml'."
            )
        key = ("id", row["id"]) if "id" in row else number
        task = tasks.setdefault(key, ({"data": row, "annotations": []}, where))[0]
        task["annotations"] += _annotations(row, config)
    return list(tasks.values())


def _annotations(row, config):
    """The annotation that a row of JSON_MIN is, in a list; none if nobody has annotated."""
    results = [
        {"type": "choices", "from_name": name, "value": {"choices": _choices(row[name])}}
        for name in config.controls
        if row.get(name) is not None
    ]
    if not results and row.get("annotation_id") is None:
        return []
    dates = {key: row.get(key) for key in ("created_at", "updated_at")}
    who = row.get("annotator")
    return [{"id": row.get("annotation_id"), "completed_by": who, "result": results, **dates}]


def _choices(value):
    """The choices of a cell of JSON_MIN: a text, an object with choices, or a list of these."""
    parts = value if isinstance(value, list) else [value]
    found = []
    for part in parts:
        inner = part.get("choices") if isinstance(part, dict) else part
        found += inner if isinstance(inner, list) else [inner]
    return found


def found_config(marks):
    """The LabelConfig of all choices that are ticked in some annotations, dicts by control."""
    choices = {}
    for ticked in marks:
        for name, found in ticked.items():
            choices.setdefault(name, set()).update(found)
    controls = [
        Choices(name, tuple(sorted(found)), is_single=False) for name, found in choices.items()
    ]
    return LabelConfig(controls)


def image_key_of(tasks, config, image_key=None):
    """What tasks call the address of their image; ValueError if it is not clear."""
    if image_key is not None:
        return image_key
    if config is not None and config.image_key is not None:
        return config.image_key
    data = tasks[0][0]["data"] if tasks else {}
    found = [key for key, value in data.items() if isinstance(value, str) and _is_image(value)]
    if len(found) == 1 or "image" in found:
        return "image" if "image" in found else found[0]
    raise ValueError(
        f"It is not clear which entry of a task's data is its image: {listed(data)}. Say "
        "image_key='...', or pass label_config."
    )


def _is_image(value):
    return value.startswith("/data/") or is_image_name(urlsplit(value).path)


def path_of(value, files):
    """The path of the image at an address, in the folder of an ImageFolder, or as good as known.

    Files of Label Studio's own storage are at its address, under ``upload/``, or under the name
    that they had before they were uploaded.
    """
    candidates = _candidates(value)
    return next((path for path in candidates if files.find(path) is not None), candidates[0])


def _candidates(value):
    if value.startswith("/data/local-files/"):
        inner = parse_qs(urlsplit(value).query).get("d", [""])[0]
        return [inner or value]
    if value.startswith("/data/upload/"):
        path = unquote(value[len("/data/") :])
        name = os.path.basename(path)
        return [path, name, _UPLOADED.sub("", name)]
    if "://" in value:
        # The address itself is last, where nothing is looked for.
        name = os.path.basename(unquote(urlsplit(value).path))
        return [value, name] if name else [value]
    return [value]
