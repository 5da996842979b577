"""What a fit tells of itself in the card of its model."""

import math
from typing import Any

import numpy as np

from sklearn_ctran._labels.targets import encode_targets
from sklearn_ctran._persistence.card import ModelCard
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: What stays a column of scores; metrics become columns too.
_KEYS = {
    "method": "method",
    "known_fraction": "known labels",
    "extra_known_fraction": "known extra labels",
}


def fit_card(y, scores=(), **told: Any) -> ModelCard:
    """The ModelCard of a model that learned from labels `y`, in any form of ``fit``.

    It has the number of images, how many label entries were annotated, and for how many images each
    label was positive. `scores` are rows of a Comparison (``Comparison.rows``). `told` are further
    fields of the card; of `data`, a dict, entries are added to.
    """
    targets = encode_targets(y)
    annotated = targets.states != UNKNOWN
    positives = (targets.states == POSITIVE).sum(axis=0)
    data = {
        "images": len(targets.states),
        "labels": targets.states.shape[1],
        "annotated entries": int(annotated.sum()),
        "positive entries": int(positives.sum()),
    }
    names = [str(name) for name in targets.names]
    return ModelCard(
        **told | {"data": data | told.get("data", {})},
        label_counts=dict(zip(names, positives.tolist(), strict=True)),
        scores=score_table(scores),
    )


def score_table(rows):
    """Rows of a Comparison, one for each metric, as rows with a column for each metric."""
    table = {}
    for row in rows:
        key = tuple((name, row[old]) for old, name in _KEYS.items() if old in row)
        table.setdefault(key, {})[row["metric"]] = _number(row["mean"])
    return [dict(key) | metrics for key, metrics in table.items()]


def _number(score):
    score = float(np.float64(score))
    return score if math.isfinite(score) else None
