"""Pre-annotations: what a model would tick."""

from collections.abc import Mapping

import numpy as np

from sklearn_ctran._utils.names import did_you_mean


def check_labels(names, config):
    """Raise ValueError unless each of some labels is one of a LabelConfig."""
    for name in names:
        if name not in config.places:
            raise ValueError(
                f"The labeling configuration has no choice for the label {name!r}."
                f"{did_you_mean(name, config.label_names)} Leave the label out, or add the choice."
            )


def prediction(scores, config, thresholds=0.5, model_version=None):
    """A prediction as Label Studio has it, a dict; None if there are no scores or they are NaN.

    `scores` is a dict from labels to probabilities, `thresholds` a number or a dict from labels to
    numbers (0.5 for others). Ticked are the choices above their thresholds; of a control with one
    choice, the most probable one. The score of a result is the mean probability of its choices,
    that of the prediction the mean certainty, max(p, 1 - p), of all labels.
    """
    values = np.array(list(scores.values()), dtype=np.float64)
    if not len(values) or np.isnan(values).any():
        return None
    result = []
    for name, control in config.controls.items():
        chosen = _chosen(control, scores, config.labels, thresholds)
        if chosen:
            score = float(np.mean([scores[config.labels[name, choice]] for choice in chosen]))
            result.append(choices_result(name, config.image, chosen, round(score, 6)))
    certainty = float(np.maximum(values, 1 - values).mean())
    given = {"result": result, "score": round(certainty, 6)}
    return given if model_version is None else {"model_version": model_version, **given}


def choices_result(name, image, choices, score=None):
    """A result that ticks some choices of a control, about an image of some name."""
    result = {
        "from_name": name,
        "to_name": image,
        "type": "choices",
        "value": {"choices": list(choices)},
    }
    return result if score is None else {**result, "score": score}


def _chosen(control, scores, labels, thresholds):
    """The choices of a control to tick."""
    above = [
        choice
        for choice in control.labels
        if (label := labels[control.name, choice]) in scores
        and scores[label] > _threshold(thresholds, label)
    ]
    if not control.is_single or len(above) < 2:
        return above
    return [max(above, key=lambda choice: scores[labels[control.name, choice]])]


def _threshold(thresholds, label):
    return thresholds.get(label, 0.5) if isinstance(thresholds, Mapping) else thresholds
