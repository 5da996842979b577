"""The sections of a report: each is a function of the Evidence that returns a Section, or None."""

import platform
from importlib.metadata import version
from inspect import signature

import numpy as np
from sklearn.utils import _safe_indexing

from sklearn_ctran._images.sources import shortened
from sklearn_ctran.inspection._diagnosis import diagnose
from sklearn_ctran.inspection._displays.average_precision import AveragePrecisionDisplay
from sklearn_ctran.inspection._displays.cooccurrence import CooccurrenceDisplay
from sklearn_ctran.inspection._displays.effects import LabelEffectsDisplay
from sklearn_ctran.inspection._displays.known_labels import KnownLabelDisplay
from sklearn_ctran.inspection._displays.reliability import ReliabilityDisplay
from sklearn_ctran.inspection._displays.training import TrainingCurveDisplay
from sklearn_ctran.inspection._effects import label_effects
from sklearn_ctran.inspection._report.drawing import draw
from sklearn_ctran.inspection._report.markup import (
    heading,
    number,
    paragraph,
    picture,
    scrolling,
    section,
    side_by_side,
    table,
    text,
    tiles,
)
from sklearn_ctran.metrics import expected_calibration_error
from sklearn_ctran.metrics._known import draw_known_labels
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Most rows of the table of labels.
MOST_LABELS = 1000
#: Most labels whose common rows are drawn.
MOST_TOGETHER = 20
#: Images and labels of the effects: each image is predicted 1 + 2 * labels times.
EFFECT_ROWS, EFFECT_LABELS = 200, 20
#: Shares of labels that are known on the known-label curve.
SHARES = (0.0, 0.25, 0.5, 0.75)
#: Characters of a parameter's value.
_MOST_CHARACTERS = 300
_PACKAGES = ("sklearn-ctran", "scikit-learn", "numpy", "torch", "torchvision", "skorch")
_COLUMNS = ("support", "unknown", "AP", "f1", "precision", "recall", "threshold", "prevalence")
#: What columns of the table of labels are called for people.
_HEADS = {"unknown": "entries scored", "support": "positives", "f1": "F1"}
_SUMMARY = {
    "mAP": "mean average precision (mAP)",
    "CP": "precision, mean over labels (CP)",
    "CR": "recall, mean over labels (CR)",
    "CF1": "F1 of CP and CR (CF1)",
    "OP": "precision over all entries (OP)",
    "OR": "recall over all entries (OR)",
    "OF1": "F1 of OP and OR (OF1)",
}


def overview(evidence):
    """The figures that matter most, in large."""
    summary = evidence.scores.summary
    pairs = [("mAP", number(summary["mAP"]))]
    if evidence.is_exclusive:
        pairs.append(("accuracy", number(_accuracy(evidence))))
    pairs += [(name, number(summary[name])) for name in ("CF1", "OF1")]
    n_rows, n_labels = evidence.truth.shape
    what = "classes" if evidence.is_exclusive else "labels"
    pairs += [("images", f"{n_rows:,}"), (what, f"{n_labels:,}")]
    parts = [tiles(pairs)]
    n_known = np.count_nonzero(evidence.known != UNKNOWN)
    if n_known:
        words = f"{n_known:,} labels were known to the model. They are not scored."
        parts.append(paragraph(words))
    return section("overview", "At a glance", *parts)


def findings(evidence):
    """What looks wrong, and what to do about it."""
    diagnosis = diagnose(evidence.estimator, evidence.X, evidence.y, train=evidence.train)
    parts = [
        f'<div class="finding"><h3>{text(found.rule)}</h3>{paragraph(found.finding)}'
        f"<p><strong>What to do:</strong> {text(found.remedy)}</p></div>"
        for found in diagnosis
    ]
    parts = parts or [paragraph("Nothing looks wrong.")]
    parts.append(paragraph(f"Looked at: {', '.join(diagnosis.asked)}.", "note"))
    not_asked = "; ".join(f"{rule} ({why})" for rule, why in diagnosis.not_asked.items())
    if not_asked:
        parts.append(paragraph(f"Not looked at: {not_asked}.", "note"))
    return section("findings", "What looks wrong", *parts)


