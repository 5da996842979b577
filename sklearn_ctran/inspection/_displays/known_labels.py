"""The known-label curve: scores against the share of labels that are known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import Estimator, Images, Labels, Metric
from sklearn_ctran.inspection._displays.canvas import (
    add_legend,
    axes_for,
    series_style,
    write_note,
)
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.metrics._scorers import _is_loss


class KnownLabelDisplay:
    """A metric against the share of labels known, for one method or several (paper, section 4.2).

    Compare methods at one share. The scores of one method at different shares are of different
    entries, because known entries are never scored.

    Parameters
    ----------
    known_fractions : array-like of shape (n_fractions,)
        Shares of each row's labels that are known, in [0, 1).
    scores : dict of str to array-like of shape (n_fractions,)
        Name of a method -> its scores; NaN where there is none.
    spread : dict of str to array-like of shape (n_fractions,), default=None
        Name of a method -> standard deviations of its scores; NaN where there is none.
    metric : str, default="score"
        Name of the metric.
    is_loss : bool, default=False
        Whether a lower score is better.

    Attributes
    ----------
    known_fractions_ : ndarray of shape (n_fractions,), float64
    scores_, spread_ : dict of str to ndarray of shape (n_fractions,), float64
        What is drawn.
    lines_ : dict of str to matplotlib Line2D
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
        The last four after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import KnownLabelDisplay
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X[:50], Y[:50])
    >>> display = KnownLabelDisplay.from_estimator(model, X[50:], Y[50:])
    >>> display.scores_["MaskedLinear"].round(2)
    array([0.66, 0.66, 0.62, 0.61])
    """

    def __init__(
        self,
        known_fractions: Any,
        scores: Mapping[str, Any],
        *,
        spread: Mapping[str, Any] | None = None,
        metric: str = "score",
        is_loss: bool = False,
    ) -> None:
        self.known_fractions_ = np.asarray(known_fractions, dtype=np.float64)
        self.scores_ = {name: np.asarray(s, dtype=np.float64) for name, s in scores.items()}
        spread = {} if spread is None else spread
        nothing = np.full(len(self.known_fractions_), np.nan)
        self.spread_ = {
            name: np.asarray(spread.get(name, nothing), dtype=np.float64) for name in self.scores_
        }
        for name in self.scores_:
            for what, values in (("scores", self.scores_), ("spread", self.spread_)):
                if values[name].shape != nothing.shape:
                    raise ValueError(
                        f"{what}[{name!r}] must have a number for each of the {len(nothing)} "
                        f"known_fractions, got shape {values[name].shape}."
                    )
        self.metric = metric
        self.is_loss = is_loss
        self.lines_: dict = {}

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Images,
        y: Labels,
        *,
        known_fractions: Sequence[float] = (0.0, 0.25, 0.5, 0.75),
        metric: Metric = mean_average_precision,
        random_state: int = 0,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "KnownLabelDisplay":
        """Score one estimator, and draw its curve.

        Parameters
        ----------
        estimator : estimator, or pipeline or search that ends in one
            Fitted.
        X : array-like
            Images, in a form that the estimator takes; not those of its `fit`.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
            The truth; -1 or NaN entries do not count.
        known_fractions, metric, random_state
            As in :meth:`from_estimators`.
        name : str, default=None
            Of the curve. None: the name of the class.
        {plotted}

        Returns
        -------
        display : KnownLabelDisplay
        """
        return cls.from_estimators(
            {name or type(estimator).__name__: estimator},
            X,
            y,
            known_fractions=known_fractions,
            metric=metric,
            random_state=random_state,
            ax=ax,
            **kwargs,
        )

    @classmethod
    @documented
    def from_estimators(
        cls,
        estimators: Mapping[str, Estimator],
        X: Images,
        y: Labels,
        *,
        known_fractions: Sequence[float] = (0.0, 0.25, 0.5, 0.75),
        metric: Metric = mean_average_precision,
        random_state: int = 0,
        ax: Any = None,
        **kwargs: Any,
    ) -> "KnownLabelDisplay":
        """Score several fitted estimators on the same entries, and draw a curve for each.

        Parameters
        ----------
        estimators : dict of str to estimator
            Fitted, by name.
        X : array-like
            Images, in a form that all of them take; not those of their `fit`.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
            The truth; -1 or NaN entries do not count.
        known_fractions : sequence of float, default=(0.0, 0.25, 0.5, 0.75)
            Shares of each row's annotated labels that are known, in [0, 1).
        metric : callable, default=mean_average_precision
            As in :func:`sklearn_ctran.metrics.partial_label_scorer`.
        random_state : int, default=0
            Determines which labels are known, the same for all estimators.
        {plotted}

        Returns
        -------
        display : KnownLabelDisplay

        Raises
        ------
        ValueError
            If `estimators` is no dict or empty, or an argument cannot be used.
        {no_matplotlib}
        """
        if not isinstance(estimators, Mapping) or not estimators:
            raise ValueError(
                f"estimators must be a dict like {{'C-Tran': model}}, got {estimators!r}."
            )
        if not np.ndim(known_fractions) == 1 or not len(known_fractions):
            raise ValueError(
                "known_fractions must be a list of at least one share in [0, 1), such as [0, 0.5], "
                f"got {known_fractions!r}."
            )
        fractions = sorted(known_fractions)
        scorers = [
            # As it is drawn: scorers turn the sign of losses.
            partial_label_scorer(metric, share, random_state, greater_is_better=True)
            for share in fractions
        ]
        scores = {
            name: [scorer(estimator, X, y) for scorer in scorers]
            for name, estimator in estimators.items()
        }
        title = getattr(metric, "__name__", repr(metric)).replace("_", " ")
        display = cls(fractions, scores, metric=title, is_loss=_is_loss(metric))
        return display.plot(ax=ax, **kwargs)

    @classmethod
    @documented
    def from_comparison(
        cls,
        comparison: Any,
        *,
        metric: str | None = None,
        methods: Sequence[str] | None = None,
        extra_known_fraction: float | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "KnownLabelDisplay":
        """Draw the scores of a comparison, with their standard deviations over seeds and folds.

        Parameters
        ----------
        comparison : Comparison
            What :func:`sklearn_ctran.compare` returned.
        metric : str, default=None
            One of its metrics. None: the first.
        methods : list of str, default=None
            Which methods to draw, in this order. None: all.
        extra_known_fraction : float, default=None
            Which share of extra labels is known, where there are any. None: the smallest.
        {plotted}

        Returns
        -------
        display : KnownLabelDisplay

        Raises
        ------
        ValueError
            If the comparison has no such metric, method or share, or all its runs failed.
        {no_matplotlib}
        """
        metric = comparison.metrics[0] if metric is None else metric
        _check_one_of("metric", [metric], comparison.metrics)
        if methods is not None:
            _check_one_of("method", methods, comparison.methods)
        rows = [row for row in comparison.rows if row["metric"] == metric]
        if not rows:
            raise ValueError("No run of the comparison succeeded: see its errors.")
        extra = sorted({row.get("extra_known_fraction") for row in rows} - {None})
        if extra:
            share = extra[0] if extra_known_fraction is None else extra_known_fraction
            _check_one_of("extra_known_fraction", [share], extra)
            rows = [row for row in rows if row["extra_known_fraction"] == share]
        fractions = sorted({row["known_fraction"] for row in rows})
        cells = {(row["method"], row["known_fraction"]): row for row in rows}
        nothing = {"mean": np.nan, "std": np.nan}
        done = [name for name in comparison.methods if any(key[0] == name for key in cells)]
        mean, std = (
            {
                name: [cells.get((name, share), nothing)[key] for share in fractions]
                for name in (done if methods is None else methods)
            }
            for key in ("mean", "std")
        )
        is_loss = metric in comparison.losses
        display = cls(fractions, mean, spread=std, metric=metric, is_loss=is_loss)
        return display.plot(ax=ax, **kwargs)

    @documented
    def plot(self, ax: Any = None, *, show_spread: bool = True) -> "KnownLabelDisplay":
        """Draw the curves.

        Parameters
        ----------
        {ax}
        show_spread : bool, default=True
            Whether to draw the standard deviations, as bars.

        Returns
        -------
        display : KnownLabelDisplay

        Raises
        ------
        {no_matplotlib}
        """
        self.ax_ = ax = axes_for(ax, (6.4, 4.4))
        self.figure_ = ax.figure
        for i, (name, scores) in enumerate(self.scores_.items()):
            spread = self.spread_[name]
            has_spread = show_spread and not np.isnan(spread).all()
            bars = ax.errorbar(
                100 * self.known_fractions_,
                scores,
                yerr=np.nan_to_num(spread) if has_spread else None,
                capsize=2,
                elinewidth=1,
                **series_style(i),
            )
            self.lines_[name] = bars.lines[0]
        ax.set_xticks(100 * self.known_fractions_)
        ax.set(xlabel="labels known (%)", ylabel=self.metric)
        if self.is_loss:
            write_note(ax, "lower is better")
        add_legend(ax, list(self.lines_.values()), list(self.lines_))
        return self


def _check_one_of(what, values, allowed):
    for value in values:
        if value not in allowed:
            raise ValueError(f"There is no {what} {value!r} here; there are {listed(allowed)}.")
