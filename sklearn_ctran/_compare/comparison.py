"""What ``compare`` returns, and its tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sklearn_ctran._utils import tables
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.typing import DataFrame

#: Columns of the tidy table that say what a row is about.
_KEYS = ("method", "known_fraction", "extra_known_fraction", "metric")


class _Form(NamedTuple):
    """How to write a table, any other text, and the best cells of a column."""

    table: Callable
    text: Callable
    best: str


_PLAIN = _Form(tables.plain, str, "{}")
_MARKDOWN = _Form(tables.markdown, tables.markdown_text, "**{}**")
_RST = _Form(tables.rst, tables.rst_text, "**{}**")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What :func:`compare` returns; printed, it is one table for each metric, as text.

    Attributes
    ----------
    methods : list of str
        In the order of `estimators`.
    metrics : list of str
    runs : list of dict
        A row for each method, seed, fold, share and metric that did not fail: ``method``, ``seed``,
        ``fold``, ``known_fraction``, ``extra_known_fraction`` (only if there are extra labels),
        ``metric``, ``score``, ``fit_seconds``, ``predict_seconds``.
    errors : dict of str to list of str
        Place and traceback of each error, for methods that failed somewhere.
    n_runs : int
        Number of fits of each method: seeds times folds.
    losses : frozenset of str
        Metrics for which lower is better.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran import compare
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> comparison = compare({"masked": MaskedLinear()}, X, Y, cv=2, known_fractions=[0, 0.5])
    >>> comparison.to_frame()[["method", "known_fraction", "mean"]].round(2)
       method  known_fraction  mean
    0  masked             0.0  0.71
    1  masked             0.5  0.71
    """

    methods: list
    metrics: list
    runs: list
    errors: dict
    n_runs: int
    losses: frozenset

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The tidy table: one row for each method, share and metric.

        Returns
        -------
        rows : list of dict
            ``method``, ``known_fraction``, ``extra_known_fraction`` (only if there are extra
            labels), ``metric``; ``mean`` and ``std`` of the score over seeds and folds (divided by
            n - 1; NaN for one run); ``n``, the number of runs, less than `n_runs` if some failed;
            ``fit_seconds`` and ``predict_seconds``, means.
        """
        groups = {}
        for run in self.runs:
            key = {name: run[name] for name in _KEYS if name in run}
            groups.setdefault(tuple(key.values()), (key, []))[1].append(run)
        rows = [{**key, **_summary(runs)} for key, runs in groups.values()]
        return sorted(
            rows,
            key=lambda row: (self.metrics.index(row["metric"]), self.methods.index(row["method"])),
        )

    def to_frame(self, runs: bool = False) -> DataFrame:
        """The tidy table as a data frame.

        Parameters
        ----------
        runs : bool, default=False
            Whether to return `runs` instead of their means, `rows`.

        Returns
        -------
        frame : pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return to_frame(self.runs if runs else self.rows)

    def to_markdown(
        self, metric: str | None = None, *, scale: float | None = None, digits: int | None = None
    ) -> str:
        """Tables in Markdown: methods down, shares across, the best of a column in bold.

        Parameters
        ----------
        metric : str, default=None
            One of `metrics`. None: a table for each.
        scale : float, default=None
            Factor of the scores. None: 100, percent, if all scores of the metric are in [0, 1];
            else 1.
        digits : int, default=None
            Decimals. None: 1, or 3 for a `scale` of 1.

        Returns
        -------
        text : str
            Cells are "mean ± std", or the mean of a single run. "*": the method failed in some
            runs; the mean is over the others, and never the best. "failed": in all runs; "-": NaN.
            Seconds are means, of a fit and of one prediction for a test part.

        Raises
        ------
        ValueError
            If there is no such metric.
        """
        return self._text(_MARKDOWN, metric, scale, digits)

    def to_rst(
        self, metric: str | None = None, *, scale: float | None = None, digits: int | None = None
    ) -> str:
        """The tables of :meth:`to_markdown` in reStructuredText.

        Parameters
        ----------
        metric, scale, digits : str, float, int
            As in :meth:`to_markdown`.

        Returns
        -------
        text : str

        Raises
        ------
        ValueError
            If there is no such metric.
        """
        return self._text(_RST, metric, scale, digits)

    def __str__(self):
        return self._text(_PLAIN)

    def __repr__(self):
        return f"<Comparison of {', '.join(self.methods)} by {', '.join(self.metrics)}>"

    def _text(self, form, metric=None, scale=None, digits=None):
        if metric is not None and metric not in self.metrics:
            raise ValueError(
                f"There is no metric {metric!r} here; there are {', '.join(self.metrics)}."
            )
        blocks = []
        for name in self.metrics if metric is None else [metric]:
            blocks += self._title_and_table(name, form, scale, digits)
        if self.errors:
            names = form.text(", ".join(map(repr, self.errors)))
            blocks.append(f"Not every run of {names} succeeded: see errors.")
        return "\n\n".join(blocks)

    def _title_and_table(self, metric, form, scale, digits):
        if scale is None:
            scores = [run["score"] for run in self.runs if run["metric"] == metric]
            scale = 1 if min(scores, default=0) < 0 or max(scores, default=0) > 1 else 100
        if digits is None:
            digits = 3 if scale == 1 else 1
        return form.text(self._title(metric, scale)), self._table(metric, form, scale, digits)

    def _title(self, metric, scale):
        spread = f", mean ± std of {self.n_runs} runs" if self.n_runs > 1 else ""
        unit = {1: "", 100: " (%)"}.get(scale, f" (x {scale:g})")
        better = ", lower is better" if metric in self.losses else ""
        return f"{metric}{unit}, by share known{spread}{better}"

    def _table(self, metric, form, scale, digits):
        rows = [row for row in self.rows if row["metric"] == metric]
        cells = {(row["method"], _share(row)): row for row in rows}
        columns = [["method", *map(form.text, self.methods)]]
        for share in sorted(set(map(_share, self.runs))):
            column = [cells.get((method, share)) for method in self.methods]
            texts = [self._cell(row, scale, digits) for row in column]
            for i in self._best(metric in self.losses, column, scale, digits):
                texts[i] = form.best.format(texts[i])
            columns.append([_share_text(share), *texts])
        fit, predict = zip(*map(self._seconds, self.methods), strict=True)
        columns += [["fit (s)", *fit], ["predict (s)", *predict]]
        return form.table(zip(*columns, strict=True))

    def _seconds(self, method):
        """Mean seconds of a fit and of a prediction, as texts."""
        runs = [run for run in self.runs if run["method"] == method]
        if not runs:
            return "-", "-"
        fits = {(run["seed"], run["fold"]): run["fit_seconds"] for run in runs}
        predictions = [run["predict_seconds"] for run in runs]
        return f"{_mean(fits.values()):.3f}", f"{_mean(predictions):.3f}"

    def _cell(self, row, scale, digits):
        if row is None:
            return "failed"
        mean = "-" if np.isnan(row["mean"]) else f"{scale * row['mean']:.{digits}f}"
        std = "" if np.isnan(row["std"]) else f" ± {scale * row['std']:.{digits}f}"
        return f"{mean}{std}{'*' if row['n'] < self.n_runs else ''}"

    def _best(self, is_loss, column, scale, digits):
        """Positions of the best means of a column; means that are printed alike are equal."""
        means = {
            i: round(scale * row["mean"], digits)
            for i, row in enumerate(column)
            if row is not None and row["n"] == self.n_runs and not np.isnan(row["mean"])
        }
        best = (min if is_loss else max)(means.values(), default=None)
        return [i for i, mean in means.items() if mean == best]


def _mean(values):
    return float(np.mean(list(values)))


def _summary(runs):
    scores = [run["score"] for run in runs]
    return {
        "mean": _mean(scores),
        "std": float(np.std(scores, ddof=1)) if len(scores) > 1 else float("nan"),
        "n": len(scores),
        "fit_seconds": _mean([run["fit_seconds"] for run in runs]),
        "predict_seconds": _mean([run["predict_seconds"] for run in runs]),
    }


def _share(row):
    return row["known_fraction"], row.get("extra_known_fraction", -1)


def _share_text(share):
    known, extra = share
    return f"{100 * known:g} %" + (f", extra {100 * extra:g} %" if extra >= 0 else "")
