"""All figures of the paper's Table 1, and those of each label behind them, in one table."""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from sklearn_ctran._tables import plain
from sklearn_ctran.metrics import _label_counts
from sklearn_ctran.metrics._decisions import read_threshold
from sklearn_ctran.metrics._documentation import with_shared_parameters
from sklearn_ctran.metrics._inputs import read_entries
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
    """What :func:`multilabel_report` returns; printed, it is two tables, as text.

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
    top_k: int

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
                "to_frame needs pandas, which is not installed: pip install "
                "'sklearn-ctran[pandas]'. The same figures are in by_label and summary."
            )
        import pandas as pd

        labels = pd.DataFrame(self.by_label, index=list(self.label_names))
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
    top_k=3,
    label_names=None,
    zero_division="warn",
):
    """The paper's figures (Table 1), and those of each label.

    Parameters
    ----------
    {probabilities}
    {entries}
    threshold : float or array-like of shape (n_labels,), default=0.5
        In [0, 1]. A label is predicted where its probability is at least this.
    top_k : int or None, default=3
        In [1, n_labels], for the second half of the summary: a label is predicted only if it is
        also among the `top_k` highest of those entries of its row that count. None leaves that
        half out.
    label_names : array-like of shape (n_labels,), default=None
        Names; None: the columns of a DataFrame, else positions.
    zero_division : {"warn", 0, 1, np.nan}, default="warn"
        In the summary, as for :func:`class_f1` and :func:`overall_f1`. By label, what is
        undefined is NaN.

    Returns
    -------
    report : MultilabelReport
        ``print(report)``, ``report.to_frame()``, ``report.summary["CF1"]``. mAP leaves out labels
        without a positive, whose AP is NaN; it is NaN if all are.

    Raises
    ------
    {errors}
        Also if `threshold`, `top_k`, `label_names` or `zero_division` cannot be used.
    """
    check_zero_division(zero_division)
    entries = read_entries(y_true, y_score, known_labels, sample_weight, probabilities=True)
    names = entries.names if label_names is None else np.array(list(label_names), dtype=object)
    if len(names) != len(entries.names):
        raise ValueError(f"label_names has {len(names)} names for {len(entries.names)} labels.")
    counts = _label_counts.count_labels(entries, threshold, None)
    by_label = _describe_labels(entries, counts, threshold)
    summary = {"mAP": mean_of_defined(by_label["AP"])}
    summary |= {name: score(counts, zero_division) for name, score in _SCORES.items()}
    if top_k is not None:
        top = _label_counts.count_labels(entries, threshold, top_k)
        summary |= {f"{name}{top_k}": score(top, zero_division) for name, score in _SCORES.items()}
    return MultilabelReport(names, by_label, summary, top_k)


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
