"""Inspecting fitted estimators: effects, attention, what to annotate, what is wrong, pictures."""

from importlib import import_module
from typing import TYPE_CHECKING

from sklearn_ctran.inspection._annotation import (
    AnnotationCurves,
    Suggestions,
    simulate_annotation,
    suggest_labels,
)
from sklearn_ctran.inspection._attention import Attention, attention
from sklearn_ctran.inspection._diagnosis import Diagnosis, diagnose
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

if TYPE_CHECKING:
    from sklearn_ctran.inspection._displays.annotation import AnnotationDisplay
    from sklearn_ctran.inspection._displays.attention import AttentionDisplay
    from sklearn_ctran.inspection._displays.average_precision import AveragePrecisionDisplay
    from sklearn_ctran.inspection._displays.contact_sheet import ContactSheetDisplay
    from sklearn_ctran.inspection._displays.cooccurrence import CooccurrenceDisplay
    from sklearn_ctran.inspection._displays.effects import LabelEffectsDisplay
    from sklearn_ctran.inspection._displays.intervention import InterventionDisplay
    from sklearn_ctran.inspection._displays.known_labels import KnownLabelDisplay
    from sklearn_ctran.inspection._displays.label_errors import LabelErrorsDisplay
    from sklearn_ctran.inspection._displays.label_map import LabelMapDisplay
    from sklearn_ctran.inspection._displays.precision_recall import LabelPrecisionRecallDisplay
    from sklearn_ctran.inspection._displays.reliability import ReliabilityDisplay
    from sklearn_ctran.inspection._displays.training import TrainingCurveDisplay
    from sklearn_ctran.inspection._report.report import report

__all__ = [
    "AnnotationCurves",
    "AnnotationDisplay",
    "Attention",
    "AttentionDisplay",
    "AveragePrecisionDisplay",
    "ContactSheetDisplay",
    "CooccurrenceDisplay",
    "Diagnosis",
    "Intervention",
    "InterventionDisplay",
    "KnownLabelDisplay",
    "LabelEffects",
    "LabelEffectsDisplay",
    "LabelErrors",
    "LabelErrorsDisplay",
    "LabelMapDisplay",
    "LabelPrecisionRecallDisplay",
    "ReliabilityDisplay",
    "Suggestions",
    "TrainingCurveDisplay",
    "attention",
    "complete_labels",
    "diagnose",
    "find_label_errors",
    "intervene",
    "label_effects",
    "report",
    "simulate_annotation",
    "suggest_labels",
]

#: Where the pictures and the report are; they are imported when they are used.
_PLACES = {
    "AnnotationDisplay": "_displays.annotation",
    "AttentionDisplay": "_displays.attention",
    "AveragePrecisionDisplay": "_displays.average_precision",
    "ContactSheetDisplay": "_displays.contact_sheet",
    "CooccurrenceDisplay": "_displays.cooccurrence",
    "InterventionDisplay": "_displays.intervention",
    "KnownLabelDisplay": "_displays.known_labels",
    "LabelEffectsDisplay": "_displays.effects",
    "LabelErrorsDisplay": "_displays.label_errors",
    "LabelMapDisplay": "_displays.label_map",
    "LabelPrecisionRecallDisplay": "_displays.precision_recall",
    "ReliabilityDisplay": "_displays.reliability",
    "TrainingCurveDisplay": "_displays.training",
    "report": "_report.report",
}


def _import(name):
    """A name that has not been used before."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value  # Found at once the next time.
    return value


if not TYPE_CHECKING:  # Else a type checker would take any name for one of this module's.
    __getattr__ = _import


def __dir__():
    return sorted({*globals(), *__all__})
