"""Average precision by label, sorted, with support."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels, LabelNames, Labels
from sklearn_ctran.inspection._displays.canvas import (
    COLOURS,
    axes_for,
    figure_width,
    ink,
    n_characters_that_fit,
    n_lines_that_fit,
    points,
    shortened,
    size_of,
    size_that_fits,
    write_note,
)
from sklearn_ctran.inspection._displays.choice import check_most, positions_of
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._displays.scored import entries_of, predict_for
from sklearn_ctran.metrics._ranking import average_precisions
from sklearn_ctran.metrics._undefined import ratio


class AveragePrecisionDisplay:
    """Average precision of each label, sorted, beside its number of positives.

    Parameters
    ----------
    average_precision : array-like of shape (n_labels,)
        In [0, 1]; NaN for labels without a positive, which are not drawn.
    support : array-like of shape (n_labels,)
        Number of positive entries that count.
    prevalence : array-like of shape (n_labels,)
        Share of positives among the entries that count: the average precision of a guess.
    label_names : array-like of shape (n_labels,)
        Names of the labels.

    Attributes
    ----------
    average_precision, support, prevalence : ndarray of shape (n_labels,)
    label_names : list of length n_labels
    shown_ : list
        Names of the labels that are drawn, from the top.
    bars_ : matplotlib BarContainer
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
        The last four after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran.inspection import AveragePrecisionDisplay
    >>> y_true, y_score = [[1, 0], [1, 1]], [[0.9, 0.7], [0.2, 0.6]]
    >>> display = AveragePrecisionDisplay.from_predictions(
    ...     y_true, y_score, label_names=["cat", "dog"]
    ... )
    >>> display.shown_, display.average_precision
    (['cat', 'dog'], array([1. , 0.5]))
    """

    def __init__(
        self,
        average_precision: ArrayLike,
        support: ArrayLike,
        prevalence: ArrayLike,
        label_names: LabelNames,
    ) -> None:
        self.average_precision = np.asarray(average_precision, dtype=np.float64)
        self.support = np.asarray(support)
        self.prevalence = np.asarray(prevalence, dtype=np.float64)
        self.label_names = as_names(label_names).tolist()

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Images,
        y: Labels,
        *,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        sample_weight: ArrayLike | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "AveragePrecisionDisplay":
        """Predict, and draw the average precision of each label.

        Parameters
        ----------
        {scored}
        {plotted}

        Returns
        -------
        display : AveragePrecisionDisplay
        """
        predicted = predict_for(estimator, X, y, known_labels, extra_labels)
        del predicted["threshold"]
        return cls.from_predictions(**predicted, sample_weight=sample_weight, ax=ax, **kwargs)

    @classmethod
    @documented
    def from_predictions(
        cls,
        y_true: Labels,
        y_score: ArrayLike,
        *,
        known_labels: KnownLabels = None,
        sample_weight: ArrayLike | None = None,
        label_names: LabelNames | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "AveragePrecisionDisplay":
        """Draw the average precision of each label, given probabilities.

        Parameters
        ----------
        {probabilities}
        {entries}
        {label_names}
        {plotted}

        Returns
        -------
        display : AveragePrecisionDisplay
        """
        entries = entries_of(y_true, y_score, known_labels, sample_weight, label_names)
        prevalence = ratio(entries.weight @ entries.positive, entries.weight @ entries.counted)
        display = cls(
            average_precisions(entries), entries.positive.sum(axis=0), prevalence, entries.names
        )
        return display.plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        labels: Sequence[Any] | None = None,
        max_labels: Any = "auto",
    ) -> "AveragePrecisionDisplay":
        """Draw a bar for each label, the highest on top.

        The number at the right is that of positives. The small line on a bar is the average
        precision of a guess, the share of positives.

        Parameters
        ----------
        {ax}
        labels : list, default=None
            Names of the labels to draw. None: the best and the worst, up to `max_labels`.
        {max_labels}

        Returns
        -------
        display : AveragePrecisionDisplay

        Raises
        ------
        ValueError
            If `labels` or `max_labels` cannot be used, or no label has a positive.
        {no_matplotlib}
        """
        check_most(max_labels)
        order = np.argsort(-self.average_precision, kind="stable")
        order = order[~np.isnan(self.average_precision[order])]
        if not len(order):
            raise ValueError("No label has a positive entry, so there is nothing to draw.")
        n_wanted = len(order) if labels is None else len(labels)
        self.ax_ = ax = axes_for(ax, (6.4, float(np.clip(1.2 + 0.19 * n_wanted, 2.4, 8))))
        self.figure_ = ax.figure
        height, size = size_of(ax)[1], points("small")
        gap = None
        if labels is not None:
            wanted = set(positions_of(labels, self.label_names))
            show = [label for label in order if label in wanted]
        else:
            most = n_lines_that_fit(height, size) - 1 if max_labels == "auto" else max_labels
            show, gap = _ends(list(order), most)
        places = np.arange(len(show), dtype=float)
        if gap is not None:
            places[gap:] += 1
        size = size_that_fits(height, places[-1] + 1, size)
        self._draw(ax, show, places, size)
        if gap is not None:
            between = order[gap : len(order) - (len(show) - gap)]
            text = f"⋯ {len(between)} more, mean {self.average_precision[between].mean():.2f}"
            ax.text(0.01, gap, text, va="center", fontsize=size, color=ink(ax), alpha=0.8)
        write_note(ax, self._note(len(show), len(order), labels is None))
        return self

    def _draw(self, ax, show, places, size):
        values = self.average_precision[show]
        self.shown_ = [self.label_names[label] for label in show]
        self.bars_ = ax.barh(places, values, color=COLOURS[0], height=0.75)
        # The line of a guess must be seen on the bar and beside it.
        ax.vlines(
            self.prevalence[show], places - 0.375, places + 0.375, color=COLOURS[1], linewidth=2
        )
        most = n_characters_that_fit(0.32 * figure_width(ax), size)
        ax.set_yticks(places, shortened(self.shown_, most), fontsize=size)
        for place, count in zip(places, self.support[show], strict=True):
            ax.text(1.02, place, f"{count}", va="center", fontsize=size, color=ink(ax))
        ax.text(1.02, -0.9, "n", va="center", fontsize=size, color=ink(ax))
        ax.set(
            xlim=(0, 1), ylim=(places[-1] + 0.6, -0.6), xlabel="average precision (line: a guess)"
        )
        ax.tick_params(axis="y", length=0)

    def _note(self, n_shown, n_defined, is_chosen_here):
        n_all = len(self.label_names)
        parts = [f"mean of {n_defined} labels {np.nanmean(self.average_precision):.3f}"]
        if n_shown < n_defined:
            rule = "the best and the worst" if is_chosen_here else "as chosen"
            parts.append(f"{n_shown} shown, {rule}")
        if n_defined < n_all:
            parts.append(f"{n_all - n_defined} without a positive")
        return "; ".join(parts)


def _ends(order, most):
    """The first and the last of `order`, `most` with the line between; where that line is."""
    if len(order) <= most:
        return order, None
    n_best = max(1, most // 2)
    n_worst = max(0, most - n_best)
    return order[:n_best] + order[len(order) - n_worst :], n_best
