"""Predictions and questions as tables, and as files."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np

from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran.datasets import save_label_studio, save_predictions
from sklearn_ctran.inspection import suggest_labels
from sklearn_ctran.metrics._own_threshold import own_thresholds


def probabilities(model, questions):
    """A frame of probabilities, a column for each label; the index has the images' names."""
    proba = model.predict_proba(questions.images, **questions.arguments())
    return _frame(model, questions, proba)


def decisions(model, questions):
    """The same frame of what ``predict`` decides, 1 and 0; NaN where an image cannot be read."""
    decided = np.asarray(model.predict(questions.images, **questions.arguments()))
    if decided.ndim == 1:  # One class for each image.
        decided = decided[:, None] == np.asarray(model.label_names_)
    return _frame(model, questions, decided.astype(np.float32))


def thresholds_of(model):
    """The thresholds of the model's own decisions, a number or one for each label."""
    return own_thresholds(unwrap(model)[0])


def as_csv(frame, **form):
    """The text of the CSV file that :func:`save_predictions` writes of a frame."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "predictions.csv")
        save_predictions(file, frame, **form)
        return file.read_text(encoding="utf-8")


def records_of(text):
    """The rows of a CSV text, a list of dicts, numbers as numbers and empty cells as None."""
    return [
        {name: _value(cell, name) for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def save_tasks(out, frame, model, questions, label_config, document_root, priority, version):
    """Write tasks for Label Studio with predictions, those with the greatest priority first.

    `priority` is None, "uncertainty" or "gain", which is that of the image's best question.
    """
    if priority == "gain":
        priority = _gains(model, questions, 1, 8).gains[:, 0]
        priority = np.nan_to_num(priority)
    save_label_studio(
        out,
        frame,
        label_config,
        images=questions.images,
        document_root=document_root,
        thresholds=thresholds_of(model),
        model_version=version,
        priority=priority,
    )


def question_frame(model, questions, n, n_candidates):
    """A frame of the `n` most telling labels of each image, images with the greatest gain first."""
    found = _gains(model, questions, n, n_candidates)
    priority = np.nan_to_num(found.gains[:, 0])
    order = np.argsort(-priority, kind="stable")
    rows, ranks = np.nonzero(found.positions[order] >= 0)
    rows = order[rows]
    return to_frame(
        {
            "path": np.array(questions.names, dtype=object)[rows],
            "priority": priority[rows],
            "label": found.labels[rows, ranks],
            "gain": found.gains[rows, ranks],
        }
    )


def _gains(model, questions, n, n_candidates):
    """The Suggestions about images."""
    return suggest_labels(
        model,
        questions.images,
        questions.known,
        n,
        extra_labels=questions.extra,
        n_candidates=n_candidates,
    )


def _frame(model, questions, values):
    names = [str(name) for name in model.label_names_]
    return to_frame(values, index=questions.names, columns=names)


def _value(cell, name):
    if name in ("path", "tags"):
        return cell
    return float(cell) if cell else None