def scores(evidence):
    """Scores of all labels together, the known-label curve, and each label."""
    report = evidence.scores
    rows = [(_SUMMARY[name], score) for name, score in report.summary.items()]
    if evidence.is_exclusive:
        rows.insert(0, ("accuracy", _accuracy(evidence)))
    parts = [table(("score", "value"), rows, "Scores in [0, 1], higher is better")]
    drawings = []
    if not evidence.is_exclusive:
        drawings.append(_known_label_curve(evidence))
    if np.isnan(report.summary["mAP"]):
        words = "No label has a positive among the entries that are scored, so there is no mAP."
        parts.append(paragraph(words))
    else:
        drawings.append(_average_precision(report))
    parts += [side_by_side(*drawings), heading("Each label"), *_label_table(evidence)]
    return section("scores", "Scores", *parts)


def _accuracy(evidence):
    """Share of the annotated rows whose class is predicted."""
    is_annotated = (evidence.truth == POSITIVE).any(axis=1)
    agree = (evidence.decisions == evidence.truth)[is_annotated].all(axis=1)
    return float(agree.mean()) if len(agree) else np.nan


def known_label_scores(evidence):
    """The mAP at each of SHARES: the same draws as those of ``partial_label_scorer``."""
    result = []
    for share in SHARES:
        known = draw_known_labels(evidence.truth, share, 0)
        rows = np.arange(len(known))
        proba = evidence.questions.ask(rows, evidence.states_given(known))
        result.append(evidence.report(proba, known_labels=known).summary["mAP"])
    return result


def _known_label_curve(evidence):
    name = type(evidence.final).__name__
    display = KnownLabelDisplay(SHARES, {name: known_label_scores(evidence)}, metric="mAP")
    caption = (
        "mAP of the labels that are not known, against the share that is known. A curve that rises "
        "says that the model uses what it is told."
    )
    return picture(draw(lambda ax: display.plot(ax), (5.6, 3.8), "known"), caption)


def _average_precision(report):
    columns = (report.by_label[name] for name in ("AP", "support", "prevalence"))
    display = AveragePrecisionDisplay(*columns, report.label_names)
    height = float(np.clip(1.4 + 0.2 * len(report.label_names), 2.6, 6.5))
    caption = "Average precision of each label; n is its number of positives."
    return picture(draw(lambda ax: display.plot(ax), (5.6, height), "ap"), caption)


def _label_table(evidence):
    report = evidence.scores
    order = np.argsort(-report.by_label["support"], kind="stable")[:MOST_LABELS]
    heads = ["label", *(_HEADS.get(name, name) for name in _COLUMNS)]
    columns = [report.by_label[name][order].tolist() for name in _COLUMNS]
    names = [str(report.label_names[i]) for i in order]
    rows = list(zip(names, *columns, strict=True))
    yield table(heads, rows, "Press the head of a column to sort by it")
    if len(order) < len(report.label_names):
        words = f"The {len(order):,} labels with most positives, of {len(report.label_names):,}."
        yield paragraph(words, "note")
    words = (
        "Precision, recall and F1 are of the decisions of predict. An average precision is to be "
        "compared with the prevalence, which is that of a guess."
    )
    yield paragraph(words, "note")


def calibration(evidence):
    """Whether probabilities are as often right as they say."""
    given = {"known_labels": evidence.known, "label_names": evidence.names}

    def plot(ax):
        ReliabilityDisplay.from_predictions(evidence.truth, evidence.proba, **given, ax=ax)

    error = expected_calibration_error(evidence.truth, evidence.proba, known_labels=evidence.known)
    caption = "Share of positives against probability. Below the diagonal, they are too high."
    words = (
        f"Expected calibration error, the mean over labels: {number(error)}. "
        "sklearn_ctran.model_selection.MultilabelCalibrator lowers it."
    )
    drawing = picture(draw(plot, (4.8, 5.0), "reliability"), caption)
    return section("calibration", "Are probabilities right?", paragraph(words), drawing)


def training(evidence):
    """Losses and validation scores by epoch; None if nothing was trained in epochs."""
    history = getattr(evidence.network, "history_", None)
    if not history:
        return None
    display = TrainingCurveDisplay(history)
    height = 3.2 + 2.0 * bool(display.scores)
    caption = f"{len(display.epochs)} epochs of the fit."
    drawing = picture(draw(lambda ax: display.plot(ax), (6.4, height), "training"), caption)
    return section("training", "Training", drawing)


