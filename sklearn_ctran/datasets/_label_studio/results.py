"""What an annotation of Label Studio says about each label."""

import numpy as np

from sklearn_ctran.datasets._label_studio import annotations
from sklearn_ctran.datasets._label_studio.annotations import ticks
from sklearn_ctran.datasets._label_studio.label_config import LabelConfig
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: What a control without any tick means.
EMPTY = ("unknown", "negative")


def ticked(result, config):
    """Labels that a result has ticked, by name of the control, dict of str to set of str.

    `result` is the list in an annotation, a prediction, a draft, or a context. Other kinds of
    entries (text, boxes, ...) are no labels and left out. A control without an entry is not in the
    dict. Raises ValueError for an entry that is malformed, or a label that `config` does not have.
    """
    controls = {control.name: control for control in config.controls}
    found = {}
    for name, labels in ticks(result, "The annotation").items():
        if name not in controls:
            continue
        strange = [label for label in labels if label not in controls[name].labels]
        if strange:
            raise ValueError(f"{name!r} has no choice {strange[0]!r}: did the labels change?")
        found[name] = set(labels)
    return found


def states_of(result, config, empty="unknown"):
    """States of the labels of `config` after an annotation, ndarray (n_labels,), int8.

    In a control with a tick, what is not ticked is negative. `empty` says what a control without
    one means: "unknown", since nobody may have looked at it, or "negative". Raises ValueError as
    :func:`ticked`.
    """
    labels = LabelConfig(config.controls, config.image, config.field)
    given = annotations.states_of(ticked(result, config), labels, annotations.Rules(empty=empty))
    return np.array([given.get(label, UNKNOWN) for label in config.labels], dtype=np.int8)


def is_annotation(annotation):
    """Whether it counts: neither skipped (cancelled) nor a draft nor a prediction."""
    if not isinstance(annotation, dict):
        raise ValueError(f"An annotation must be an object, got {annotation!r:.80}.")
    return not annotation.get("was_cancelled") and isinstance(annotation.get("result"), list)


def votes(states):
    """What several annotators together say, from their states (n_annotators, n_labels), int8.

    Returns the states by majority, unknown where as many say yes as no; and the share of yes among
    those who say either, float64, NaN without any.
    """
    states = np.asarray(states, dtype=np.int8)
    n_yes = (states == POSITIVE).sum(axis=0)
    n_no = (states == NEGATIVE).sum(axis=0)
    majority = np.select([n_yes > n_no, n_no > n_yes], [POSITIVE, NEGATIVE], UNKNOWN)
    with np.errstate(invalid="ignore"):
        share = n_yes / (n_yes + n_no)
    return majority.astype(np.int8), share
