"""The scores of the paper's Table 1 and the figures of each label, in one table."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import UndefinedMetricWarning
from tabulate import tabulate

from sklearn_ctran._utils.frames import import_pandas
from sklearn_ctran._utils.names import as_names, listed
from sklearn_ctran._utils.typing import DataFrame, KnownLabels, Labels
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


#: How the name of a summary score goes on after its first letter -> its column in the frame.
_COLUMNS = {"AP": "AP", "P": "precision", "R": "recall", "F1": "f1"}


@dataclass(frozen=True, eq=False)
class MultilabelReport:
    """What :func:`multilabel_report` returns without pandas. ``print`` shows a table.

    Attributes
    ----------
    label_names : ndarray of shape (n_labels,)
    by_label : dict
        Name of a column -> ndarray of shape (n_labels,): ``support``, int64, number of positive
        entries that count; ``unknown``, int64, number of entries that count; ``AP``,
        ``precision``, ``recall``, ``f1``, float64 in [0, 1], NaN where undefined; ``threshold``,
        float64; ``prevalence``, float64, weighted share of positives among the entries that count.
    summary : dict
        ``mAP``, ``CP``, ``CR``, ``CF1``, ``OP``, ``OR``, ``OF1`` -> float in [0, 1], or NaN. With
        `top_k`, the last six also for predictions among the `top_k` highest: ``CP3``, ...
    top_k : int or None

    Examples
    --------
    >>> from sklearn_ctran.metrics import multilabel_report
    >>> y_true, y_score = [[1, 0], [1, 1], [0, 0]], [[0.9, 0.7], [0.2, 0.6], [0.4, 0.1]]
    >>> report = multilabel_report(y_true, y_score, top_k=None, as_frame=False)
    >>> report.by_label["AP"].round(2)
    array([0.83, 0.5 ])
    >>> round(report.summary["mAP"], 2)
    0.67
    """

    label_names: np.ndarray
    by_label: dict
    summary: dict
    top_k: int | None

    def to_frame(self) -> DataFrame:
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
        pd = import_pandas()
        labels = pd.DataFrame(self.by_label)
        # Nullable integers, because summary rows have no counts.
        labels = labels.astype({"support": "Int64", "unknown": "Int64"})
        rows = {name: {_column_of(name): score} for name, score in self.summary.items()}
        summary = pd.DataFrame(rows).T.reindex(columns=labels.columns)
        frame = pd.concat([labels, summary.astype(labels.dtypes)])
        # Built from codes, because pandas takes tuples for keys of several levels elsewhere.
        names = [*as_names(self.label_names).tolist(), *self.summary]
        position = {name: i for i, name in enumerate(dict.fromkeys(names))}
        kinds = [0] * len(labels) + [1] * len(summary)
        frame.index = pd.MultiIndex(
            levels=[["label", "summary"], pd.Index(list(position), tupleize_cols=False)],
            codes=[kinds, [position[name] for name in names]],
        )
        return frame

    def __str__(self):
        cells = [_cells(values) for values in self.by_label.values()]
        labels = [[str(name), *row] for name, *row in zip(self.label_names, *cells, strict=True)]
        summary = [["all", *self._percents("mAP", *_SCORES)]]
        if self.top_k is not None:
            top = (f"{name}{self.top_k}" for name in _SCORES)
            summary.append([f"top {self.top_k}", "", *self._percents(*top)])
        by_label = _table(labels, ["", *self.by_label])
        return f"{by_label}\n\nIn %:\n\n{_table(summary, ['', 'mAP', *_SCORES])}"

    def _percents(self, *names):
        return [_text(100 * self.summary[name], 1) for name in names]


@with_shared_parameters
def multilabel_report(
    y_true: Labels,
    y_score: ArrayLike,
    *,
    known_labels: KnownLabels = None,
    sample_weight: ArrayLike | None = None,
    threshold: ArrayLike = 0.5,
    top_k: int | Literal["auto"] | None = "auto",
    label_names: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
    as_frame: bool | Literal["auto"] = "auto",
) -> MultilabelReport | DataFrame:
    """Compute the scores of the paper's Table 1 and the figures of each label.

    Parameters
    ----------
    {probabilities}
    {entries}
    threshold : float or array-like of shape (n_labels,), default=0.5
        In [0, 1]. A label is predicted where its probability is above this, as in ``predict``.
    top_k : int, None or "auto", default="auto"
        In [1, n_labels], for the second half of the summary: a label is predicted only if it is
        also among the `top_k` highest of the entries of its row that count. None leaves that
        half out. "auto" is 3, or None if there are fewer than 3 labels.
    label_names : array-like of shape (n_labels,), default=None
        Names of the labels, also used to read `known_labels`. None: the columns of a DataFrame,
        else positions.
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        As in :func:`class_f1` and :func:`overall_f1`, for the summary. "warn" is 0, with one
        warning for the whole report. Undefined figures of single labels are NaN.
    as_frame : bool or "auto", default="auto"
        Whether to return a data frame; "auto": where pandas is installed.

    Returns
    -------
    report : pandas.DataFrame or MultilabelReport
        The frame has a row for each label, ``("label", name)``, and for each summary score,
        ``("summary", "mAP")`` and so on, in [0, 1], in the column of its kind. The object has the
        same figures, such as ``report.summary["CF1"]``, and prints them. mAP leaves out labels
        without a positive, whose AP is NaN; it is NaN if no label has a positive.

    Raises
    ------
    {errors}
        Also if another argument cannot be used.
    ImportError
        For ``as_frame=True`` without pandas.

    Examples
    --------
    >>> from sklearn_ctran.metrics import multilabel_report
    >>> report = multilabel_report(
    ...     [[1, 0], [1, 1]], [[0.9, 0.7], [0.2, 0.8]], label_names=["cat", "dog"], as_frame=False
    ... )
    >>> print(report)
           support    unknown     AP    precision    recall     f1    threshold    prevalence
    cat          2          2  1.000        1.000     0.500  0.667        0.500         1.000
    dog          1          2  1.000        0.500     1.000  0.667        0.500         0.500
    <BLANKLINE>
    In %:
    <BLANKLINE>
           mAP    CP    CR    CF1    OP    OR    OF1
    all  100.0  75.0  75.0   75.0  66.7  66.7   66.7
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
    counts = {k: _label_counts.count_labels(entries, threshold, k) for k in (None, top_k)}
    if isinstance(zero_division, str):
        _warn_undefined(counts[None], counts[top_k])
        zero_division = 0
    by_label = _score_labels(entries, counts[None], threshold)
    summary = {"mAP": mean_of_defined(by_label["AP"]), **_summarize(counts, zero_division)}
    report = MultilabelReport(entries.names, by_label, summary, top_k)
    return _as_frame(report, as_frame)