def data(evidence):
    """What the images and labels are that were scored."""
    truth = evidence.truth
    annotated, positive = truth != UNKNOWN, truth == POSITIVE
    per_row = positive.sum(axis=1)
    parts = [
        tiles(
            [
                ("images", f"{len(truth):,}"),
                ("labels", f"{truth.shape[1]:,}"),
                ("entries annotated", f"{100 * annotated.mean():.1f} %"),
                ("of these positive", f"{100 * positive.sum() / annotated.sum():.1f} %"),
                ("positives an image", f"{per_row.mean():.2f}"),
                ("images without any", f"{np.count_nonzero(per_row == 0):,}"),
            ]
        )
    ]
    n_labels = truth.shape[1]
    if not evidence.is_exclusive and n_labels > 1:

        def plot(ax):
            most = min(n_labels, MOST_TOGETHER)
            names = evidence.names
            CooccurrenceDisplay.from_labels(truth, label_names=names, ax=ax, max_labels=most)

        side = float(np.clip(2.6 + 0.3 * n_labels, 4.2, 7.5))
        caption = (
            "Which labels occur together: lift, how many times as often as if they were "
            "independent. Grey: no figure."
        )
        parts.append(picture(draw(plot, (side + 1.2, side), "together"), caption))
    return section("data", "The data", *parts)


def effects(evidence):
    """What knowing a label does to the others; None for classes."""
    n_labels = len(evidence.questions.names)
    if evidence.is_exclusive or n_labels < 2:
        return None
    order = np.argsort(-(evidence.truth == POSITIVE).sum(axis=0), kind="stable")
    causes = [evidence.names[i] for i in sorted(order[:EFFECT_LABELS])]
    rows = np.arange(min(len(evidence.truth), EFFECT_ROWS))
    images = _safe_indexing(evidence.questions.images, rows)
    found = label_effects(evidence.final, images, labels=causes, **evidence.extra_of(rows))
    shape = min(8.0, 3.2 + 0.3 * n_labels), 2.4 + 0.25 * len(causes)
    display = LabelEffectsDisplay(found)
    caption = (
        "How much the probability of a label (column) rises if another (row) is known to be there "
        "instead of known to be absent."
    )
    parts = [picture(draw(lambda ax: display.plot(ax), shape, "effects"), caption)]
    notes = []
    if len(causes) < n_labels:
        notes.append(f"the {len(causes)} most frequent of {n_labels:,} labels are set")
    if len(evidence.truth) > EFFECT_ROWS:
        notes.append(f"means of the first {EFFECT_ROWS} of {len(evidence.truth):,} images")
    if notes:
        words = "; ".join(notes)
        parts.append(paragraph(f"{words[0].upper()}{words[1:]}.", "note"))
    return section("effects", "What knowing a label does", *parts)


def model(evidence):
    """What the model consists of, its parameters, and versions."""
    parts = []
    if evidence.network is not None:
        html = evidence.network.summary()._repr_html_()
        parts.append(scrolling(html, "Summary"))
        chosen = [(name, _value(value)) for name, value in evidence.network.chosen_.items()]
        parts.append(table(("parameter", "chosen"), chosen, 'What "auto" has become'))
    parameters = evidence.final.get_params(deep=False)
    defaults = signature(type(evidence.final).__init__).parameters
    rows = [
        (name, _value(value), "" if _is_default(value, defaults.get(name)) else "yes")
        for name, value in parameters.items()
    ]
    caption = f"Parameters of {type(evidence.final).__name__}"
    parts.append(table(("parameter", "value", "changed"), rows, caption))
    versions = [("Python", platform.python_version())]
    versions += [(package, version(package)) for package in _PACKAGES]
    parts.append(table(("package", "version"), versions, "Versions"))
    return section("model", "The model", *parts)


def _value(value):
    return shortened(repr(value), _MOST_CHARACTERS)


def _is_default(value, parameter):
    return parameter is not None and repr(value) == repr(parameter.default)
