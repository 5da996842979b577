"""All figures of the paper's Table 1, and those of each label behind them, in one table."""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_ctran._utils.names import as_names, listed
from sklearn_ctran._utils.tables import plain
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.metrics import _label_counts
from sklearn_ctran.metrics._decisions import read_threshold
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import read_entries, table_shape
from sklearn_ctran.metrics._ranking import average_precisions
from sklearn_ctran.metrics._undefined import check_zero_division, mean_of_defined, ratio

_SCORES = {
    "CP": _label_counts.class_precision,
    "CR": _label_counts.class_recall,
    "CF1": _label_counts.class_f1,
    "OP": _label_counts.overall_precision,
    "OR": _label_counts.overall_recall,
    "OF1": _label_counts.overall_f1,
}


#: Ending of a score's name -> the column of the frame that it stands in.
_COLUMNS = {"AP": "AP", "P": "precision", "R": "recall", "F1": "f1"}


@dataclass(frozen=True, eq=False)
class MultilabelReport:
    """What :func:`multilabel_report` returns without pandas; printed, it is text.

    Attributes
    ----------
    label_names : ndarray of shape (n_labels,)
    by_label : dict
        Name of a column -> ndarray of shape (n_labels,): ``support``, int64, positive entries
        that count; ``unknown``, int64, entries that count; ``AP``, ``precision``, ``recall``,
        ``f1``, float64 in [0, 1], NaN where undefined; ``threshold``, float64; ``prevalence``,
        float64, share of positives of what counts, by weight.
    summary : dict
        ``mAP``, ``CP``, ``CR``, ``CF1``, ``OP``, ``OR``, ``OF1`` -> float in [0, 1], or NaN; and,
        ending in `top_k`, the last six of only the `top_k` highest: ``CP3``, ...
    top_k : int or None
    """

    label_names: np.ndarray
    by_label: dict
    summary: dict
    top_k: int | None

    def to_frame(self):
        """The report as one table.

        Returns
        -------
        frame : pandas.DataFrame
            A row for each label, ``("label", name)``, then one for each summary score,
            ``("summary", "mAP")`` and so on, in the column of its kind and NaN elsewhere.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise ImportError(
                "A frame needs pandas, which is not installed: pip install "
                "'sklearn-ctran[pandas]'. With as_frame=False, the same figures are text."
            )
        import pandas as pd

        names = pd.Index(self.label_names, tupleize_cols=False)
        labels = pd.DataFrame(self.by_label, index=names)
        # Counts stay whole numbers although summary rows have none.
        labels = labels.astype({"support": "Int64", "unknown": "Int64"})
        rows = {name: {_column_of(name): score} for name, score in self.summary.items()}
        summary = pd.DataFrame(rows).T.reindex(columns=labels.columns)
        return pd.concat({"label": labels, "summary": summary.astype(labels.dtypes)})

    def __str__(self):
        names = ["", *(str(name) for name in self.label_names)]
        columns = [_column(name, values) for name, values in self.by_label.items()]
        rows = [["", "mAP", *_SCORES], ["all", *self._percents("mAP", *_SCORES)]]
        if self.top_k is not None:
            top = (f"{name}{self.top_k}" for name in _SCORES)
            rows.append([f"top {self.top_k}", "", *self._percents(*top)])
        by_label = plain(zip(names, *columns, strict=True))
        return f"{by_label}\n\nIn %:\n\n{plain(rows)}"

    def _percents(self, *names):
        return [_text(100 * self.summary[name], 1) for name in names]


@with_shared_parameters
def multilabel_report(
    y_true,
    y_score,
    *,
    known_labels=None,
    sample_weight=None,
    threshold=0.5,
    top_k="auto",
    label_names=None,
    zero_division="warn",
    as_frame="auto",
):
    """The paper's figures (Table 1), and those of each label, in one table.

    Parameters
    ----------
    {probabilities}
    {entries}
    threshold : float or array-like of shape (n_labels,), default=0.5
        In [0, 1]. A label is predicted where its probability is above this, as by
        ``predict``.
    top_k : int, None or "auto", default="auto"
        In [1, n_labels], for the second half of the summary: a label is predicted only if it is
        also among the `top_k` highest of those entries of its row that count. None leaves that
        half out; "auto" is 3, and None for fewer labels.
    label_names : array-like of shape (n_labels,), default=None
        Names, also for `known_labels`; None: the columns of a DataFrame, else positions.
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        In the summary, as for :func:`class_f1` and :func:`overall_f1`; "warn" is 0, and one warning
        for the whole report. By label, what is undefined is NaN.
    as_frame : bool or "auto", default="auto"
        Whether to return a data frame; "auto": where pandas is installed.

    Returns
    -------
    report : pandas.DataFrame or MultilabelReport
        A frame has a row for each label, ``("label", name)``, and for each score of the summary,
        ``("summary", "mAP")`` and so on, in [0, 1] and in the column of its kind. The object has
        the same figures, ``report.summary["CF1"]``, and is printed as text, the summary as in the
        paper's table. mAP leaves out labels without a positive, whose AP is NaN; it is NaN if all
        are.

    Raises
    ------
    {errors}
        Also if another argument cannot be used.
    ImportError
        For ``as_frame=True`` without pandas.
    """
    check_zero_division(zero_division)
    if not isinstance(as_frame, bool) and as_frame != "auto":
        raise ValueError(f"as_frame must be True, False or 'auto', got {as_frame!r}.")
    n_labels = table_shape(y_true, "y_true")[1]
    entries = read_entries(
        y_true,
        y_score,
        known_labels,
        sample_weight,
        probabilities=True,
        names=_read_names(label_names, n_labels),
    )
    if isinstance(top_k, str) and top_k == "auto":
        top_k = 3 if n_labels >= 3 else None
    counts = _label_counts.count_labels(entries, threshold, None)
    by_label = _describe_labels(entries, counts, threshold)
    all_counts = {"": counts}
    if top_k is not None:
        all_counts[top_k] = _label_counts.count_labels(entries, threshold, top_k)
    if isinstance(zero_division, str):
        _warn_undefined(counts, all_counts.get(top_k))
        zero_division = 0
    summary = {"mAP": mean_of_defined(by_label["AP"])}
    for suffix, each in all_counts.items():
        scores = {name: score(each, zero_division) for name, score in _SCORES.items()}
        summary |= {f"{name}{suffix}": value for name, value in scores.items()}
    report = MultilabelReport(entries.names, by_label, summary, top_k)
    if as_frame is True or (as_frame == "auto" and find_spec("pandas") is not None):
        return report.to_frame()
    return report


def _read_names(label_names, n_labels):
    if label_names is None:
        return None
    names = as_names(label_names)
    if len(names) != n_labels:
        raise ValueError(f"label_names has {len(names)} names for {n_labels} labels.")
    return names


def _warn_undefined(counts, top):
    """Say once what of the report is undefined; `top` are the counts of the top k, or None."""
    scored = counts.is_scored
    cases = {
        "no entry counts, left out of the summary": ~scored & ~counts.is_told,
        "no positive entry, recall counts as 0 and mAP leaves them out": scored
        & (counts.positive == 0),
        "never predicted, precision counts as 0": scored & (counts.predicted == 0),
    }
    if top is not None:
        cases["never predicted in the top k, precision counts as 0 there"] = (
            scored & (counts.predicted > 0) & (top.predicted == 0)
        )
    texts = [
        f"label(s) {listed(counts.names[labels])} ({what})"
        for what, labels in cases.items()
        if labels.any()
    ]
    if texts:
        warn(
            f"Undefined: {'; '.join(texts)}. Pass zero_division=0 or 1 for that value, or np.nan "
            "to leave it out.",
            UndefinedMetricWarning,
        )


def _describe_labels(entries, counts, threshold):
    return {
        "support": entries.positive.sum(axis=0),
        "unknown": entries.counted.sum(axis=0),
        "AP": average_precisions(entries),
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "threshold": read_threshold(threshold, len(entries.names)).copy(),
        "prevalence": ratio(counts.positive, entries.weight @ entries.counted),
    }


def _column_of(name):
    kind = next(ending for ending in _COLUMNS if name[1:].startswith(ending))
    return _COLUMNS[kind]


def _column(name, values):
    if values.dtype.kind == "i":
        return [name, *map(str, values)]
    return [name, *(_text(value, 3) for value in values)]


def _text(value, n_digits):
    return "-" if np.isnan(value) else f"{value:.{n_digits}f}"