def _as_frame(report, as_frame):
    if as_frame is False:
        return report
    try:
        return report.to_frame()
    except ImportError:
        if as_frame is True:
            raise
        return report


def _read_names(label_names, n_labels):
    if label_names is None:
        return None
    names = as_names(label_names)
    if len(names) != n_labels:
        raise ValueError(f"label_names has {len(names)} names for {n_labels} labels.")
    return names


def _warn_undefined(counts, top):
    """Warn once of all that is undefined.

    `counts` are those of all predictions, `top` of those among the top k (the same object without
    top k).
    """
    scored = counts.is_scored
    cases = {
        "no entry counts, left out of the summary": ~scored & ~counts.all_known,
        "no positive entry, recall counts as 0 and mAP leaves them out": scored
        & (counts.positive == 0),
        "never predicted, precision counts as 0": scored & (counts.predicted == 0),
        "never predicted in the top k, precision counts as 0 there": scored
        & (counts.predicted > 0)
        & (top.predicted == 0),
    }
    texts = [
        f"label(s) {listed(counts.names[labels])} ({what})"
        for what, labels in cases.items()
        if labels.any()
    ]
    if texts:
        warn(
            f"Undefined: {'; '.join(texts)}. Pass zero_division=0 or 1 to use that value, or "
            "np.nan to leave these labels out.",
            UndefinedMetricWarning,
        )


def _score_labels(entries, counts, threshold):
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


def _summarize(all_counts, zero_division):
    """Scores by name, such as "CF1", and "CF13" for a top k of 3."""
    return {
        f"{name}{k or ''}": score(counts, zero_division)
        for k, counts in all_counts.items()
        for name, score in _SCORES.items()
    }


def _column_of(name):
    kind = next(ending for ending in _COLUMNS if name[1:].startswith(ending))
    return _COLUMNS[kind]


def _table(rows, header):
    align = ["left", *("right" for _ in header[1:])]
    return tabulate(rows, header, "plain", colalign=align, disable_numparse=True)


def _cells(values):
    return values.tolist() if values.dtype.kind == "i" else [_text(value, 3) for value in values]


def _text(value, n_digits):
    return "-" if np.isnan(value) else f"{value:.{n_digits}f}"
