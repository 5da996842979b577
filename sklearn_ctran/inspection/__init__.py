"""Inspecting fitted estimators: effects of labels, labels to annotate next, label errors."""

from sklearn_ctran.inspection._annotation import (
    AnnotationCurves,
    Suggestions,
    simulate_annotation,
    suggest_labels,
)
from sklearn_ctran.inspection._effects import (
    Intervention,
    LabelEffects,
    intervene,
    label_effects,
)
from sklearn_ctran.inspection._label_errors import (
    LabelErrors,
    complete_labels,
    find_label_errors,
)

__all__ = [
    "AnnotationCurves",
    "Intervention",
    "LabelEffects",
    "LabelErrors",
    "Suggestions",
    "complete_labels",
    "find_label_errors",
    "intervene",
    "label_effects",
    "simulate_annotation",
    "suggest_labels",
]
