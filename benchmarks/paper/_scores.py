"""What is scored: regular inference, partial labels, extra labels."""

import sys
from pathlib import Path

import numpy as np

from sklearn_ctran.metrics import mean_average_precision, multilabel_report

sys.path.append(str(Path(__file__).parents[1]))
from _common import random_ranks

SHARES = (0.0, 0.25, 0.5, 0.75)
#: Groups of CUB's extra labels that are known, of 28.
GROUPS_KNOWN = (0, 10, 15, 20)
N_GROUPS = 28
TOP = 3


def predict_shares(model, X, truth, seed):
    """Probabilities by the percentage known.

    One draw of known labels, which `seed` and the share decide, is the same for every method.
    """
    images = model.encode(X) if hasattr(model, "encode") else X
    return {
        f"{100 * share:.0f}": model.predict_proba(images, draw_known(truth, share, seed))
        for share in SHARES
    }


def score_labels(Y, answers, *, decisions, seed):
    """Scores in percent, by kind of inference and column, of what `predict_shares` returned.

    "regular": all metrics of Tables 1 and 2, nothing known. "partial": mAP over the unknown labels,
    by the percentage known.
    """
    truth = np.asarray(Y)
    scores = {"regular": _all_metrics(truth, answers["0"], decisions), "partial": {}}
    for percent, proba in answers.items():
        known = draw_known(truth, int(percent) / 100, seed)
        value = mean_average_precision(truth, proba, known_labels=known)
        scores["partial"][percent] = 100 * float(value)
    return scores


def draw_known(Y, share, seed):
    """The labels (n, L), of which a share of each row is known; the others are -1."""
    return np.where(random_ranks(Y.shape, seed) < int(share * Y.shape[1]), Y, -1)


def _all_metrics(truth, proba, decisions):
    """mAP, CP, ..., OF1, and those of the three highest, in percent."""
    if decisions == "published":
        return _published_metrics(truth, proba)
    summary = multilabel_report(truth, proba, top_k=TOP, zero_division=0, as_frame=False).summary
    return {name: 100 * float(value) for name, value in summary.items()}


def _published_metrics(truth, proba):
    """The same by the rules of the authors' code: from 0.5 on, and all ties at the third rank."""
    predicted = proba >= 0.5
    third = np.sort(proba, axis=1)[:, [-min(TOP, proba.shape[1])]]
    highest = predicted & (proba >= third)
    scores = {"mAP": 100 * float(mean_average_precision(truth, proba))}
    for suffix, chosen in (("", predicted), (str(TOP), highest)):
        report = multilabel_report(
            truth, chosen.astype(float), top_k=None, zero_division=0, as_frame=False
        )
        values = {name: value for name, value in report.summary.items() if name != "mAP"}
        scores |= {f"{name}{suffix}": 100 * float(value) for name, value in values.items()}
    return scores


def score_extra(model, test, groups, seed, *, not_visible="keep", known_groups="each row"):
    """Scores in percent by the number of groups of extra labels that are known of a Part.

    Accuracy where each row has one target (CUB), else mAP. Which groups are known is drawn for each
    row, or "once" for all. With fewer than 28 groups, the same shares of them are known. If what is
    `not_visible` is "unknown", it is not known whatever group is. Models that take no extra labels
    are told none.
    """
    values = test.seen if not_visible == "unknown" else test.extra
    positions = _positions(values, groups)
    truth, values = np.asarray(test.Y), np.asarray(values, dtype=float)
    names = list(groups)
    rank = random_ranks((1 if known_groups == "once" else len(truth), len(names)), seed)
    rank = np.broadcast_to(rank, (len(truth), len(names)))
    images = model.encode(test.X) if hasattr(model, "encode") else test.X
    is_single = truth.ndim == 1 or (truth.sum(axis=1) == 1).all()
    scores = {}
    for number in GROUPS_KNOWN:
        is_known = rank < round(number / N_GROUPS * len(names))
        shown = np.full(values.shape, np.nan)
        for group, columns in enumerate(positions):
            rows = is_known[:, group]
            shown[np.ix_(rows, columns)] = values[np.ix_(rows, columns)]
        proba = model.predict_proba(images, extra_labels=shown)
        if is_single:
            right = proba.argmax(axis=1) == truth.argmax(axis=1)
            scores[str(number)] = 100 * float(right.mean())
        else:
            scores[str(number)] = 100 * float(mean_average_precision(truth, proba))
    return {"extra": scores, "extra metric": "accuracy" if is_single else "mAP"}


def _positions(extra, groups):
    """The columns of each group."""
    names = list(getattr(extra, "columns", [f"extra{i}" for i in range(np.shape(extra)[1])]))
    return [[names.index(label) for label in labels] for labels in groups.values()]
