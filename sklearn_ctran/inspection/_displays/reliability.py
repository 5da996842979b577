"""The reliability diagram: do probabilities agree with the shares of positives?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels, LabelNames, Labels
from sklearn_ctran.inspection._displays.canvas import (
    COLOURS,
    OTHER,
    add_legend,
    axes_for,
    ink,
    parts_of,
    points,
    series_style,
)
from sklearn_ctran.inspection._displays.choice import positions_of
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._displays.scored import entries_of, predict_for

#: The curve of the entries of all labels together.
_ALL = "all labels"


class ReliabilityDisplay:
    """Share of positives against mean probability, in bins of probability, with their sizes.

    Below the diagonal, probabilities are too high. The bins are those of
    :func:`sklearn_ctran.metrics.expected_calibration_error`, whose value for all entries as if
    they were of one label is in the picture.

    Parameters
    ----------
    curves : dict
        Name of a curve -> dict of three ndarrays of shape (n_bins,), float64: ``probability``, the
        mean in each bin, and ``positive``, the share of positives, NaN in empty bins; ``weight``,
        the sum of weights of the bin's entries.

    Attributes
    ----------
    curves : dict
    errors : dict of str to float
        Expected calibration error of each curve, in [0, 1].
    lines_ : dict of str to matplotlib Line2D
    ax_ : matplotlib Axes
        Those that the diagram and the histogram divide.
    axes_ : ndarray of shape (2,)
        The diagram, and the histogram below it.
    figure_ : matplotlib Figure
        The last four after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran.inspection import ReliabilityDisplay
    >>> y_true, y_score = [[1, 0], [1, 1], [0, 1]], [[0.9, 0.7], [0.2, 0.6], [0.1, 0.8]]
    >>> display = ReliabilityDisplay.from_predictions(y_true, y_score, n_bins=2)
    >>> display.curves["all labels"]["positive"]
    array([0.5 , 0.75])
    >>> round(display.errors["all labels"], 3)
    0.117
    """

    def __init__(self, curves: dict) -> None:
        self.curves = curves
        self.errors = {name: _error(**curve) for name, curve in curves.items()}
        self.lines_: dict = {}

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
        n_bins: int = 10,
        labels: Sequence[Any] | None = None,
        ax: Any = None,
    ) -> "ReliabilityDisplay":
        """Predict, and draw how reliable the probabilities are.

        Parameters
        ----------
        {scored}
        n_bins : int, default=10
            Number of bins of [0, 1].
        labels : list, default=None
            Names of labels that get a curve of their own. None: one curve of all labels' entries.
        {ax}

        Returns
        -------
        display : ReliabilityDisplay
        """
        predicted = predict_for(estimator, X, y, known_labels, extra_labels)
        del predicted["threshold"]
        return cls.from_predictions(
            **predicted, sample_weight=sample_weight, n_bins=n_bins, labels=labels, ax=ax
        )

    @classmethod
    @documented
    def from_predictions(
        cls,
        y_true: Labels,
        y_score: ArrayLike,
        *,
        known_labels: KnownLabels = None,
        sample_weight: ArrayLike | None = None,
        n_bins: int = 10,
        labels: Sequence[Any] | None = None,
        label_names: LabelNames | None = None,
        ax: Any = None,
    ) -> "ReliabilityDisplay":
        """Draw how reliable given probabilities are.

        Parameters
        ----------
        {probabilities}
        {entries}
        n_bins : int, default=10
            Number of bins of [0, 1]. A probability on a border is in the upper bin, 1.0 in the
            last.
        labels : list, default=None
            Names of labels that get a curve of their own. None: one curve of all labels' entries.
        {label_names}
        {ax}

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        {errors}
        {no_matplotlib}
        """
        check_count("n_bins", n_bins)
        entries = entries_of(y_true, y_score, known_labels, sample_weight, label_names)
        if labels is None:
            curves = {_ALL: _bins(entries, slice(None), n_bins)}
        else:
            where = positions_of(labels, entries.names)
            curves = {
                label: _bins(entries, i, n_bins) for label, i in zip(labels, where, strict=True)
            }
        return cls(curves).plot(ax=ax)

    @documented
    def plot(self, ax: Any = None) -> "ReliabilityDisplay":
        """Draw the curves, and the share of entries in each bin below them.

        Parameters
        ----------
        {ax}

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        {no_matplotlib}
        """
        self.ax_ = ax = axes_for(ax, (5.2, 5.6))
        self.figure_ = ax.figure
        parts = parts_of(ax, 2, 1, height_ratios=[3, 1], hspace=0.05)[:, 0]
        self.axes_ = diagram, histogram = parts
        diagram.plot([0, 1], [0, 1], color=OTHER, linestyle="--", linewidth=1)
        for i, (name, curve) in enumerate(self.curves.items()):
            (self.lines_[name],) = diagram.plot(
                curve["probability"], curve["positive"], **series_style(i)
            )
            edges = np.linspace(0, 1, len(curve["weight"]) + 1)
            share = 100 * curve["weight"] / curve["weight"].sum()
            histogram.stairs(share, edges, color=COLOURS[i % len(COLOURS)], linewidth=1.5)
        tails = [f"  {error:.3f}" for error in self.errors.values()]
        handles, names = self.lines_.values(), self.lines_
        add_legend(diagram, list(handles), list(names), "calibration error", tails)
        limits = (-0.02, 1.02)
        diagram.set(xlim=limits, ylim=limits, ylabel="share of positives")
        diagram.tick_params(labelbottom=False)
        histogram.set(xlim=limits, ylim=(0, None), xlabel="probability", ylabel="entries (%)")
        size = points("small")
        diagram.text(0.98, 0.04, "too high", ha="right", fontsize=size, color=ink(ax), alpha=0.7)
        return self


def _bins(entries, labels, n_bins):
    """The curve of the entries of some labels, as if they were of one."""
    counts = entries.counted[:, labels]
    weight = np.broadcast_to(entries.weight.reshape(-1, *[1] * (counts.ndim - 1)), counts.shape)
    weight, score = weight[counts], entries.score[:, labels][counts].astype(np.float64)
    positive = entries.positive[:, labels][counts]
    bins = np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], score, side="right")
    total, probability, true = (
        np.bincount(bins, each, minlength=n_bins)
        for each in (weight, weight * score, weight * positive)
    )
    with np.errstate(invalid="ignore"):
        return {"probability": probability / total, "positive": true / total, "weight": total}


def _error(probability, positive, weight):
    """Expected calibration error of a curve."""
    is_used = weight > 0
    distance = np.abs(probability - positive)[is_used]
    return float((distance * weight[is_used]).sum() / weight.sum())
